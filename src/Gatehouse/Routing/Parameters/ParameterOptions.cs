using System.Text.Json;
using Gatehouse.Configuration.Binding;

namespace Gatehouse.Routing.Parameters;

[KeyDoc("Members of the request that goes to this target, by the target's own names; dots lead into objects, as in `generationConfig.temperature`. Defaults come first, then overrides, then drops.")]
internal sealed record ParameterOptions
{
    [KeyDoc("Set where the request does not have them.")]
    public IReadOnlyDictionary<string, JsonElement> Defaults { get; set; } = new Dictionary<string, JsonElement>(StringComparer.Ordinal);

    [KeyDoc("Set whatever the request has for them.")]
    public IReadOnlyDictionary<string, JsonElement> Overrides { get; set; } = new Dictionary<string, JsonElement>(StringComparer.Ordinal);

    [KeyDoc("Taken out of the request.")]
    public IReadOnlyList<string> Drop { get; set; } = [];

    public bool IsEmpty => Defaults.Count == 0 && Overrides.Count == 0 && Drop.Count == 0;
}
