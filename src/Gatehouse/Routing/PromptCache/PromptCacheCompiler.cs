using Gatehouse.Configuration.Binding;
using Gatehouse.Pipeline;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Dialects.PromptCache;
using Gatehouse.Routing.Parameters;
using Gatehouse.Upstream.Translation;

namespace Gatehouse.Routing.PromptCache;

/// <summary>Validates what is written of breakpoints, and makes of it what holds for a target.</summary>
internal static class PromptCacheCompiler
{
    private static readonly TimeSpan FiveMinutes = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan OneHour = TimeSpan.FromHours(1);

    private static readonly PromptCacheBreakpoint[] Everywhere = [PromptCacheBreakpoint.Tools, PromptCacheBreakpoint.System, PromptCacheBreakpoint.Messages];

    /// <summary>Members of requests in which breakpoints are put, or looked for.</summary>
    private static readonly string[] Marked = ["tools", "toolConfig", "system", "messages", "cache_control"];

    public static void Validate(PromptCacheOptions options, string path, ConfigurationErrors errors)
    {
        if (options.Mode is null && !options.IsEmpty)
        {
            errors.Add(path, "does nothing without mode: auto");
        }

        if (options.Ttl is { } ttl && ttl != FiveMinutes && ttl != OneHour)
        {
            errors.Add($"{path}.ttl", "must be 5m or 1h");
        }

        if (options.MinTokens is { } tokens)
        {
            errors.CheckNumber($"{path}.min_tokens", tokens, least: 0, int.MaxValue);
        }

        if (options.Breakpoints is { Count: 0 })
        {
            errors.Add($"{path}.breakpoints", "must name at least one of tools, system, messages");
        }
    }

    /// <param name="options">Those of the target, or of its route.</param>
    /// <param name="parameters">What the route changes in requests to the target.</param>
    /// <param name="target">Where they go.</param>
    /// <returns>Null where no breakpoints are wanted, or taken.</returns>
    public static PromptCachePlan? Compile(PromptCacheOptions options, ParameterOptions parameters, Target target)
    {
        if (options.Mode != PromptCacheMode.Auto)
        {
            return null;
        }

        var places = options.Breakpoints ?? Everywhere;
        // Whatever the caller speaks it is this one; only calls of OpenAI's Responses API go on as such where they can, and stay as they are.
        var plan = new PromptCachePlan(TargetDialect.Of(target, Dialect.OpenAiChat))
        {
            Tools = places.Contains(PromptCacheBreakpoint.Tools),
            System = places.Contains(PromptCacheBreakpoint.System),
            Messages = places.Contains(PromptCacheBreakpoint.Messages),
            OneHour = options.Ttl == OneHour,
            MinTokens = options.MinTokens,
            ComesAfterChanges = parameters.Defaults.Keys.Concat(parameters.Overrides.Keys).Concat(parameters.Drop).Any(name => Marked.Contains(name.Split('.')[0], StringComparer.Ordinal)),
        };
        return plan.For(target.Model, TargetRulesTable.Of(target));
    }
}
