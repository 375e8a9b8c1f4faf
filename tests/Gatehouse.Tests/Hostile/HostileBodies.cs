using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Gatehouse.Tests.Hostile;

/// <summary>Bodies with values in them that nobody would send who means well.</summary>
internal static class HostileBodies
{
    private static readonly string[] Values =
    [
        "null", "true", "0", "-1", "1e308", "1e999", "9223372036854775807", "9223372036854775808", "0.1e-400", "123456789012345678901234567890",
        "\"\"", "\" \"", "\"\\u0000\"", "\"\\ud800\"", "\"\\udc00x\"", "\"\\ud83d\\ude00\"", "\"data:;base64,\"", "\"data:image/png;base64,%%%\"", "\"http://[::1\"",
        "\"auto\"", "\"user\"", "\"assistant\"", "\"tool\"", "\"text\"", "\"2020-13-45T99:99:99Z\"", "[]", "{}", "[[]]", "[null]", "[{}]", "[\"\"]", "[1]",
        "{\"\":{}}", "{\"\\ud800\":1}", "{\"type\":null}", "{\"type\":\"\\ud800\"}", "{\"type\":\"text\"}", "{\"type\":\"object\"}", "{\"$ref\":\"#\"}", "{\"a\":1,\"a\":2}",
    ];

    private static readonly string[] Splinters = ["\"", "\\", "\\ud800", "{", "}", "[", "]", ",", ":", "null", "1e999", "\0", "\u2028", "\ufeff", "\xff"];

    /// <summary>The body with one to three of its values, names or bytes changed.</summary>
    public static byte[] Mutate(string body, Random random)
    {
        var text = body;
        for (var changes = random.Next(1, 4); changes > 0; changes--)
        {
            text = random.Next(8) == 0 ? Splinter(text, random) : Change(text, random);
        }

        var bytes = Encoding.UTF8.GetBytes(text);
        if (random.Next(8) == 0)
        {
            // Not UTF-8 any more, in most places.
            bytes[random.Next(bytes.Length)] = (byte)random.Next(128, 256);
        }

        return bytes;
    }

    /// <summary>A value this deep in lists.</summary>
    public static string Nested(int depth) => new string('[', depth) + new string(']', depth);

    private static string Splinter(string text, Random random) =>
        text.Insert(random.Next(text.Length), Splinters[random.Next(Splinters.Length)]);

    private static string Change(string text, Random random)
    {
        var spots = new List<(int Start, int End)>();
        try
        {
            _ = JsonNode.Parse(text);
            Collect(Encoding.UTF8.GetBytes(text), spots);
        }
        catch (Exception exception) when (exception is JsonException or ArgumentException)
        {
            return text;
        }

        var (start, end) = spots[random.Next(spots.Count)];
        var value = random.Next(12) == 0 ? Nested(random.Next(60, 600)) : Values[random.Next(Values.Length)];
        var bytes = Encoding.UTF8.GetBytes(text);
        return Encoding.UTF8.GetString([.. bytes[..start], .. Encoding.UTF8.GetBytes(value), .. bytes[end..]]);
    }

    /// <summary>Where the values stand, at every depth.</summary>
    private static void Collect(byte[] json, List<(int Start, int End)> spots)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 2000 });
        var open = new Stack<int>();
        while (reader.Read())
        {
            switch (reader.TokenType)
            {
                case JsonTokenType.StartObject or JsonTokenType.StartArray:
                    open.Push((int)reader.TokenStartIndex);
                    break;
                case JsonTokenType.EndObject or JsonTokenType.EndArray:
                    spots.Add((open.Pop(), (int)reader.BytesConsumed));
                    break;
                case JsonTokenType.PropertyName:
                    break;
                default:
                    spots.Add(((int)reader.TokenStartIndex, (int)reader.BytesConsumed));
                    break;
            }
        }
    }
}
