using Gatehouse.Configuration.Binding;

namespace Gatehouse.Upstream;

[KeyDoc("How much of a streamed answer is held back before the caller gets anything: as long as nothing has gone out, another target can answer unnoticed. Never more than 256 KiB.")]
internal sealed record ReleaseOptions
{
    /// <summary>More would not fit into what is held at most.</summary>
    public const int MaxTokens = 10_000;

    [KeyDoc("Held until about so many tokens have come, at four bytes of text each.", Default = "the first piece of content: text, thought, tool call, sound")]
    public int? Tokens { get; set; }

    [KeyDoc("Held no longer than this after the first frame, whatever has come. `0s` passes on everything at once.")]
    public TimeSpan After { get; set; } = ReleaseModel.Default.After;
}

/// <summary>When a stream begins to go to the caller.</summary>
/// <param name="TextBytes">How much text must have come; null for the first content of any kind.</param>
/// <param name="After">The longest wait after the first frame.</param>
internal sealed record ReleaseModel(long? TextBytes, TimeSpan After)
{
    /// <summary>Half of what the most impatient proxies wait for a byte (30 s), so that a model that thinks long is still heard pinging.</summary>
    public static readonly ReleaseModel Default = new(TextBytes: null, TimeSpan.FromSeconds(15));

    private const int BytesPerToken = 4;

    public static ReleaseModel Of(ReleaseOptions options) => new(options.Tokens * (long)BytesPerToken, options.After);
}
