using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using FsCheck.Fluent;
using Gatehouse.Caching;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests.Caching;

public sealed class CanonicalJsonTests
{
    [Theory]
    [InlineData("""{"b":1,"a":[true,null,{"d":"x","c":{}}]}""", """{"a":[true,null,{"c":{},"d":"x"}],"b":1e0}""")]
    [InlineData(""" { "a" : [ ] , "Z" : 1 } """, """{"Z":1e0,"a":[]}""")]
    [InlineData("""{"\u0061":"\u0062\/\n\"\\\u001f\u00e9\ud83d\ude00"}""", """{"a":"b/\u000a\"\\\u001fé😀"}""")]
    [InlineData("\"caf\u00e9 \U0001F600\"", "\"caf\u00e9 \U0001F600\"")]
    [InlineData("""["\ud800","\udc00\ud800","\ud800\u0041"]""", """["\ud800","\udc00\ud800","\ud800A"]""")]
    [InlineData("""{"b":1,"a":2,"b":0}""", """{"a":2e0,"b":1e0,"b":0}""")]
    [InlineData("\"A\"", "\"A\"")]
    public void Is_written_one_way(string json, string expected) => Assert.Equal(expected, Canonical(json));

    [Theory]
    [InlineData("0", "0", "-0", "0.0", "-0.00e5", "0e-3")]
    [InlineData("1e0", "1", "1.0", "10e-1", "0.1E1", "100E-02", "1e+0")]
    [InlineData("-12e2", "-1200", "-1.2e3", "-0.012e5")]
    [InlineData("5e-2", "0.05", "5e-2", "0.050", "50e-3")]
    [InlineData("105e-1", "10.5", "1.05e1", "0.00105e4")]
    [InlineData("9007199254740993e0", "9007199254740993", "9007199254740993.0")]
    [InlineData("1000000000000000055511151231257827e-34", "0.1000000000000000055511151231257827")]
    [InlineData("1e999999999999999999999", "1e999999999999999999999")]
    public void Numbers_are_written_by_value(string expected, params string[] numbers) => Assert.All(numbers, number => Assert.Equal(expected, Canonical(number)));

    [Fact]
    public void What_differs_is_written_differently()
    {
        string[] all =
        [
            "null", "true", "false", "0", "\"0\"", "[]", "{}", "\"\"", "[[]]", "[{}]", "{\"\":{}}", "[0]", "[0,0]", "[\"0,0\"]", "1", "-1", "10", "0.1", "1e-1000", "1e1000",
            "\"a\"", "\"A\"", "\"a \"", "\"null\"", "\"\\u0000\"", "\"\\\\u0000\"", "\"\\ud800\"", "\"\\\\ud800\"", "{\"a\":1,\"a\":2}", "{\"a\":2,\"a\":1}", "{\"a\":2}", "{\"a\":1}",
            "{\"a\":{\"b\":1}}", "{\"a\":1,\"b\":{}}", "{\"a\":\"1\"}", "[\"a\",\"b\"]", "[\"b\",\"a\"]", "[\"a\\\",\\\"b\"]",
        ];
        Assert.Equal(all.Length, all.Select(Canonical).Distinct(StringComparer.Ordinal).Count());
    }

    [Fact]
    public void Bytes_that_are_no_utf8_stay_what_they_are()
    {
        byte[] json = [(byte)'[', (byte)'"', 0xFF, (byte)'"', (byte)',', (byte)'"', 0xC3, (byte)'"', (byte)']'];
        var output = new ArrayBufferWriter<byte>();
        using var document = JsonDocument.Parse(json);

        CanonicalJson.Write(document.RootElement, output);

        Assert.Equal(json, output.WrittenSpan.ToArray());
    }

    [Fact]
    public void Order_white_space_and_escapes_make_no_difference_in_any_document()
    {
        Properties.Hold(Gen.Choose(0, int.MaxValue), seed =>
        {
            var random = new SeededRandom(seed);
            var tree = Tree(random, 4);
            var (one, other) = (Text(tree, new SeededRandom(seed + 1)), Text(tree, new SeededRandom(seed + 2)));

            var canonical = Canonical(one);

            Assert.Equal(canonical, Canonical(other));
            Assert.Equal(canonical, Canonical(canonical));
        });
    }

    [Fact]
    public void A_hash_is_of_what_is_written()
    {
        var json = $$"""{"long":"{{new string('x', 10_000)}}","b":[{{string.Join(',', Enumerable.Range(0, 5000))}}],"a":"\u0000"}""";
        using var document = JsonDocument.Parse(json);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

        CanonicalJson.Append(document.RootElement, hash);

        Assert.Equal(SHA256.HashData(Encoding.UTF8.GetBytes(Canonical(json))), hash.GetCurrentHash());
    }

    private static string Canonical(string json)
    {
        var output = new ArrayBufferWriter<byte>();
        using var document = JsonDocument.Parse(json);
        CanonicalJson.Write(document.RootElement, output);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    private static object? Tree(Random random, int depth) => random.Next(depth > 0 ? 7 : 5) switch
    {
        0 => null,
        1 => random.Next(2) == 0,
        2 => random.Next(-5, 200) * 10,
        3 or 4 => Word(random),
        5 => Enumerable.Range(0, random.Next(4)).Select(_ => Tree(random, depth - 1)).ToArray(),
        _ => Enumerable.Range(0, random.Next(5)).Select(_ => Word(random)).Distinct(StringComparer.Ordinal).ToDictionary(name => name, _ => Tree(random, depth - 1), StringComparer.Ordinal),
    };

    private static string Word(Random random) => string.Concat(Enumerable.Range(0, random.Next(6)).Select(_ => "abZ\"\\/\n\u0001é字"[random.Next(10)]));

    private static string Text(object? tree, Random random)
    {
        var space = random.Next(3) == 0 ? " \n" : "";
        return tree switch
        {
            null => space + "null",
            bool value => value ? "true" + space : "false",
            int number => random.Next(3) switch { 0 => $"{number}", 1 => $"{number}.0", _ => $"{number / 10}e1" },
            string text => "\"" + string.Concat(text.Select(c => c is '"' or '\\' or < ' ' || random.Next(3) == 0 ? $"\\u{(int)c:x4}" : c.ToString())) + "\"",
            object?[] items => "[" + string.Join(space + ",", items.Select(item => Text(item, random))) + "]",
            Dictionary<string, object?> members => "{" + string.Join("," + space, members.OrderBy(_ => random.Next()).Select(m => $"{Text(m.Key, random)}{space}:{Text(m.Value, random)}")) + "}",
            _ => throw new InvalidOperationException(),
        };
    }
}
