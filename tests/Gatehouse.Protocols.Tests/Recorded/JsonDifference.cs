using System.Globalization;
using System.Text.Json;

namespace Gatehouse.Protocols.Tests.Recorded;

/// <summary>
/// Compares two JSON texts by meaning: the order of members does not count, 1 equals 1.0, and a member that is null is as one that is not
/// there (it says nothing).
/// </summary>
internal static class JsonDifference
{
    /// <returns>Every place where they differ, as <c>messages[2].content: expected "a", is "b"</c>.</returns>
    public static IReadOnlyList<string> Between(JsonElement expected, JsonElement actual)
    {
        var differences = new List<string>();
        Compare("", expected, actual, differences);
        return differences;
    }

    private static void Compare(string path, JsonElement expected, JsonElement actual, List<string> differences)
    {
        switch (expected.ValueKind, actual.ValueKind)
        {
            case (JsonValueKind.Object, JsonValueKind.Object):
                CompareObjects(path, expected, actual, differences);
                break;
            case (JsonValueKind.Array, JsonValueKind.Array):
                CompareArrays(path, expected, actual, differences);
                break;
            default:
                if (!AreSame(expected, actual))
                {
                    differences.Add($"{path}: expected {Clip(expected)}, is {Clip(actual)}");
                }

                break;
        }
    }

    private static void CompareObjects(string path, JsonElement expected, JsonElement actual, List<string> differences)
    {
        foreach (var member in expected.EnumerateObject().Where(m => m.Value.ValueKind != JsonValueKind.Null))
        {
            if (actual.TryGetProperty(member.Name, out var value) && value.ValueKind != JsonValueKind.Null)
            {
                Compare($"{path}.{member.Name}", member.Value, value, differences);
            }
            else
            {
                differences.Add($"{path}.{member.Name}: missing {Clip(member.Value)}");
            }
        }

        foreach (var member in actual.EnumerateObject().Where(m => m.Value.ValueKind != JsonValueKind.Null))
        {
            if (!expected.TryGetProperty(member.Name, out var value) || value.ValueKind == JsonValueKind.Null)
            {
                differences.Add($"{path}.{member.Name}: unexpected {Clip(member.Value)}");
            }
        }
    }

    private static void CompareArrays(string path, JsonElement expected, JsonElement actual, List<string> differences)
    {
        if (expected.GetArrayLength() != actual.GetArrayLength())
        {
            differences.Add($"{path}: expected {expected.GetArrayLength()} elements, has {actual.GetArrayLength()}: {Clip(expected)} and {Clip(actual)}");
            return;
        }

        for (var i = 0; i < expected.GetArrayLength(); i++)
        {
            Compare($"{path}[{i.ToString(CultureInfo.InvariantCulture)}]", expected[i], actual[i], differences);
        }
    }

    private static bool AreSame(JsonElement expected, JsonElement actual)
    {
        if (expected.ValueKind == JsonValueKind.Number && actual.ValueKind == JsonValueKind.Number)
        {
            return expected.GetDouble() == actual.GetDouble();
        }

        return JsonElement.DeepEquals(expected, actual);
    }

    private static string Clip(JsonElement element)
    {
        var text = element.GetRawText();
        return text.Length > 120 ? text[..120] + "…" : text;
    }
}
