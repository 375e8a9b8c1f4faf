using System.Runtime.InteropServices;
using System.Text.Json;
using Gatehouse.Protocols.Chat;

namespace Gatehouse.Protocols.Json;

/// <summary>
/// Reads members of objects whose form is somebody else's. A member that is missing, or null, is null; one of a wrong type too, unless the
/// reader says that it must have it: providers add types to their fields, and unknown ones must not fail.
/// </summary>
public static class JsonMembers
{
    /// <summary>A member that is there and not null.</summary>
    public static JsonElement? Member(this JsonElement element, string name)
    {
        try
        {
            return element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null
                ? value
                : null;
        }
        catch (InvalidOperationException)
        {
            // Half a surrogate pair, escaped, in the name of a member: it is JSON (RFC 8259, 8.2), and cannot be compared.
            return null;
        }
    }

    public static JsonElement? Object(this JsonElement element, string name) => OfKind(element, name, JsonValueKind.Object);

    public static JsonElement? Array(this JsonElement element, string name) => OfKind(element, name, JsonValueKind.Array);

    /// <summary>The elements of an array; none when it is missing.</summary>
    public static JsonElement.ArrayEnumerator Items(this JsonElement element, string name) =>
        element.Array(name) is { } array ? array.EnumerateArray() : default;

    /// <exception cref="MalformedException">Half a surrogate pair (<c>"\ud800"</c>): JSON, but not text.</exception>
    public static string? Text(this JsonElement element, string name) =>
        OfKind(element, name, JsonValueKind.String) is { } value ? value.TextOrFail(name) : null;

    /// <summary>The text of a string.</summary>
    /// <param name="element">A string.</param>
    /// <param name="field">For the message.</param>
    /// <exception cref="MalformedException">Half a surrogate pair (<c>"\ud800"</c>): JSON, but not text.</exception>
    public static string TextOrFail(this JsonElement element, string field)
    {
        try
        {
            return element.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw new MalformedException(field, $"'{field}' holds half a surrogate pair, which is not valid Unicode");
        }
    }

    /// <summary>The JSON text of a value, as written.</summary>
    /// <param name="element">Any value.</param>
    /// <param name="field">For the message.</param>
    /// <exception cref="MalformedException">A string in it holds bytes that are not UTF-8, which parsing does not find.</exception>
    public static string JsonTextOrFail(this JsonElement element, string field)
    {
        try
        {
            return element.GetRawText();
        }
        catch (InvalidOperationException)
        {
            throw new MalformedException(field, $"'{field}' is not valid UTF-8");
        }
    }

    public static long? Integer(this JsonElement element, string name)
    {
        if (OfKind(element, name, JsonValueKind.Number) is not { } value)
        {
            return null;
        }

        // 100.0 and 1e2 are integers too.
        return value.TryGetInt64(out var integer) ? integer
            : value.TryGetDouble(out var number) && Math.Abs(number) < 1L << 53 && number == Math.Floor(number) ? (long)number
            : null;
    }

    public static double? Number(this JsonElement element, string name) =>
        OfKind(element, name, JsonValueKind.Number) is { } value && value.TryGetDouble(out var number) && double.IsFinite(number) ? number : null;

