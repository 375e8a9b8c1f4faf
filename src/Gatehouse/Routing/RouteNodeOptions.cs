using System.Collections;
using System.Reflection;
using Gatehouse.Configuration.Binding;

namespace Gatehouse.Routing;

/// <summary>The tree of a route as it is configured, for the admin API: whatever key a strategy or a target has, it is shown.</summary>
internal static class RouteNodeOptions
{
    /// <summary>Members of the view itself, not of its options.</summary>
    private static readonly string[] Members = [nameof(RouteTargetOptions.Target), nameof(RouteTargetOptions.Strategy), nameof(RouteTargetOptions.Targets), nameof(RouteTargetOptions.Weight)];

    private static readonly PropertyInfo[] OfTarget = [.. KeyNames.PropertiesOf(typeof(RouteTargetOptions)).Where(IsOption)];

    // A route has much else that is not about its root, and is shown elsewhere.
    private static readonly PropertyInfo[] OfRoot =
        [.. KeyNames.PropertiesOf(typeof(RouteOptions)).Where(property => IsOption(property) && typeof(IStrategyOptions).GetProperty(property.Name) is not null)];

    public static RouteNodeView View(RouteOptions root) => new(null, StrategyOf(root), 1, Written(root, new RouteOptions(), OfRoot), [.. root.Targets.Select(View)]);

    private static RouteNodeView View(RouteTargetOptions node) => new(
        node.Target.Length > 0 ? node.Target : null,
        node.Target.Length > 0 ? null : StrategyOf(node),
        (double)node.Weight,
        Written(node, new RouteTargetOptions(), OfTarget),
        [.. node.Targets.Select(View)]);

    private static string StrategyOf(IStrategyOptions options) => YamlBinder.EnumKey(options.Strategy ?? RouteStrategy.Fallback);

    private static bool IsOption(PropertyInfo property) => !Members.Contains(property.Name, StringComparer.Ordinal);

    /// <summary>What differs from the default.</summary>
    private static Dictionary<string, object?> Written(object options, object standard, PropertyInfo[] properties) => properties
        .Where(property => property.GetValue(options) is { } value && !value.Equals(property.GetValue(standard)))
        .Select(property => (Key: KeyNames.Of(property), Value: Plain(property.GetValue(options))))
        .Where(option => option.Value is not (null or ICollection { Count: 0 }))
        .ToDictionary(option => option.Key, option => option.Value, StringComparer.Ordinal);

    private static object? Plain(object? value) => value switch
    {
        null or string or bool or int or long or decimal or double => value,
        Enum choice => YamlBinder.EnumKey(choice),
        TimeSpan duration => Duration.Format(duration),
        IDictionary names => names.Keys.Cast<object>().ToDictionary(key => key.ToString()!, key => Plain(names[key]), StringComparer.Ordinal),
        IEnumerable list => list.Cast<object?>().Select(Plain).ToArray(),
        // Text of its own, such as a secret's stars.
        _ when KeyNames.PropertiesOf(value.GetType()).ToArray() is { Length: > 0 } properties => Written(value, Activator.CreateInstance(value.GetType())!, properties),
        _ => value.ToString(),
    };
}
