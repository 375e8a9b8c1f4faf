using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.OpenAi;

/// <summary>The counts of a "usage" object as they are written, in whichever form.</summary>
internal struct OpenAiRawUsage
{
    public long? Input;
    public long? Output;
    public long? Total;
    public long? CacheRead;
    public long? CacheWrite;
    public long? ExclusiveCacheRead;
    public long? ExclusiveCacheWrite;
    public long? Reasoning;
    public long? CacheWriteOneHour;
    public long? AudioInput;
    public long? AudioCacheRead;
    public long? AudioOutput;
    public long? ImageInput;
    public long? ImageOutput;
    public long? WebSearchCalls;
    public bool IsCompaction;
    public long? CompactionInput;
    public long? CompactionOutput;
    public long? CompactionCacheRead;
    public long? CompactionCacheWrite;

    public readonly Usage? ToUsage()
    {
        // Embedding providers that report only a total have no output.
        var input = Input ?? (Output is null ? Total : null);
        if (input is null && Output is null)
        {
            return null;
        }

        var output = Output;
        if (Reasoning > 0 && Total == input + output + Reasoning)
        {
            // xAI counts reasoning beside completion_tokens, all others inside; the total tells.
            output += Reasoning;
        }

        // Anthropic's input excludes the cache; some providers of the OpenAI format report both forms of the same count.
        var isExclusive = CacheRead is null && CacheWrite is null && (ExclusiveCacheRead is not null || ExclusiveCacheWrite is not null)
            && Total is null;
        var read = CacheRead ?? ExclusiveCacheRead;
        var write = CacheWrite ?? ExclusiveCacheWrite;
        return new Usage
        {
            InputTokens = (isExclusive || input is null ? input : Math.Max(0, input.Value - (read ?? 0) - (write ?? 0))).Plus(CompactionInput),
            CacheReadTokens = read.Plus(CompactionCacheRead),
            CacheWriteTokens = write.Plus(CompactionCacheWrite),
            CacheWriteOneHourTokens = CacheWriteOneHour,
            OutputTokens = output.Plus(CompactionOutput),
            ReasoningTokens = Reasoning,
            AudioInputTokens = AudioInput.Without(AudioCacheRead),
            AudioCacheReadTokens = AudioCacheRead,
            AudioOutputTokens = AudioOutput,
            ImageInputTokens = ImageInput,
            ImageOutputTokens = ImageOutput,
            WebSearchCalls = WebSearchCalls,
        };
    }
}
