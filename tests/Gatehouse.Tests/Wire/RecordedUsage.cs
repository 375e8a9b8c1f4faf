using System.Text.Json;
using System.Text.Json.Nodes;

namespace Gatehouse.Tests.Wire;

/// <summary>
/// The usage of an exchange in the ledger's buckets, and an oracle for it: what a recorded answer reports, worked out from the whole documents
/// by what is known of each provider, not by the shape of the numbers.
/// </summary>
internal sealed record RecordedUsage(
    long? Input, long? CacheRead, long? CacheWrite, long? Output, long? Reasoning, long? AudioInput, long? AudioOutput)
{
    /// <summary>Null where the provider reported nothing.</summary>
    public static RecordedUsage? Of(Recording recording) => RecordedAnswer.Documents(recording)
        .Select(document => document["usage"] ?? document["x_groq"]?["usage"])
        .OfType<JsonObject>()
        .Select(usage => Of(usage, recording))
        .Aggregate(default(RecordedUsage), (earlier, later) => earlier is null ? later : later.Over(earlier));

    public static RecordedUsage? Of(JsonElement row)
    {
        var usage = row.GetProperty("usage");
        return usage.ValueKind == JsonValueKind.Null ? null : new RecordedUsage(
            Number("input_tokens"), Number("cache_read_tokens"), Number("cache_write_tokens"), Number("output_tokens"),
            Number("reasoning_tokens"), Number("audio_input_tokens"), Number("audio_output_tokens"));

        long? Number(string name) => usage.GetProperty(name) is { ValueKind: JsonValueKind.Number } number ? number.GetInt64() : null;
    }

    private static RecordedUsage Of(JsonObject usage, Recording recording)
    {
        var input = usage["prompt_tokens_details"];
        var output = usage["completion_tokens_details"];
        // OpenAI and most others; DeepSeek; Moonshot and Together; Mistral; Venice.
        var cacheRead = First(input?["cached_tokens"], usage["prompt_cache_hit_tokens"], usage["cached_tokens"], usage["num_cached_tokens"],
            usage["cache_read_input_tokens"]);
        // OpenAI and OpenRouter; Vercel and Doubleword.
        var cacheWrite = First(input?["cache_write_tokens"], usage["cache_creation_input_tokens"]);
        // Most; GitHub Copilot.
        var reasoning = First(output?["reasoning_tokens"], usage["reasoning_tokens"]);
        var completion = First(usage["completion_tokens"]);
        // Voyage reports a total alone, and embeddings have no output.
        var prompt = First(usage["prompt_tokens"]) ?? First(usage["total_tokens"]);
        return new RecordedUsage(
            // Grok on Azure reports more cached tokens than tokens (four recordings): nothing is left that was not cached.
            prompt is null ? null : Math.Max(0, prompt.Value - (cacheRead ?? 0) - (cacheWrite ?? 0)),
            cacheRead,
            cacheWrite,
            // xAI's completion_tokens are without the reasoning.
            recording.Model?.StartsWith("grok", StringComparison.Ordinal) == true ? completion + (reasoning ?? 0) : completion,
            reasoning,
            First(input?["audio_tokens"]),
            First(output?["audio_tokens"]));
    }

    /// <summary>Reports are totals so far: the later one counts, and an earlier one where that is silent.</summary>
    private RecordedUsage Over(RecordedUsage earlier) => new(
        Input ?? earlier.Input, CacheRead ?? earlier.CacheRead, CacheWrite ?? earlier.CacheWrite, Output ?? earlier.Output,
        Reasoning ?? earlier.Reasoning, AudioInput ?? earlier.AudioInput, AudioOutput ?? earlier.AudioOutput);

    private static long? First(params JsonNode?[] values) => (long?)values.FirstOrDefault(value => value is not null);
}
