using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.OpenAi;

/// <summary>
/// What is learned of an answer while it passes: from one JSON body, or chunk by chunk from a stream. Works on chat completions,
/// completions, embeddings and the events of the Responses API.
/// </summary>
public sealed class OpenAiAnswerFacts : AnswerFacts
{
    private static readonly string[] MemberNames =
    [
        "id", "model", "usage", "x_groq", "error", "choices", "type", "response", "message", "stop_reason", "service_tier",
        "file", "output_file_id", "error_file_id", "result_files",
    ];

    private const int MaxChoice = 63;

    private static readonly JsonReaderOptions ReaderOptions = new() { MaxDepth = 512 };

    private ulong _begunChoices;
    private ulong _finishedChoices;
    private bool _isMediaDone;
    private List<string>? _files;

    public override IReadOnlyList<string> Members => MemberNames;

    /// <summary>Ids of files that an object at the provider led to: the results of a batch or a fine-tuning job, a finished upload.</summary>
    public IReadOnlyList<string> Files => _files ?? [];

    /// <summary>Every choice that was begun has been given its finish_reason; or an image, a speech or a transcript has been told to be done.</summary>
    public override bool IsFinished => _isMediaDone || (_begunChoices != 0 && (_begunChoices & ~_finishedChoices) == 0);

    public override bool Read(ReadOnlySpan<byte> json, out ChunkTraits traits)
    {
        var reader = new Utf8JsonReader(json, ReaderOptions);
        traits = ChunkTraits.None;
        try
        {
            if (!reader.Read())
            {
                return false;
            }

            if (reader.TokenType == JsonTokenType.StartObject)
            {
                traits = ReadObject(ref reader);
            }
            else
            {
                reader.Skip();
            }

            // The rest must be white space; anything else throws.
            return !reader.Read();
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private ChunkTraits ReadObject(ref Utf8JsonReader reader)
    {
        var traits = ChunkTraits.None;
        var hasUsage = false;
        var hasNoChoices = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.TextIs("choices"u8))
            {
                hasNoChoices = ReadChoices(ref reader);
            }
            else if (reader.TextIs("usage"u8))
            {
                _ = reader.Read();
                hasUsage |= ReadUsage(ref reader);
            }
            else if (reader.TextIs("x_groq"u8) || reader.TextIs("response"u8) || reader.TextIs("message"u8))
            {
                // Groq's usage; the Responses API's finished response; Anthropic's started message.
                ReadNested(ref reader, isResponse: reader.TextIs("response"u8));
            }
            else if (reader.TextIs("error"u8))
            {
                traits |= ReadError(ref reader) ? ChunkTraits.Error : ChunkTraits.None;
            }
            else if (Model is null && reader.TextIs("model"u8))
            {
                Model = ReadString(ref reader);
            }
            else if (Id is null && reader.TextIs("id"u8))
            {
                Id = ReadString(ref reader);
            }
            else if (reader.TextIs("type"u8))
            {
                traits |= ReadType(ref reader);
            }
            else if (reader.TextIs("delta"u8))
            {
                ReadDelta(ref reader);
            }
            else if (reader.TextIs("content_block"u8) || reader.TextIs("item"u8))
            {
                ReadBlock(ref reader);
            }
            else if (reader.TextIs("stop_reason"u8))
            {
                FinishReason = ReadString(ref reader) ?? FinishReason;
            }
            else if (reader.TextIs("service_tier"u8))
            {
                ServiceTier = ReadString(ref reader) ?? ServiceTier;
            }
            else if (reader.TextIs("output_file_id"u8) || reader.TextIs("error_file_id"u8) || reader.TextIs("result_files"u8) || reader.TextIs("file"u8))
            {
                ReadFiles(ref reader);
            }
            else
            {
                _ = reader.Read();
                reader.Skip();
            }
        }

        return hasUsage && hasNoChoices ? traits | ChunkTraits.UsageOnly : traits;
    }

