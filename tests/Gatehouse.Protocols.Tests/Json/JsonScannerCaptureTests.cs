using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using FsCheck.Fluent;
using Gatehouse.Protocols.Json;
using Gatehouse.Protocols.Tests.Generators;

namespace Gatehouse.Protocols.Tests.Json;

public sealed class JsonScannerCaptureTests
{
    private const int MaxLength = 40;

    private static readonly string[] Members = ["id", "usage", "model", "\u00e9"];

    [Fact]
    public void The_members_kept_are_those_of_the_document_in_their_order() => Properties.Hold(
        from text in JsonTexts.Padded(Gen.Frequency(
            (5, JsonTexts.ObjectOf(Gen.Elements("\"id\"", "\"usage\"", "\"model\"", "\"\u00e9\"", "\"other\"", "\"\\u0069d\"", "\"i\"", "\"idx\"", "\"\""))),
            (1, JsonTexts.Value)))
        from cuts in Cuts.Lengths
        select (text, cuts),
        value => Assert.Equal(Expected(value.text), Captured(Encoding.UTF8.GetBytes(value.text), value.cuts), StringComparer.Ordinal),
        count: 3000);

    [Theory]
    // Of members with the same name parsers take the last one; so that they do here, too, all are kept in their order.
    [InlineData("""{"id":"a","x":1,"id":"b"}""", """{"id":"a","id":"b"}""")]
    [InlineData("""{"usage":{"id":1,"a":[{"id":2}]},"choices":[{"id":3}]}""", """{"usage":{"id":1,"a":[{"id":2}]}}""")]
    [InlineData("""{"usage" : { "a" : 1 } , "model":null}""", """{"usage":{ "a" : 1 },"model":null}""")]
    [InlineData("""{"id":-1.5e3,"model":true}""", """{"id":-1.5e3,"model":true}""")]
    [InlineData("""{"id":12}""", """{"id":12}""")]
    [InlineData("""{"id":12 }""", """{"id":12}""")]
    [InlineData("""{"id":"}\"{\\"}""", """{"id":"}\"{\\"}""")]
    [InlineData("""[{"id":1}]""", "{}")]
    [InlineData("""["id",1]""", "{}")]
    [InlineData("\"id\"", "{}")]
    [InlineData("{}", "{}")]
    // Providers write their names plainly; one that is escaped is passed over.
    [InlineData("""{"i\u0064":1}""", "{}")]
    [InlineData("""{"\u0069d":1}""", "{}")]
    [InlineData("""{"id\u0000":1}""", "{}")]
    public void Members_are_kept_as_written(string text, string captured)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        for (var length = 1; length <= bytes.Length; length++)
        {
            Assert.Equal(captured, CapturedText(bytes, [length]));
        }
    }

    [Fact]
    public void A_value_longer_than_allowed_is_dropped_and_the_others_stay()
    {
        var fits = $"\"{new string('x', MaxLength - 2)}\"";
        var tooLong = $"\"{new string('y', MaxLength - 1)}\"";
        var bytes = Encoding.UTF8.GetBytes($$"""{"id":{{tooLong}},"model":{{fits}},"usage":{{tooLong}},"id":[1]}""");
        for (var length = 1; length <= bytes.Length; length++)
        {
            Assert.Equal($$"""{"model":{{fits}},"id":[1]}""", CapturedText(bytes, [length]));
        }
    }

    [Fact]
    public void A_name_too_long_to_be_a_member_is_not_taken_for_one()
    {
        var name = new string('n', 64);
        foreach (var (text, isKept) in new[] { (name, true), (name + "n", false), (name + name, false), (name[..63], false) })
        {
            var scanner = new JsonScanner([name], MaxLength);
            Assert.True(scanner.Push(Encoding.UTF8.GetBytes($$"""{"{{text}}":1}""")));
            Assert.Equal(isKept ? $$"""{"{{text}}":1}""" : "{}", Encoding.UTF8.GetString(scanner.CapturedObject()));
        }
    }

    private static string CapturedText(byte[] bytes, int[] cuts)
    {
        var scanner = new JsonScanner(Members, MaxLength);
        Assert.True(Cuts.Cut(bytes, cuts).All(piece => scanner.Push(piece.Span)));
        Assert.True(scanner.IsComplete);
        return Encoding.UTF8.GetString(scanner.CapturedObject());
    }

    private static List<string> Captured(byte[] bytes, int[] cuts)
    {
        using var document = JsonDocument.Parse(CapturedText(bytes, cuts));
        return document.RootElement.EnumerateObject().Select(member => $"{member.Name}={member.Value.GetRawText()}").ToList();
    }

    private static List<string> Expected(string text)
    {
        using var document = JsonDocument.Parse(text);
        return document.RootElement.ValueKind != JsonValueKind.Object
            ? []
            : document.RootElement.EnumerateObject()
                .Where(member => Members.Contains(Encoding.UTF8.GetString(JsonMarshal.GetRawUtf8PropertyName(member)), StringComparer.Ordinal))
                .Where(member => Encoding.UTF8.GetByteCount(member.Value.GetRawText()) <= MaxLength)
                .Select(member => $"{member.Name}={member.Value.GetRawText()}")
                .ToList();
    }
}
