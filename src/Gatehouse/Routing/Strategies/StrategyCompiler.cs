using Gatehouse.Configuration.Binding;

namespace Gatehouse.Routing.Strategies;

/// <summary>Makes the node of a strategy and tells of what does not belong to it.</summary>
internal static class StrategyCompiler
{
    public static RouteNode? Compile(
        IStrategyOptions options, IReadOnlyList<(RouteTargetOptions Options, RouteNode Node)> children, string path, ConfigurationErrors errors)
    {
        var nodes = children.Select(child => child.Node).ToArray();
        switch (options.Strategy ?? RouteStrategy.Fallback)
        {
            case RouteStrategy.Fallback:
                return new FallbackStrategy(nodes);
            default:
                errors.Add($"{path}.strategy", "is not there yet");
                return null;
        }
    }
}
