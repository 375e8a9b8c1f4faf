using Gatehouse.Configuration.Binding;

namespace Gatehouse.Routing.PromptCache;

internal enum PromptCacheMode
{
    Off,
    Auto,
}

/// <summary>A part of the prompt behind which a breakpoint can be put.</summary>
internal enum PromptCacheBreakpoint
{
    Tools,
    System,
    Messages,
}

[Shorthand(nameof(Mode))]
[KeyDoc("Breakpoints for the provider's own prompt cache, put into requests that have none, where the provider caches nothing without: `auto` or `off`, alone or as the key `mode`. [caching-prompt.md](caching-prompt.md) says for whom, and when it loses money.")]
internal sealed record PromptCacheOptions
{
    [KeyDoc("`auto`: requests of callers who set no breakpoints get them. `off`: requests stay as they are.", Default = "`off`")]
    public PromptCacheMode? Mode { get; set; }

    [KeyDoc("How long the provider keeps the prompt after its last use: `5m` or `1h`. Writing for an hour costs more.", Default = "`5m`")]
    public TimeSpan? Ttl { get; set; }

    [KeyDoc("Prompts that seem shorter, in tokens, get no breakpoints.", Default = "what the model's cache takes at least, where it is known; else `1024`")]
    public int? MinTokens { get; set; }

    [KeyDoc("Behind which parts of the prompt breakpoints are put.", Default = "`[tools, system, messages]`")]
    public IReadOnlyList<PromptCacheBreakpoint>? Breakpoints { get; set; }

    /// <summary>Nothing is written.</summary>
    public bool IsEmpty => Mode is null && Ttl is null && MinTokens is null && Breakpoints is null;
}
