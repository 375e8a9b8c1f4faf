using System.Text;
using System.Text.Json;
using FsCheck.Fluent;
using Gatehouse.Protocols.Json;
using Gatehouse.Protocols.Tests.Generators;

namespace Gatehouse.Protocols.Tests.Json;

/// <summary>
/// What is JSON to the scanner is JSON to <see cref="Utf8JsonReader"/> and the other way round. Neither looks at whether the inside of
/// a string is valid UTF-8, or whether surrogates come in pairs: that is for whoever reads the string.
/// </summary>
public sealed class JsonScannerTests
{
    [Fact]
    public void Any_valid_text_is_accepted_however_it_is_split() => Properties.Hold(
        from text in JsonTexts.Padded(JsonTexts.Value)
        from cuts in Cuts.Lengths
        select (text, cuts),
        value =>
        {
            var bytes = Encoding.UTF8.GetBytes(value.text);
            var (accepted, offset) = Scan(bytes, value.cuts);

            Assert.True(accepted);
            Assert.Equal(bytes.Length, offset);
            Assert.True(IsJson(bytes), "the generator made something that is not JSON");
        },
        count: 1500);

    [Fact]
    public void Mutated_texts_are_accepted_exactly_when_the_strict_reader_accepts_them() => Properties.Hold(
        from bytes in JsonTexts.Mutated(JsonTexts.Padded(JsonTexts.Value))
        from cuts in Cuts.Lengths
        select (bytes, cuts),
        value =>
        {
            var whole = Scan(value.bytes, [int.MaxValue]);

            Assert.Equal(IsJson(value.bytes), whole.Accepted);
            Assert.Equal(whole, Scan(value.bytes, value.cuts));
        },
        count: 5000);

