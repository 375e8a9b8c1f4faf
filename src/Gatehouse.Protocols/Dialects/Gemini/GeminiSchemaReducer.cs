using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.Gemini;

/// <summary>
/// Writes a JSON Schema in Gemini's own form, whose fields are those of the message <c>Schema</c> in Google's content.proto: one unknown
/// field, and the whole request is refused. References are written out, <c>allOf</c> is merged, <c>oneOf</c> becomes <c>anyOf</c>,
/// <c>const</c> an <c>enum</c>, a list of types <c>nullable</c> or <c>anyOf</c>; what has no place is left out and named.
/// </summary>
/// <param name="root">The whole schema.</param>
/// <param name="field">Where it stands, as <c>tools[0].parameters</c>.</param>
/// <param name="mustBeObject">The root must have the type of an object: that of parameters.</param>
/// <param name="dropped">Gets <c>tools[0].parameters.uniqueItems</c>.</param>
internal sealed class GeminiSchemaReducer(JsonElement root, string field, bool mustBeObject, DroppedParameters dropped)
{
    /// <summary>A reference that leads to itself is written out so often.</summary>
    private const int MaxUnrolled = 2;

    /// <summary>Parsers of protobuf give up at a depth of 100, and a schema within a schema is two or three deep.</summary>
    private const int MaxDepth = 24;

    /// <summary>References that fan out grow exponentially: behind this many schemas they are no longer followed.</summary>
    private const int MaxSchemas = 2000;

    /// <summary>Long texts and lists that are referred to often grow too: behind so many bytes the same.</summary>
    private const long MaxBytes = 1 << 22;

    private readonly GeminiSchemaLayers _layers = new(root, MaxUnrolled);
    private int _count;
    private long _start;

    public void Write(Utf8JsonWriter writer)
    {
        _start = writer.BytesCommitted + writer.BytesPending;
        Write(writer, [root], [], 0);
    }

    /// <param name="writer">At a place for a value.</param>
    /// <param name="schemas">All of them hold.</param>
    /// <param name="basis">These too, but for their choices, of which one is being written.</param>
    /// <param name="depth">Of the root 0.</param>
    private void Write(Utf8JsonWriter writer, IReadOnlyList<JsonElement> schemas, IReadOnlyList<JsonElement> basis, int depth)
    {
        var mark = _layers.Mark;
        writer.WriteStartObject();
        if (depth > MaxDepth || ++_count > MaxSchemas || writer.BytesCommitted + writer.BytesPending - _start > MaxBytes)
        {
            Drop("$ref");
            writer.WriteString("type"u8, new GeminiSchemaFacts(schemas, [], null).Types is [var type, ..] ? type.ToUpperInvariant() : "STRING");
        }
        else
        {
            WriteBody(writer, Expand(schemas, basis), depth);
        }

        writer.WriteEndObject();
        _layers.Return(mark);
    }

