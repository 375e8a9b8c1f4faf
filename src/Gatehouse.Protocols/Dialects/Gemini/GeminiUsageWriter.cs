using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.Gemini;

/// <summary>Writes <c>usageMetadata</c>: the prompt with what was read from a cache, candidates without thoughts.</summary>
internal static class GeminiUsageWriter
{
    public static void Write(Utf8JsonWriter writer, Usage usage)
    {
        long? prompt = usage.InputTokens is null && usage.CacheReadTokens is null && usage.CacheWriteTokens is null
            ? null
            : (usage.InputTokens ?? 0) + (usage.CacheReadTokens ?? 0) + (usage.CacheWriteTokens ?? 0);
        long? candidates = usage.OutputTokens is { } output ? Math.Max(0, output - (usage.ReasoningTokens ?? 0)) : null;
        writer.WriteStartObject("usageMetadata"u8);
        writer.WriteOptional("promptTokenCount", prompt);
        writer.WriteOptional("candidatesTokenCount", candidates);
        writer.WriteOptional("totalTokenCount", prompt is null && candidates is null ? null : (prompt ?? 0) + (usage.OutputTokens ?? 0));
        writer.WriteOptional("cachedContentTokenCount", usage.CacheReadTokens);
        writer.WriteOptional("thoughtsTokenCount", usage.ReasoningTokens);
        var audio = usage.AudioInputTokens is null ? usage.AudioCacheReadTokens : usage.AudioInputTokens + (usage.AudioCacheReadTokens ?? 0);
        WriteDetails(writer, "promptTokensDetails", prompt, audio, usage.ImageInputTokens);
        WriteDetails(writer, "cacheTokensDetails", usage.CacheReadTokens, usage.AudioCacheReadTokens, null);
        WriteDetails(writer, "candidatesTokensDetails", candidates, usage.AudioOutputTokens, usage.ImageOutputTokens);
        writer.WriteEndObject();
    }

    private static void WriteDetails(Utf8JsonWriter writer, string name, long? all, long? audio, long? image)
    {
        if (audio is null && image is null)
        {
            return;
        }

        writer.WriteStartArray(name);
        WriteDetail(writer, "TEXT"u8, all is { } total ? Math.Max(0, total - (audio ?? 0) - (image ?? 0)) : null);
        WriteDetail(writer, "AUDIO"u8, audio);
        WriteDetail(writer, "IMAGE"u8, image);
        writer.WriteEndArray();
    }

    private static void WriteDetail(Utf8JsonWriter writer, ReadOnlySpan<byte> modality, long? count)
    {
        if (count is { } tokens)
        {
            writer.WriteStartObject();
            writer.WriteString("modality"u8, modality);
            writer.WriteNumber("tokenCount"u8, tokens);
            writer.WriteEndObject();
        }
    }
}
