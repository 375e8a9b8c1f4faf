using System.Text.Json;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.Gemini;

/// <summary>A schema together with those that it refers to or is merged of: all must hold, so that each adds its keywords.</summary>
/// <param name="root">Where local references lead.</param>
/// <param name="maxUnrolled">How often a reference may stand in its own target.</param>
internal sealed class GeminiSchemaLayers(JsonElement root, int maxUnrolled)
{
    private const int MaxLayers = 64;

    /// <summary>Longer than any path; one is looked up wherever it is written out.</summary>
    private const int MaxReferenceLength = 2048;

    /// <summary>The references that are being followed on the way from the root.</summary>
    private readonly List<string> _path = [];

    /// <summary>A reference of the schema that was expanded last was not followed.</summary>
    public bool WasCut { get; private set; }

    /// <summary>The type of what it leads to.</summary>
    public string? CutType { get; private set; }

    /// <summary>To give back the references that an expansion follows.</summary>
    public int Mark => _path.Count;

    public void Return(int mark) => _path.RemoveRange(mark, _path.Count - mark);

    public List<JsonElement> Expand(IReadOnlyList<JsonElement> schemas)
    {
        (WasCut, CutType) = (false, null);
        var layers = new List<JsonElement>();
        foreach (var schema in schemas)
        {
            Add(schema, layers);
        }

        return layers;
    }

    private void Add(JsonElement schema, List<JsonElement> layers)
    {
        if (schema.ValueKind != JsonValueKind.Object)
        {
            return;
        }

        if (layers.Count >= MaxLayers)
        {
            WasCut = true;
            return;
        }

        layers.Add(schema);
        if (schema.Text("$ref") is { } reference)
        {
            var target = Find(reference);
            if (target is { } found && _path.Count(r => r == reference) < maxUnrolled)
            {
                _path.Add(reference);
                Add(found, layers);
            }
            else
            {
                WasCut = true;
                CutType = target?.Text("type");
            }
        }

        foreach (var part in schema.Items("allOf"))
        {
            Add(part, layers);
        }
    }

    /// <summary>A JSON pointer into the schema itself (RFC 6901); others lead outside.</summary>
    private JsonElement? Find(string reference)
    {
        if (!reference.StartsWith('#') || reference.Length > MaxReferenceLength)
        {
            return null;
        }

        var found = root;
        foreach (var step in Uri.UnescapeDataString(reference[1..]).Split('/').Skip(1))
        {
            var name = step.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal);
            if (found.Member(name) is { } member)
            {
                found = member;
            }
            else if (found.ValueKind == JsonValueKind.Array && int.TryParse(name, out var index) && index >= 0 && index < found.GetArrayLength())
            {
                found = found[index];
            }
            else
            {
                return null;
            }
        }

        // "#name" is an anchor, not a pointer.
        return reference.Length == 1 || reference[1] == '/' ? found : null;
    }
}
