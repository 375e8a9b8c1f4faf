using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.OpenAi;

/// <summary>
/// Reads a "usage" object in the forms that providers of the OpenAI format report it, into exclusive buckets. Forms seen in recorded
/// traffic: chat (<c>prompt_tokens</c>, with <c>prompt_tokens_details</c>), responses (<c>input_tokens</c>), DeepSeek
/// (<c>prompt_cache_hit_tokens</c>), Moonshot (<c>cached_tokens</c>), Mistral (<c>num_cached_tokens</c>), Voyage
/// (<c>total_tokens</c> alone), and Anthropic's (<c>cache_read_input_tokens</c> beside an input that excludes it).
/// </summary>
internal static class OpenAiUsageReader
{
    /// <summary>The largest integer on which all JSON software agrees (RFC 8259, 6); sums of a few such counts cannot overflow.</summary>
    private const long MaxCount = (1L << 53) - 1;

    /// <param name="reader">At the start of the object; at its end afterwards.</param>
    public static Usage? Read(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return null;
        }

        var raw = default(RawUsage);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.TextIs("prompt_tokens"u8) || reader.TextIs("input_tokens"u8))
            {
                raw.Input = Number(ref reader) ?? raw.Input;
            }
            else if (reader.TextIs("completion_tokens"u8) || reader.TextIs("output_tokens"u8))
            {
                raw.Output = Number(ref reader) ?? raw.Output;
            }
            else if (reader.TextIs("total_tokens"u8))
            {
                raw.Total = Number(ref reader);
            }
            else if (reader.TextIs("prompt_tokens_details"u8) || reader.TextIs("input_tokens_details"u8)
                || reader.TextIs("input_token_details"u8))
            {
                ReadInputDetails(ref reader, ref raw);
            }
            else if (reader.TextIs("completion_tokens_details"u8) || reader.TextIs("output_tokens_details"u8)
                || reader.TextIs("output_token_details"u8))
            {
                ReadOutputDetails(ref reader, ref raw);
            }
            else if (reader.TextIs("prompt_cache_hit_tokens"u8) || reader.TextIs("cached_tokens"u8)
                || reader.TextIs("num_cached_tokens"u8))
            {
                raw.CacheRead = Number(ref reader) ?? raw.CacheRead;
            }
            else if (reader.TextIs("reasoning_tokens"u8))
            {
                raw.Reasoning = Number(ref reader) ?? raw.Reasoning;
            }
            else if (reader.TextIs("cache_read_input_tokens"u8))
            {
                raw.ExclusiveCacheRead = Number(ref reader);
            }
            else if (reader.TextIs("cache_creation_input_tokens"u8))
            {
                raw.ExclusiveCacheWrite = Number(ref reader);
            }
            else
            {
                _ = reader.Read();
                reader.Skip();
            }
        }

        return raw.ToUsage();
    }

    private static void ReadInputDetails(ref Utf8JsonReader reader, ref RawUsage raw)
    {
        if (!EnterObject(ref reader))
        {
            return;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.TextIs("cached_tokens"u8))
            {
                raw.CacheRead = Number(ref reader) ?? raw.CacheRead;
            }
            else if (reader.TextIs("cache_write_tokens"u8))
            {
                raw.CacheWrite = Number(ref reader);
            }
            else if (reader.TextIs("audio_tokens"u8))
            {
                raw.AudioInput = Number(ref reader);
            }
            else
            {
                _ = reader.Read();
                reader.Skip();
            }
        }
    }

    private static void ReadOutputDetails(ref Utf8JsonReader reader, ref RawUsage raw)
    {
        if (!EnterObject(ref reader))
        {
            return;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.TextIs("reasoning_tokens"u8))
            {
                raw.Reasoning = Number(ref reader) ?? raw.Reasoning;
            }
            else if (reader.TextIs("audio_tokens"u8))
            {
                raw.AudioOutput = Number(ref reader);
            }
            else
            {
                _ = reader.Read();
                reader.Skip();
            }
        }
    }

    private static bool EnterObject(ref Utf8JsonReader reader)
    {
        _ = reader.Read();
        if (reader.TokenType == JsonTokenType.StartObject)
        {
            return true;
        }

        reader.Skip();
        return false;
    }

    private static long? Number(ref Utf8JsonReader reader)
    {
        _ = reader.Read();
        if (reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var value) && value is >= 0 and <= MaxCount)
        {
            return value;
        }

        reader.Skip();
        return null;
    }

    private struct RawUsage
    {
        public long? Input;
        public long? Output;
        public long? Total;
        public long? CacheRead;
        public long? CacheWrite;
        public long? ExclusiveCacheRead;
        public long? ExclusiveCacheWrite;
        public long? Reasoning;
        public long? AudioInput;
        public long? AudioOutput;

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
                InputTokens = isExclusive || input is null ? input : Math.Max(0, input.Value - (read ?? 0) - (write ?? 0)),
                CacheReadTokens = read,
                CacheWriteTokens = write,
                OutputTokens = output,
                ReasoningTokens = Reasoning,
                AudioInputTokens = AudioInput,
                AudioOutputTokens = AudioOutput,
            };
        }
    }
}
