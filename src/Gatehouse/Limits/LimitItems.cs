using System.Text;
using System.Text.Json;
using Gatehouse.Configuration.Binding;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Limits;

/// <summary>Limits as JSON, with the keys that they have in gatehouse.yaml: of keys made by the admin API.</summary>
internal static class LimitItems
{
    /// <param name="json">A list of items. JSON is YAML, and read as such: what is a mistake in the file is one here.</param>
    public static IReadOnlyList<LimitOptions> Read(string json, ConfigurationErrors errors) =>
        new YamlBinder(errors, _ => null, _ => throw new IOException("files cannot be named here")).Bind<Holder>($"{{\"limits\": {json}}}").Limits;

    public static string Write(IReadOnlyList<LimitOptions> items)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, JsonWriting.Options))
        {
            writer.WriteStartArray();
            foreach (var item in items)
            {
                Write(writer, item);
            }

            writer.WriteEndArray();
        }

        return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }

    public static JsonElement View(IReadOnlyList<LimitOptions> items) => JsonElement.Parse(Write(items));

    private static void Write(Utf8JsonWriter writer, LimitOptions item)
    {
        var plain = new LimitOptions();
        writer.WriteStartObject();
        foreach (var property in KeyNames.PropertiesOf(typeof(LimitOptions)))
        {
            var value = property.GetValue(item);
            if (Equals(value, property.GetValue(plain)) || value is System.Collections.ICollection { Count: 0 })
            {
                continue;
            }

            writer.WritePropertyName(KeyNames.Of(property));
            Write(writer, value);
        }

        writer.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter writer, object? value)
    {
        switch (value)
        {
            case string text:
                writer.WriteStringValue(text);
                break;
            case Enum word:
                writer.WriteStringValue(YamlBinder.EnumKey(word));
                break;
            case IReadOnlyDictionary<string, string> names:
                writer.WriteStartObject();
                foreach (var (name, pattern) in names)
                {
                    writer.WriteString(name, pattern);
                }

                writer.WriteEndObject();
                break;
            case System.Collections.IEnumerable list:
                writer.WriteStartArray();
                foreach (var item in list)
                {
                    Write(writer, item);
                }

                writer.WriteEndArray();
                break;
            default:
                writer.WriteNumberValue(Convert.ToDecimal(value, System.Globalization.CultureInfo.InvariantCulture));
                break;
        }
    }

    private sealed record Holder
    {
        public IReadOnlyList<LimitOptions> Limits { get; set; } = [];
    }
}