    private bool ReadUsage(ref Utf8JsonReader reader)
    {
        if (OpenAiUsageReader.Read(ref reader) is not { } usage)
        {
            return false;
        }

        Usage = Usage is null ? usage : Usage.UpdatedBy(usage);
        return true;
    }

    private void ReadNested(ref Utf8JsonReader reader, bool isResponse)
    {
        _ = reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.TextIs("usage"u8))
            {
                _ = reader.Read();
                _ = ReadUsage(ref reader);
            }
            else if (Model is null && reader.TextIs("model"u8))
            {
                Model = ReadString(ref reader);
            }
            else if (reader.TextIs("service_tier"u8))
            {
                ServiceTier = ReadString(ref reader) ?? ServiceTier;
            }
            else if (isResponse && Id is null && reader.TextIs("id"u8))
            {
                Id = ReadString(ref reader);
            }
            else
            {
                _ = reader.Read();
                reader.Skip();
            }
        }
    }

    /// <summary>An id, a list of ids, or an object with one.</summary>
    private void ReadFiles(ref Utf8JsonReader reader)
    {
        _ = reader.Read();
        switch (reader.TokenType)
        {
            case JsonTokenType.String:
                AddFile(ref reader);
                break;
            case JsonTokenType.StartArray:
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                {
                    AddFile(ref reader);
                }

                break;
            case JsonTokenType.StartObject:
                while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
                {
                    var isId = reader.TextIs("id"u8);
                    _ = reader.Read();
                    if (isId)
                    {
                        AddFile(ref reader);
                    }
                    else
                    {
                        reader.Skip();
                    }
                }

                break;
        }
    }

    private void AddFile(ref Utf8JsonReader reader)
    {
        const int MaxFiles = 100;
        if (reader.TokenType == JsonTokenType.String && Text(ref reader) is { } id && (_files ??= []).Count < MaxFiles)
        {
            _files.Add(id);
        }

        reader.Skip();
    }

    /// <returns>True for an empty list.</returns>
    private bool ReadChoices(ref Utf8JsonReader reader)
    {
        _ = reader.Read();
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            reader.Skip();
            return false;
        }

        var isEmpty = true;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            isEmpty = false;
            if (reader.TokenType != JsonTokenType.StartObject)
            {
                reader.Skip();
                continue;
            }

            var index = 0;
            string? finishReason = null;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (reader.TextIs("finish_reason"u8))
                {
                    finishReason = ReadString(ref reader);
                }
                else if (reader.TextIs("index"u8))
                {
                    index = ReadIndex(ref reader);
                }
                else if (reader.TextIs("delta"u8) || reader.TextIs("message"u8))
                {
                    ReadDelta(ref reader);
                }
                else if (reader.TextIs("text"u8))
                {
                    CountText(ref reader);
                }
                else
                {
                    _ = reader.Read();
                    reader.Skip();
                }
            }

            _begunChoices |= 1UL << index;
            if (finishReason is not null)
            {
                FinishReason = finishReason;
                _finishedChoices |= 1UL << index;
            }
        }

        return isEmpty;
    }

    /// <summary>A delta is an object with text in it (chat), or the text itself (Responses events).</summary>
    private void ReadDelta(ref Utf8JsonReader reader)
    {
        _ = reader.Read();
        if (reader.TokenType == JsonTokenType.String)
        {
            TextBytes += reader.ValueSpan.Length;
        }

        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.TextIs("tool_calls"u8))
            {
                CountToolCalls(ref reader);
            }
            else if (reader.TextIs("stop_reason"u8))
            {
                FinishReason = ReadString(ref reader) ?? FinishReason;
            }
            else if (reader.TextIs("role"u8) || reader.TextIs("type"u8))
            {
                _ = reader.Read();
                reader.Skip();
            }
            else
            {
                // content, reasoning_content, reasoning, refusal, text, thinking, ...
                CountText(ref reader);
            }
        }
    }

    /// <summary>
    /// A block of Anthropic's or an item of the Responses API. Those of text and thoughts begin empty; any other (a tool call, a search) says
    /// something by itself.
    /// </summary>
    private void ReadBlock(ref Utf8JsonReader reader)
    {
        _ = reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isType = reader.TextIs("type"u8);
            _ = reader.Read();
            HasContent |= isType && reader.TokenType == JsonTokenType.String
                && !(reader.TextIs("text"u8) || reader.TextIs("thinking"u8) || reader.TextIs("message"u8) || reader.TextIs("reasoning"u8));
            reader.Skip();
        }
    }

    private void CountToolCalls(ref Utf8JsonReader reader)
    {
        _ = reader.Read();
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            reader.Skip();
            return;
        }

        var depth = reader.CurrentDepth;
        while (reader.Read() && !(reader.TokenType == JsonTokenType.EndArray && reader.CurrentDepth == depth))
        {
            if (reader.TokenType == JsonTokenType.PropertyName && (reader.TextIs("arguments"u8) || reader.TextIs("name"u8)))
            {
                CountText(ref reader);
            }
        }
    }

    private void CountText(ref Utf8JsonReader reader)
    {
        _ = reader.Read();
        if (reader.TokenType == JsonTokenType.String)
        {
            TextBytes += reader.ValueSpan.Length;
        }

        // A sound, a picture, pieces of a thought.
        var begin = reader.BytesConsumed;
        reader.Skip();
        HasContent |= reader.BytesConsumed - begin > 1;
    }

    private bool ReadError(ref Utf8JsonReader reader)
    {
        _ = reader.Read();
        switch (reader.TokenType)
        {
            case JsonTokenType.String:
                ErrorMessage = Text(ref reader);
                return true;
            case JsonTokenType.StartObject:
                var message = "The provider reported an error.";
                while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
                {
                    if (reader.TextIs("message"u8))
                    {
                        message = ReadString(ref reader) ?? message;
                    }
                    else
                    {
                        _ = reader.Read();
                        reader.Skip();
                    }
                }

                ErrorMessage = message;
                return true;
            default:
                reader.Skip();
                return false;
        }
    }

    private static int ReadIndex(ref Utf8JsonReader reader)
    {
        _ = reader.Read();
        if (reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out var index))
        {
            return Math.Clamp(index, 0, MaxChoice);
        }

        reader.Skip();
        return 0;
    }

    private ChunkTraits ReadType(ref Utf8JsonReader reader)
    {
        _ = reader.Read();
        if (reader.TokenType != JsonTokenType.String)
        {
            reader.Skip();
            return ChunkTraits.None;
        }

        // Several images may be streamed in one answer, each with its own end: none of these is known to be the last event.
        _isMediaDone |= reader.TextIs("image_generation.completed"u8) || reader.TextIs("image_edit.completed"u8)
            || reader.TextIs("speech.audio.done"u8) || reader.TextIs("transcript.text.done"u8);
        HasLastEvent |= reader.ValueSpan.StartsWith("response."u8) || reader.TextIs("message_start"u8);
        if (reader.TextIs("response.completed"u8) || reader.TextIs("response.incomplete"u8) || reader.TextIs("message_stop"u8))
        {
            return ChunkTraits.Last;
        }

        return reader.TextIs("response.failed"u8) ? ChunkTraits.Last | ChunkTraits.Error
            : reader.TextIs("error"u8) ? ChunkTraits.Error
            : ChunkTraits.None;
    }

    private static string? ReadString(ref Utf8JsonReader reader)
    {
        _ = reader.Read();
        if (reader.TokenType == JsonTokenType.String)
        {
            return Text(ref reader);
        }

        reader.Skip();
        return null;
    }

    /// <summary>Null for what is not valid Unicode: facts are for the record, the bytes pass all the same.</summary>
    private static string? Text(ref Utf8JsonReader reader)
    {
        try
        {
            return reader.GetString();
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }
}
