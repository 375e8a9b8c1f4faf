using System.Collections.Frozen;
using System.Text.Json;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.Gemini;

/// <summary>What the layers of one schema say together. Of a keyword that may stand once, the first layer that has it counts.</summary>
internal sealed class GeminiSchemaFacts
{
    /// <summary>What is written, and what says nothing of the values.</summary>
    private static readonly FrozenSet<string> Kept = FrozenSet.ToFrozenSet(
        [
            "type", "title", "description", "default", "nullable", "enum", "const", "format", "pattern", "minLength", "maxLength", "minimum",
            "maximum", "exclusiveMinimum", "exclusiveMaximum", "minItems", "maxItems", "items", "minProperties", "maxProperties", "properties",
            "required", "anyOf", "oneOf", "allOf", "$ref", "$schema", "$id", "$comment", "$defs", "definitions", "$anchor", "propertyOrdering",
        ],
        StringComparer.Ordinal);

    private static readonly string[] KnownTypes = ["string", "number", "integer", "boolean", "array", "object"];

    private readonly IReadOnlyList<JsonElement> _layers;

    /// <param name="layers">All of them hold.</param>
    /// <param name="basis">These too, but for their choices.</param>
    /// <param name="cutType">Of a reference that is not followed.</param>
    public GeminiSchemaFacts(IReadOnlyList<JsonElement> layers, IReadOnlyList<JsonElement> basis, string? cutType)
    {
        _layers = basis.Count == 0 ? layers : [.. layers, .. basis];
        ReadTypes(cutType);
        foreach (var layer in layers)
        {
            Choices.AddRange(layer.Items("anyOf"));
            Choices.AddRange(layer.Items("oneOf"));
        }

        foreach (var layer in _layers)
        {
            Required.UnionWith(layer.Texts("required") ?? []);
            if (layer.Object("properties") is { } properties)
            {
                AddProperties(properties);
            }
        }

        IsNullable |= Enum is { } values && values.Exists(v => v.ValueKind == JsonValueKind.Null);
    }

    /// <summary>Without "null", in lower case.</summary>
    public List<string> Types { get; } = [];

    public bool IsNullable { get; private set; }

    public List<JsonElement> Choices { get; } = [];

    public HashSet<string> Required { get; } = new(StringComparer.Ordinal);

    /// <summary>In the order in which they were written; all schemas of one must hold.</summary>
    public OrderedDictionary<string, List<JsonElement>> Properties { get; } = new(StringComparer.Ordinal);

    public IReadOnlyList<JsonElement> Layers => _layers;

    public List<JsonElement>? Enum => Value("const") is { } only ? [only]
        : Value("enum") is { ValueKind: JsonValueKind.Array } values ? [.. values.EnumerateArray()]
        : null;

    /// <summary>Of the elements: those of a tuple, if there are no others, are any of them.</summary>
    public List<JsonElement> Items =>
        [.. _layers.Select(l => l.Member("items")).OfType<JsonElement>().Where(i => i.ValueKind == JsonValueKind.Object)];

    /// <summary>What the other keywords tell where there is no type; null when they tell nothing.</summary>
    public string? ImpliedType =>
        Properties.Count > 0 || Value("additionalProperties") is { ValueKind: JsonValueKind.Object } ? "object"
        : Items.Count > 0 || Value("prefixItems") is not null ? "array"
        : Enum is { Count: > 0 } values ? TypeOf(values[0])
        : (Value("minLength") ?? Value("maxLength") ?? Value("pattern") ?? Value("format")) is not null ? "string"
        : (Value("minimum") ?? Value("maximum")) is not null ? "number"
        : null;

    public static bool IsNull(JsonElement schema) => schema.ValueKind == JsonValueKind.Object && schema.Text("type") == "null";

    public JsonElement? Value(string keyword)
    {
        foreach (var layer in _layers)
        {
            if (layer.Member(keyword) is { } value)
            {
                return value;
            }
        }

        return null;
    }

    public string? Text(string keyword) => Value(keyword) is { } value ? GeminiMembers.Text(value) : null;

    public long? Integer(string keyword) => Value(keyword) is { } value ? GeminiMembers.Integer(value) : null;

    public double? Number(string keyword) => Value(keyword) is { } value ? GeminiMembers.Number(value) : null;

    /// <summary>The keywords that narrow the values, or tell of them, and have no place.</summary>
    public static IEnumerable<string> LostOf(IReadOnlyList<JsonElement> layers)
    {
        foreach (var layer in layers.Where(l => l.ValueKind == JsonValueKind.Object))
        {
            foreach (var member in layer.EnumerateObject())
            {
                var name = JsonMembers.NameOf(member);
                if (!Kept.Contains(name) && !(name == "additionalProperties" && member.Value.ValueKind == JsonValueKind.True))
                {
                    yield return name;
                }
            }
        }
    }

    private static string? TypeOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => "string",
        JsonValueKind.Number => value.TryGetInt64(out _) ? "integer" : "number",
        JsonValueKind.True or JsonValueKind.False => "boolean",
        JsonValueKind.Object => "object",
        JsonValueKind.Array => "array",
        _ => null,
    };

    private void ReadTypes(string? cutType)
    {
        List<string>? types = null;
        foreach (var layer in _layers)
        {
            IsNullable |= layer.Flag("nullable") ?? false;
            types ??= layer.Texts("type");
        }

        foreach (var type in types ?? (cutType is null ? [] : [cutType]))
        {
            var name = type.ToLowerInvariant();
            IsNullable |= name == "null";
            if (Array.IndexOf(KnownTypes, name) >= 0 && !Types.Contains(name, StringComparer.Ordinal))
            {
                Types.Add(name);
            }
        }
    }

    private void AddProperties(JsonElement properties)
    {
        foreach (var property in properties.EnumerateObject())
        {
            var name = JsonMembers.NameOf(property);
            if (!Properties.TryGetValue(name, out var schemas))
            {
                Properties[name] = schemas = [];
            }

            schemas.Add(property.Value);
        }
    }
}
