using System.Collections.Frozen;
using Gatehouse.Expressions;

namespace Gatehouse.Routing.Traits;

/// <summary>The caller's headers for conditions: names in lower case, several values joined by commas, and no credentials.</summary>
internal sealed class HeaderMap(IHeaderDictionary headers) : CelMap
{
    private static readonly FrozenSet<string> Credentials = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase,
        ["authorization", "proxy-authorization", "x-api-key", "api-key", "x-goog-api-key", "cookie", "ocp-apim-subscription-key"]);

    public override int Count => headers.Keys.Count(name => !Credentials.Contains(name));

    public override IEnumerable<CelValue> Keys =>
        headers.Keys.Where(name => !Credentials.Contains(name)).Select(name => CelValue.From(name.ToLowerInvariant()));

    public override bool TryGetValue(in CelValue key, out CelValue value)
    {
        if (key.Kind == CelKind.String && key.AsString() is var name && IsLowerCase(name) && !Credentials.Contains(name) && headers.TryGetValue(name, out var values))
        {
            value = CelValue.From(values.Count == 1 ? values[0] ?? "" : string.Join(", ", values.ToArray()));
            return true;
        }

        value = default;
        return false;
    }

    /// <summary>As the keys are listed; otherwise there would be keys in the map that it does not list.</summary>
    private static bool IsLowerCase(string name) => !name.AsSpan().ContainsAnyInRange('A', 'Z');
}
