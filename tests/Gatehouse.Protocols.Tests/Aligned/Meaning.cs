using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Gatehouse.Protocols.Tests.Aligned;

/// <summary>
/// What a request or an answer says, whatever format it says it in: facts by name. Ids of calls are numbered in the order in which they
/// appear; parts are counted through, as formats differ in what they put together to a message; thoughts are counted by themselves.
/// </summary>
/// <param name="joinsText">Pieces of text beside each other are one: where a stream or a format puts a border says nothing.</param>
internal sealed class Meaning(bool joinsText)
{
    private readonly SortedDictionary<string, string> _facts = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _calls = new(StringComparer.Ordinal);
    private readonly List<(string Name, string Call)> _unnamed = [];
    private string? _lastText;
    private int _parts;
    private int _thoughts;
    private int _signatures;
    private int _foreign;

    public IReadOnlyDictionary<string, string> Facts => _facts;

    /// <summary>How the answer ended needs to know.</summary>
    public bool HasCall { get; private set; }

    public void Set(string name, string? value)
    {
        if (value is not null)
        {
            _facts[name] = value;
        }
    }

    public void Set(string name, JsonElement? value)
    {
        if (value is { } element)
        {
            _facts[name] = Canonical(element);
        }
    }

    public void Set(string name, long value)
    {
        if (value != 0)
        {
            _facts[name] = value.ToString(CultureInfo.InvariantCulture);
        }
    }

    /// <summary>Members that no reader knows are facts too: nothing of a request may be overlooked.</summary>
    public void Rest(string prefix, JsonElement element, params ReadOnlySpan<string> known)
    {
        if (element.ValueKind != JsonValueKind.Object)
        {
            return;
        }

        foreach (var member in element.EnumerateObject())
        {
            var saysNothing = member.Value.ValueKind is JsonValueKind.Null || member.Value is { ValueKind: JsonValueKind.Array } list && list.GetArrayLength() == 0;
            if (!saysNothing && !known.Contains(member.Name))
            {
                Set($"{prefix}{member.Name}", member.Value);
            }
        }
    }

    public string Say(string role, string kind, string content)
    {
        var name = $"part[{_parts++}]";
        _facts[name] = $"{role} {kind}: {content}";
        _lastText = null;
        return name;
    }

    /// <returns>The name of the fact, for what hangs on it.</returns>
    public string Text(string role, string text)
    {
        if (text.Length == 0)
        {
            return $"part[{_parts}]";
        }

        if (joinsText && _lastText is { } name)
        {
            _facts[name] += text;
            return name;
        }

        name = Say(role, "text", text);
        _lastText = name;
        return name;
    }

    public void Thought(string? text)
    {
        if (!string.IsNullOrEmpty(text))
        {
            // Pieces are put together with or without empty lines between them.
            var isNew = !joinsText || _thoughts == 0;
            var name = $"thought[{(isNew ? _thoughts++ : _thoughts - 1)}]";
            _facts[name] = _facts.GetValueOrDefault(name) + string.Concat(text.Where(c => !char.IsWhiteSpace(c)));
        }
    }

    /// <summary>What only its own format knows; counted by itself, as others leave it out.</summary>
    public void Foreign(string type, JsonElement value) => _facts[$"foreign[{_foreign++}]"] = $"{type}: {Canonical(value)}";

    /// <summary>The prompt up to here, to the last part said, is to be cached.</summary>
    public void CacheHere(JsonElement? mark)
    {
        if (mark is { } element)
        {
            _facts[$"cache[{_parts - 1}]"] = element.Text("ttl") ?? "5m";
        }
    }

    public void Cited(string? source) => Set($"cited {source}", "");

    public void Signature(string? value)
    {
        if (!string.IsNullOrEmpty(value))
        {
            _facts[$"signature[{_signatures++}]"] = Unmarked(value);
        }
    }

    public void Call(string? id, string name, string arguments)
    {
        HasCall = true;
        var call = $"call{_calls.Count + _unnamed.Count}";
        if (id is null)
        {
            _unnamed.Add((name, call));
        }
        else
        {
            _calls[id] = call;
        }

        _ = Say("assistant", $"call {name} #{call}", Canonical(arguments));
    }

    /// <param name="id">Null where the format joins by name and order.</param>
    /// <param name="name">Of the tool.</param>
    /// <param name="content">What it gave.</param>
    public void Result(string? id, string? name, string content)
    {
        var call = id is not null ? _calls.GetValueOrDefault(id, "unknown") : null;
        if (call is null && _unnamed.FindIndex(c => c.Name == name) is >= 0 and var index)
        {
            call = _unnamed[index].Call;
            _calls[call] = call;
            _unnamed.RemoveAt(index);
        }

        _ = Say("user", $"result #{call}", content);
    }

    /// <summary>JSON with the members in order, 1 for 1.0 and without nulls.</summary>
    public static string Canonical(JsonElement element)
    {
        var text = new StringBuilder();
        Write(element, text);
        return text.ToString();
    }

    public static string Canonical(string json)
    {
        try
        {
            return Canonical(JsonDocument.Parse(json.Length == 0 ? "{}" : json).RootElement);
        }
        catch (JsonException)
        {
            return json;
        }
    }

    private static void Write(JsonElement element, StringBuilder text)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                var members = element.EnumerateObject().Where(m => m.Value.ValueKind != JsonValueKind.Null).OrderBy(m => m.Name, StringComparer.Ordinal);
                _ = text.Append('{');
                foreach (var member in members)
                {
                    _ = text.Append(member.Name).Append(':');
                    Write(member.Value, text);
                    _ = text.Append(' ');
                }

                _ = text.Append('}');
                break;
            case JsonValueKind.Array:
                _ = text.Append('[');
                foreach (var item in element.EnumerateArray())
                {
                    Write(item, text);
                    _ = text.Append(' ');
                }

                _ = text.Append(']');
                break;
            case JsonValueKind.Number:
                _ = text.Append(element.GetDouble().ToString("R", CultureInfo.InvariantCulture));
                break;
            default:
                _ = text.Append(element.GetRawText());
                break;
        }
    }

    /// <summary>A seal of another provider stands in a format's own field as <c>gatehouse.WHOSE.SEAL</c>, in base64 where the field wants that; Responses puts before it on which side the sealed stands.</summary>
    private static string Unmarked(string value)
    {
        var text = value.StartsWith("Z2F0ZWhvdXNl", StringComparison.Ordinal) ? Encoding.UTF8.GetString(Convert.FromBase64String(value)) : value;
        return text.StartsWith("gatehouse.", StringComparison.Ordinal) ? text[(text.IndexOf('.', "gatehouse.".Length) + 1)..].TrimStart('<', '>') : text;
    }
}