    public static bool? Flag(this JsonElement element, string name) => element.Member(name)?.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => null,
    };

    /// <summary>The strings of an array, or one string alone; null when it is missing or neither.</summary>
    public static List<string>? Texts(this JsonElement element, string name) => element.Member(name) switch
    {
        { ValueKind: JsonValueKind.String } text => [text.TextOrFail(name)],
        { ValueKind: JsonValueKind.Array } list => [.. list.EnumerateArray().Where(i => i.ValueKind == JsonValueKind.String).Select(i => i.TextOrFail(name))],
        _ => null,
    };

    /// <summary>The UTF-8 text of a string from a certain place on, for base64: no detour over UTF-16.</summary>
    /// <param name="element">A string.</param>
    /// <param name="start">How many characters, all of them ASCII and none written as an escape, come before it.</param>
    /// <returns>A copy. A base64 text may hold <c>\/</c>, which is then unescaped.</returns>
    public static ReadOnlyMemory<byte> Utf8Text(this JsonElement element, int start = 0)
    {
        var raw = JsonMarshal.GetRawUtf8Value(element)[1..^1];
        return raw.Contains((byte)'\\')
            ? System.Text.Encoding.UTF8.GetBytes(element.TextOrFail("data"))[start..]
            : raw[start..].ToArray();
    }

    /// <summary>The members of an object that are not among some names; for <see cref="Extensions"/>.</summary>
    /// <param name="element">An object.</param>
    /// <param name="dialect">Whose members they are.</param>
    /// <param name="known">The names that the reader reads.</param>
    /// <param name="changesMeaning">The names without which the request would be another one.</param>
    public static Extensions? ExtensionsBeside(
        this JsonElement element, Dialect dialect, IReadOnlySet<string> known, IReadOnlySet<string>? changesMeaning = null)
    {
        List<Extension>? members = null;
        foreach (var member in element.EnumerateObject())
        {
            if (!known.Contains(NameOf(member)))
            {
                var name = NameOf(member);
                (members ??= []).Add(new Extension(name, member.Value, changesMeaning?.Contains(name) ?? false));
            }
        }

        return Extensions.Of(dialect, members);
    }

    /// <summary>
    /// Writes a value as it was read, to the letter: what <see cref="JsonElement.WriteTo"/> does not with numbers and escapes, and cannot
    /// with half a surrogate pair. On one line: a line break, which in JSON stands between values only, would end an event of a stream.
    /// </summary>
    public static void WriteElement(this Utf8JsonWriter writer, JsonElement element)
    {
        var raw = JsonMarshal.GetRawUtf8Value(element);
        if (raw.IndexOfAny((byte)'\n', (byte)'\r') < 0)
        {
            writer.WriteRawValue(raw, skipInputValidation: true);
            return;
        }

        var line = raw.ToArray();
        line.AsSpan().Replace((byte)'\n', (byte)' ');
        line.AsSpan().Replace((byte)'\r', (byte)' ');
        writer.WriteRawValue(line, skipInputValidation: true);
    }

    /// <summary>Writes a member as it was read.</summary>
    public static void WriteMember(this Utf8JsonWriter writer, JsonProperty member)
    {
        writer.WritePropertyName(NameOf(member));
        writer.WriteElement(member.Value);
    }

    /// <summary>Writes members as they were read, if they are of the writer's own dialect.</summary>
    public static void WriteExtensions(this Utf8JsonWriter writer, Extensions? extensions, Dialect dialect)
    {
        if (extensions is null || extensions.Dialect != dialect)
        {
            return;
        }

        foreach (var member in extensions.Members)
        {
            writer.WritePropertyName(member.Name);
            writer.WriteElement(member.Value);
        }
    }

    /// <summary>Writes a member if there is a value.</summary>
    public static void WriteOptional(this Utf8JsonWriter writer, string name, string? value)
    {
        if (value is not null)
        {
            writer.WriteString(name, value);
        }
    }

    /// <inheritdoc cref="WriteOptional(Utf8JsonWriter, string, string?)"/>
    public static void WriteOptional(this Utf8JsonWriter writer, string name, long? value)
    {
        if (value is { } number)
        {
            writer.WriteNumber(name, number);
        }
    }

    /// <inheritdoc cref="WriteOptional(Utf8JsonWriter, string, string?)"/>
    public static void WriteOptional(this Utf8JsonWriter writer, string name, double? value)
    {
        if (value is { } number)
        {
            writer.WriteNumber(name, number);
        }
    }

    /// <inheritdoc cref="WriteOptional(Utf8JsonWriter, string, string?)"/>
    public static void WriteOptional(this Utf8JsonWriter writer, string name, bool? value)
    {
        if (value is { } flag)
        {
            writer.WriteBoolean(name, flag);
        }
    }

    /// <inheritdoc cref="WriteOptional(Utf8JsonWriter, string, string?)"/>
    public static void WriteOptional(this Utf8JsonWriter writer, string name, JsonElement? value)
    {
        if (value is { } element)
        {
            writer.WritePropertyName(name);
            writer.WriteElement(element);
        }
    }

    /// <summary>Writes a list of strings if there is one.</summary>
    public static void WriteOptional(this Utf8JsonWriter writer, string name, IReadOnlyList<string>? values)
    {
        if (values is null)
        {
            return;
        }

        writer.WriteStartArray(name);
        foreach (var value in values)
        {
            writer.WriteStringValue(value);
        }

        writer.WriteEndArray();
    }

    /// <summary>Writes JSON text as it is, if it is JSON; else as a string in <c>{"text": ...}</c>.</summary>
    /// <param name="writer">At a place for a value.</param>
    /// <param name="json">What a model wrote as arguments, mostly a JSON object. Empty stands for <c>{}</c>.</param>
    public static void WriteJsonObject(this Utf8JsonWriter writer, string json)
    {
        if (string.IsNullOrWhiteSpace(json))
        {
            writer.WriteStartObject();
            writer.WriteEndObject();
            return;
        }

        if (TryParseObject(json) is { } document)
        {
            using (document)
            {
                writer.WriteElement(document.RootElement);
            }

            return;
        }

        writer.WriteStartObject();
        writer.WriteString("text"u8, json);
        writer.WriteEndObject();
    }

    private static JsonDocument? TryParseObject(string json)
    {
        try
        {
            var document = JsonDocument.Parse(json, JsonWriting.ReadOptions);
            if (document.RootElement.ValueKind == JsonValueKind.Object)
            {
                return document;
            }

            document.Dispose();
            return null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>The name of a member.</summary>
    /// <exception cref="MalformedException">Half a surrogate pair.</exception>
    public static string NameOf(JsonProperty member)
    {
        try
        {
            return member.Name;
        }
        catch (InvalidOperationException)
        {
            throw new MalformedException(null, "the name of a member holds half a surrogate pair, which is not valid Unicode");
        }
    }

    private static JsonElement? OfKind(JsonElement element, string name, JsonValueKind kind) =>
        element.Member(name) is { } value && value.ValueKind == kind ? value : null;
}
