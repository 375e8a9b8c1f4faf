using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.OpenAi;

/// <summary>Usage of answers and of stream chunks, wherever a provider puts it.</summary>
internal static class OpenAiChatUsage
{
    /// <param name="answer">A whole answer, or a chunk of a stream.</param>
    public static Usage? Find(JsonElement answer)
    {
        if (answer.Object("usage") is { } usage)
        {
            return OpenAiUsageReader.Read(usage);
        }

        // Groq's streams; Moonshot's, in the last choice.
        if (answer.Object("x_groq")?.Object("usage") is { } groq)
        {
            return OpenAiUsageReader.Read(groq);
        }

        foreach (var choice in answer.Items("choices"))
        {
            if (choice.Object("usage") is { } moonshot)
            {
                return OpenAiUsageReader.Read(moonshot);
            }
        }

        return null;
    }

    public static void Write(Utf8JsonWriter writer, Usage usage)
    {
        var input = (usage.InputTokens ?? 0) + (usage.CacheReadTokens ?? 0) + (usage.CacheWriteTokens ?? 0);
        var output = usage.OutputTokens ?? 0;
        writer.WriteStartObject("usage");
        writer.WriteNumber("prompt_tokens", input);
        writer.WriteNumber("completion_tokens", output);
        writer.WriteNumber("total_tokens", input + output);
        if (usage.CacheReadTokens is not null || usage.CacheWriteTokens is not null || usage.AudioInputTokens is not null || usage.ImageInputTokens is not null)
        {
            writer.WriteStartObject("prompt_tokens_details");
            writer.WriteOptional("cached_tokens", usage.CacheReadTokens);
            writer.WriteOptional("cache_write_tokens", usage.CacheWriteTokens);
            writer.WriteOptional("audio_tokens", usage.AudioInputTokens is { } audio ? audio + (usage.AudioCacheReadTokens ?? 0) : null);
            writer.WriteOptional("image_tokens", usage.ImageInputTokens);
            writer.WriteEndObject();
        }

        if (usage.ReasoningTokens is not null || usage.AudioOutputTokens is not null || usage.ImageOutputTokens is not null)
        {
            writer.WriteStartObject("completion_tokens_details");
            writer.WriteOptional("reasoning_tokens", usage.ReasoningTokens);
            writer.WriteOptional("audio_tokens", usage.AudioOutputTokens);
            writer.WriteOptional("image_tokens", usage.ImageOutputTokens);
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    }
}