    private void WriteBody(Utf8JsonWriter writer, GeminiSchemaFacts facts, int depth)
    {
        var isNullable = facts.IsNullable;
        while (facts.Choices.Count > 0)
        {
            var choices = facts.Choices.Where(c => !GeminiSchemaFacts.IsNull(c)).ToList();
            isNullable |= choices.Count < facts.Choices.Count;
            var mustBeOne = depth == 0 && mustBeObject;
            if (choices.Count > 1 && !mustBeOne)
            {
                WriteChoices(writer, choices, facts.Layers, isNullable, depth);
                return;
            }

            // "functionDeclaration parameters schema should be of type OBJECT": at the root of parameters there is no choice.
            var required = facts.Required;
            facts = Expand(choices, facts.Layers);
            isNullable |= facts.IsNullable;
            if (choices.Count > 1)
            {
                Drop("anyOf");
                facts.Required.IntersectWith(required);
            }
        }

        if (facts.Types.Count > 1 && !(depth == 0 && mustBeObject))
        {
            // "When using any_of, it must be the only field set" (Vertex AI)
            writer.WriteStartArray("anyOf"u8);
            foreach (var type in facts.Types)
            {
                writer.WriteStartObject();
                WriteTyped(writer, facts, type, isNullable, depth);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            return;
        }

        var only = facts.Types is [var first, ..] ? first : facts.ImpliedType ?? (depth == 0 ? "object" : null);
        if (only is null)
        {
            // Gemini knows no "anything".
            Drop("type");
            only = "string";
        }

        WriteTyped(writer, facts, only, isNullable, depth);
    }

    /// <summary>"When using any_of, it must be the only field set" (Vertex AI): what stands beside it goes into every choice.</summary>
    private void WriteChoices(
        Utf8JsonWriter writer, List<JsonElement> choices, IReadOnlyList<JsonElement> basis, bool isNullable, int depth)
    {
        writer.WriteStartArray("anyOf"u8);
        foreach (var choice in choices)
        {
            Write(writer, [choice], basis, depth + 1);
        }

        if (isNullable)
        {
            writer.WriteStartObject();
            writer.WriteString("type"u8, "NULL"u8);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private GeminiSchemaFacts Expand(IReadOnlyList<JsonElement> schemas, IReadOnlyList<JsonElement> basis)
    {
        var layers = _layers.Expand(schemas);
        if (_layers.WasCut)
        {
            Drop("$ref");
        }

        var facts = new GeminiSchemaFacts(layers, basis, _layers.CutType);
        foreach (var keyword in GeminiSchemaFacts.LostOf(layers))
        {
            Drop(keyword);
        }

        return facts;
    }

    private void WriteTyped(Utf8JsonWriter writer, GeminiSchemaFacts facts, string type, bool isNullable, int depth)
    {
        writer.WriteString("type"u8, type.ToUpperInvariant());
        writer.WriteOptional("title", facts.Text("title"));
        writer.WriteOptional("description", facts.Text("description"));
        if (isNullable)
        {
            writer.WriteBoolean("nullable"u8, true);
        }

        writer.WriteOptional("default", facts.Value("default"));
        switch (type)
        {
            case "object":
                WriteObject(writer, facts, depth);
                break;
            case "array":
                WriteArray(writer, facts, depth);
                break;
            case "string":
                WriteText(writer, facts);
                break;
            case "number" or "integer":
                WriteNumber(writer, facts, type);
                break;
            case "boolean" when facts.Value("const") is not null || facts.Value("enum") is not null:
                Drop("enum");
                break;
        }
    }

    private void WriteObject(Utf8JsonWriter writer, GeminiSchemaFacts facts, int depth)
    {
        writer.WriteOptional("minProperties", facts.Integer("minProperties"));
        writer.WriteOptional("maxProperties", facts.Integer("maxProperties"));
        if (facts.Properties.Count == 0)
        {
            return;
        }

        writer.WriteStartObject("properties"u8);
        foreach (var (name, schemas) in facts.Properties)
        {
            writer.WritePropertyName(name);
            Write(writer, schemas, [], depth + 1);
        }

        writer.WriteEndObject();
        // "required[0]: property is not defined" otherwise.
        var required = facts.Required.Where(facts.Properties.ContainsKey).ToList();
        writer.WriteOptional("required", required.Count == 0 ? null : required);
    }

    private void WriteArray(Utf8JsonWriter writer, GeminiSchemaFacts facts, int depth)
    {
        writer.WriteOptional("minItems", facts.Integer("minItems"));
        writer.WriteOptional("maxItems", facts.Integer("maxItems"));
        // "items: missing field" otherwise.
        writer.WritePropertyName("items"u8);
        Write(writer, facts.Items, [], depth + 1);
    }

    private void WriteText(Utf8JsonWriter writer, GeminiSchemaFacts facts)
    {
        if (facts.Enum is { } values)
        {
            // "enum[0]: cannot be empty"
            var texts = values.Where(v => v.ValueKind == JsonValueKind.String).Select(v => v.TextOrFail("enum")).Where(t => t.Length > 0).ToList();
            if (texts.Count < values.Count(v => v.ValueKind != JsonValueKind.Null))
            {
                Drop("enum");
            }

            writer.WriteOptional("enum", texts.Count == 0 ? null : texts);
        }

        // "only 'enum' and 'date-time' are supported for STRING type"
        WriteFormat(writer, facts, "date-time", "enum");
        writer.WriteOptional("minLength", facts.Integer("minLength"));
        writer.WriteOptional("maxLength", facts.Integer("maxLength"));
        writer.WriteOptional("pattern", facts.Text("pattern"));
    }

    private void WriteNumber(Utf8JsonWriter writer, GeminiSchemaFacts facts, string type)
    {
        WriteFormat(writer, facts, type == "integer" ? ["int32", "int64"] : ["float", "double"]);
        if (facts.Enum is [{ ValueKind: JsonValueKind.Number } only])
        {
            writer.WriteOptional("minimum", GeminiMembers.Number(only));
            writer.WriteOptional("maximum", GeminiMembers.Number(only));
            return;
        }

        if (facts.Enum is not null)
        {
            // "enum: only allowed for STRING type"
            Drop("enum");
        }

        writer.WriteOptional("minimum", Bound(facts, "minimum", "exclusiveMinimum", type, 1));
        writer.WriteOptional("maximum", Bound(facts, "maximum", "exclusiveMaximum", type, -1));
    }

    /// <summary>A bound that is not itself allowed: the next whole number, or for fractions nearly the same.</summary>
    private double? Bound(GeminiSchemaFacts facts, string inclusive, string exclusive, string type, int step)
    {
        if (facts.Number(exclusive) is not { } bound)
        {
            return facts.Number(inclusive);
        }

        if (type == "integer")
        {
            bound = (step > 0 ? Math.Floor(bound) : Math.Ceiling(bound)) + step;
        }
        else
        {
            Drop(exclusive);
        }

        return facts.Number(inclusive) is { } other ? (step > 0 ? Math.Max(bound, other) : Math.Min(bound, other)) : bound;
    }

    private void WriteFormat(Utf8JsonWriter writer, GeminiSchemaFacts facts, params ReadOnlySpan<string> known)
    {
        if (facts.Text("format") is not { } format)
        {
            return;
        }

        if (known.Contains(format))
        {
            writer.WriteString("format"u8, format);
        }
        else
        {
            Drop("format");
        }
    }

    private void Drop(string keyword) => dropped.Add($"{field}.{keyword}");
}
