using System.Runtime.InteropServices;
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
public static class OpenAiUsageReader
{
    /// <param name="usage">The object itself.</param>
    /// <returns>Null when it tells neither input nor output.</returns>
    public static Usage? Read(JsonElement usage)
    {
        if (usage.ValueKind != JsonValueKind.Object)
        {
            return null;
        }

        var reader = new Utf8JsonReader(JsonMarshal.GetRawUtf8Value(usage), new JsonReaderOptions { MaxDepth = JsonWriting.ReadOptions.MaxDepth });
        _ = reader.Read();
        return Read(ref reader);
    }

    /// <param name="reader">At the start of the object; at its end afterwards.</param>
    internal static Usage? Read(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return null;
        }

        var raw = default(OpenAiRawUsage);
        ReadMembers(ref reader, ref raw);
        return raw.ToUsage();
    }

    private static void ReadMembers(ref Utf8JsonReader reader, ref OpenAiRawUsage raw)
    {
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
            else if (reader.TextIs("cache_creation"u8))
            {
                raw.CacheWriteOneHour = NumberWithin(ref reader, "ephemeral_1h_input_tokens"u8);
            }
            else if (reader.TextIs("server_tool_use"u8))
            {
                raw.WebSearchCalls = NumberWithin(ref reader, "web_search_requests"u8);
            }
            else if (reader.TextIs("iterations"u8))
            {
                AddCompactions(ref reader, ref raw);
            }
            else if (reader.TextIs("type"u8))
            {
                _ = reader.Read();
                raw.IsCompaction = reader.TokenType == JsonTokenType.String && reader.TextIs("compaction"u8);
                reader.Skip();
            }
            else
            {
                _ = reader.Read();
                reader.Skip();
            }
        }
    }

    /// <summary>Anthropic bills compaction and leaves it out of the counts at the top; see its own reader.</summary>
    private static void AddCompactions(ref Utf8JsonReader reader, ref OpenAiRawUsage raw)
    {
        _ = reader.Read();
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            reader.Skip();
            return;
        }

        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.StartObject)
            {
                reader.Skip();
                continue;
            }

            var iteration = default(OpenAiRawUsage);
            ReadMembers(ref reader, ref iteration);
            if (iteration.IsCompaction)
            {
                raw.CompactionInput = raw.CompactionInput.Plus(iteration.Input);
                raw.CompactionOutput = raw.CompactionOutput.Plus(iteration.Output);
                raw.CompactionCacheRead = raw.CompactionCacheRead.Plus(iteration.ExclusiveCacheRead);
                raw.CompactionCacheWrite = raw.CompactionCacheWrite.Plus(iteration.ExclusiveCacheWrite);
            }
        }
    }

    private static void ReadInputDetails(ref Utf8JsonReader reader, ref OpenAiRawUsage raw)
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
            else if (reader.TextIs("image_tokens"u8))
            {
                raw.ImageInput = Number(ref reader);
            }
            else if (reader.TextIs("cached_tokens_details"u8))
            {
                raw.AudioCacheRead = NumberWithin(ref reader, "audio_tokens"u8);
            }
            else
            {
                _ = reader.Read();
                reader.Skip();
            }
        }
    }

    private static void ReadOutputDetails(ref Utf8JsonReader reader, ref OpenAiRawUsage raw)
    {
        if (!EnterObject(ref reader))
        {
            return;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.TextIs("reasoning_tokens"u8) || reader.TextIs("thinking_tokens"u8))
            {
                raw.Reasoning = Number(ref reader) ?? raw.Reasoning;
            }
            else if (reader.TextIs("audio_tokens"u8))
            {
                raw.AudioOutput = Number(ref reader);
            }
            else if (reader.TextIs("image_tokens"u8))
            {
                raw.ImageOutput = Number(ref reader);
            }
            else
            {
                _ = reader.Read();
                reader.Skip();
            }
        }
    }

    /// <summary>One count of a nested object.</summary>
    private static long? NumberWithin(ref Utf8JsonReader reader, ReadOnlySpan<byte> name)
    {
        long? number = null;
        if (!EnterObject(ref reader))
        {
            return null;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.TextIs(name))
            {
                number = Number(ref reader);
            }
            else
            {
                _ = reader.Read();
                reader.Skip();
            }
        }

        return number;
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
        if (reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var value) && value is >= 0 and <= JsonCounts.MaxCount)
        {
            return value;
        }

        reader.Skip();
        return null;
    }
}