    [Fact]
    public void The_offset_is_that_of_the_first_byte_that_no_valid_text_has_there() => Properties.Hold(
        JsonTexts.Mutated(JsonTexts.Padded(JsonTexts.Value)).Where(bytes => !IsJson(bytes)),
        bytes =>
        {
            var scanner = new JsonScanner([], 0);
            var isGood = scanner.Push(bytes);
            var offset = (int)scanner.Offset;

            // Up to there the text could still have become valid: not so with one byte more.
            Assert.False(IsHopeless(bytes[..offset]));
            Assert.Equal(!isGood, offset < bytes.Length);
            if (!isGood)
            {
                Assert.True(IsHopeless(bytes[..(offset + 1)]));
            }
        },
        count: 3000);

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("{")]
    [InlineData("{]")]
    [InlineData("[}")]
    [InlineData("[1,]")]
    [InlineData("[,1]")]
    [InlineData("[1 2]")]
    [InlineData("{\"a\"}")]
    [InlineData("{\"a\":}")]
    [InlineData("{\"a\":1,}")]
    [InlineData("{,}")]
    [InlineData("{a:1}")]
    [InlineData("{1:1}")]
    [InlineData("{'a':1}")]
    [InlineData("{\"a\":1 \"b\":2}")]
    [InlineData("01")]
    [InlineData("-")]
    [InlineData("-01")]
    [InlineData("+1")]
    [InlineData("1.")]
    [InlineData(".1")]
    [InlineData("1.e1")]
    [InlineData("1e")]
    [InlineData("1e+")]
    [InlineData("1e1.0")]
    [InlineData("0x1")]
    [InlineData("--1")]
    [InlineData("NaN")]
    [InlineData("Infinity")]
    [InlineData("tru")]
    [InlineData("truee")]
    [InlineData("True")]
    [InlineData("nul")]
    [InlineData("1 2")]
    [InlineData("{}{}")]
    [InlineData("]")]
    [InlineData(",")]
    [InlineData("\"")]
    [InlineData("\"a")]
    [InlineData("\"\\\"")]
    [InlineData("\"\\x\"")]
    [InlineData("\"\\u12\"")]
    [InlineData("\"\\u12G4\"")]
    [InlineData("\"\n\"")]
    [InlineData("\"\u0000\"")]
    [InlineData("/* c */1")]
    [InlineData("1//c")]
    [InlineData("\ufeff1")]
    [InlineData("\u00a01")]
    [InlineData("\f1")]
    [InlineData("\"\\u{41}\"")]
    public void What_is_not_JSON_is_refused(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        for (var length = 1; length <= Math.Max(1, bytes.Length); length++)
        {
            Assert.False(Scan(bytes, [length]).Accepted);
        }

        Assert.False(IsJson(bytes), "the strict reader accepts it");
    }

    [Theory]
    [InlineData(new byte[] { (byte)'"', 0xff, (byte)'"' })]
    [InlineData(new byte[] { (byte)'"', 0xc3, (byte)'"' })]
    [InlineData(new byte[] { (byte)'"', 0xed, 0xa0, 0x80, (byte)'"' })]
    public void Bytes_in_strings_that_are_not_UTF_8_are_looked_at_by_neither(byte[] bytes)
    {
        Assert.True(Scan(bytes, [1]).Accepted);
        Assert.True(IsJson(bytes));
    }

    [Fact]
    public void Half_a_surrogate_pair_is_looked_at_by_neither()
    {
        Assert.True(Scan("\"\\uD800\""u8.ToArray(), [1]).Accepted);
        Assert.True(IsJson("\"\\uD800\""u8));
    }

    [Theory]
    [InlineData('[', ']')]
    [InlineData('{', '}')]
    public void Nesting_ends_where_the_strict_reader_ends_it(char open, char close)
    {
        foreach (var depth in new[] { 63, 64, 65, 511, JsonScanner.MaxDepth, JsonScanner.MaxDepth + 1 })
        {
            var unit = open == '{' ? "{\"a\":" : "[";
            var text = string.Concat(Enumerable.Repeat(unit, depth)) + "1" + new string(close, depth);
            var bytes = Encoding.UTF8.GetBytes(text);

            Assert.Equal(depth <= JsonScanner.MaxDepth, Scan(bytes, [7]).Accepted);
            Assert.Equal(IsJson(bytes), Scan(bytes, [int.MaxValue]).Accepted);
        }
    }

    [Fact]
    public void Nesting_of_both_kinds_is_told_apart_at_any_depth() => Properties.Hold(
        Gen.Elements('{', '[').NonEmptyListOf().Resize(400),
        kinds =>
        {
            var open = string.Concat(kinds.Select(kind => kind == '{' ? "{\"a\":" : "["));
            var close = Enumerable.Reverse(kinds).Select(kind => kind == '{' ? '}' : ']').ToArray();
            Assert.True(Scan(Encoding.UTF8.GetBytes(open + "1" + new string(close)), [int.MaxValue]).Accepted);

            var wrong = close.Length / 2;
            close[wrong] = close[wrong] == '}' ? ']' : '}';
            Assert.False(Scan(Encoding.UTF8.GetBytes(open + "1" + new string(close)), [int.MaxValue]).Accepted);
        },
        count: 100);

    [Fact]
    public void Nothing_is_read_after_a_mistake()
    {
        var scanner = new JsonScanner(["a"], 100);
        Assert.False(scanner.Push("{\"a\" 1"u8));
        Assert.False(scanner.Push(":1}"u8));
        Assert.Equal(5, scanner.Offset);
        Assert.False(scanner.IsComplete);
    }

    private static (bool Accepted, long Offset) Scan(byte[] bytes, int[] cuts)
    {
        var scanner = new JsonScanner(["model", "id"], 50);
        var isGood = Cuts.Cut(bytes, cuts).All(piece => scanner.Push(piece.Span));
        return (isGood && scanner.IsComplete, scanner.Offset);
    }

    private static bool IsJson(ReadOnlySpan<byte> bytes)
    {
        var reader = new Utf8JsonReader(bytes, new JsonReaderOptions { MaxDepth = JsonScanner.MaxDepth });
        try
        {
            while (reader.Read())
            {
            }

            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    /// <summary>Whether nothing that could follow makes these bytes valid.</summary>
    private static bool IsHopeless(byte[] bytes)
    {
        var reader = new Utf8JsonReader(bytes, isFinalBlock: false, new JsonReaderState(new JsonReaderOptions { MaxDepth = JsonScanner.MaxDepth }));
        try
        {
            while (reader.Read())
            {
            }

            return false;
        }
        catch (JsonException)
        {
            return true;
        }
    }
}
