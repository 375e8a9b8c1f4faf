using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.OpenAi;

/// <summary>
/// Reads streams of OpenAI's chat completions and of those who follow it, Mistral too. A choice's end is told at the end of the stream:
/// some providers send more after the <c>finish_reason</c>, or send it twice.
/// </summary>
/// <param name="fallbackId">Makes ids of tool calls.</param>
/// <param name="dialect">OpenAI's or Mistral's.</param>
internal sealed class OpenAiChatStreamReader(string fallbackId, Dialect dialect) : ChatStreamReader
{
    private readonly List<OpenAiChatStreamChoice> _choices = [];
    private readonly Dictionary<long, OpenAiChatStreamChoice> _byIndex = [];
    private readonly StreamParts _parts = new();
    private bool _hasStarted;
    private bool _isOver;
    private int _sources;

    public override void Read(ReadOnlySpan<byte> eventName, ReadOnlySpan<byte> data, List<ChatStreamEvent> events)
    {
        data = data.Trim(" \t\r\n"u8);
        if (_isOver || data.IsEmpty)
        {
            return;
        }

        if (data.SequenceEqual("[DONE]"u8))
        {
            End(events);
            return;
        }

        try
        {
            var reader = new Utf8JsonReader(data, new JsonReaderOptions { MaxDepth = JsonWriting.ReadOptions.MaxDepth });
            using var document = JsonDocument.ParseValue(ref reader);
            ReadChunk(document.RootElement, eventName.SequenceEqual("error"u8), events);
        }
        catch (JsonException)
        {
            throw new MalformedException(null, "a chunk of the stream is not JSON");
        }
        catch (InvalidOperationException)
        {
            throw new MalformedException(null, "a chunk of the stream holds half a surrogate pair, which is not valid Unicode");
        }
    }

    public override void EndOfStream(List<ChatStreamEvent> events)
    {
        // Perplexity and GPUStack send no [DONE]: then every choice must have told why it ended.
        if (!_isOver && _choices.Count > 0 && _choices.TrueForAll(c => c.Stop is not null))
        {
            End(events);
        }
    }

    private void ReadChunk(JsonElement chunk, bool isErrorEvent, List<ChatStreamEvent> events)
    {
        if (chunk.ValueKind != JsonValueKind.Object)
        {
            throw new MalformedException(null, "a chunk of the stream is not a JSON object");
        }

        // The choices of a chunk with an error say no more than that there is one.
        if (isErrorEvent || chunk.Member("error") is { ValueKind: JsonValueKind.Object or JsonValueKind.String } || IsError(chunk))
        {
            _isOver = true;
            events.Add(new AnswerFailed(OpenAiChatErrors.Read(0, chunk)));
            return;
        }

        var choices = chunk.Items("choices");
        if (!_hasStarted && (chunk.Array("choices") is { } list && list.GetArrayLength() > 0 || chunk.Text("id") is { Length: > 0 }))
        {
            _hasStarted = true;
            events.Add(new AnswerStarted(chunk.Text("id") is { Length: > 0 } id ? id : null, chunk.Text("model") is { Length: > 0 } model ? model : null)
            {
                Created = chunk.Integer("created"),
                ServiceTier = chunk.Text("service_tier") is { Length: > 0 } tier ? tier : null,
            });
        }

        foreach (var choice in choices)
        {
            ChoiceOf(choice.Integer("index") ?? 0)?.Read(choice, events);
        }

        ReadSources(chunk, events);
        if (OpenAiChatUsage.Find(chunk) is { } usage)
        {
            events.Add(new UsageReported(usage));
        }
    }

    /// <summary>Perplexity lists all pages again in every chunk.</summary>
    private void ReadSources(JsonElement chunk, List<ChatStreamEvent> events)
    {
        if ((chunk.Array("search_results") ?? chunk.Array("citations")) is not { } list || list.GetArrayLength() <= _sources || _choices is not [var choice, ..] || choice.Stop is not null)
        {
            return;
        }

        foreach (var citation in OpenAiChatResponseReader.ReadSources(chunk, dialect).Skip(_sources))
        {
            choice.Cite(citation, events);
        }

        _sources = list.GetArrayLength();
    }

    /// <summary>Mistral's and vLLM's envelope has no <c>error</c> member.</summary>
    private static bool IsError(JsonElement chunk) =>
        chunk.Member("object") is { ValueKind: JsonValueKind.String } kind && kind.ValueEquals("error"u8);

    private OpenAiChatStreamChoice? ChoiceOf(long index)
    {
        if (_byIndex.TryGetValue(index, out var choice))
        {
            return choice;
        }

        if (index is < 0 or > int.MaxValue)
        {
            return null;
        }

        choice = new OpenAiChatStreamChoice((int)index, fallbackId, dialect, _parts);
        _choices.Add(choice);
        _byIndex.Add(index, choice);
        return choice;
    }

    private void End(List<ChatStreamEvent> events)
    {
        if (_choices.Count == 0)
        {
            // Nothing was answered: no proper end.
            return;
        }

        _isOver = true;
        foreach (var choice in _choices)
        {
            choice.End(events);
        }

        events.Add(AnswerEnded.Instance);
    }
}

/// <summary>Counts the parts of a stream.</summary>
internal sealed class StreamParts
{
    private int _count;

    public int Next() => _count++;
}
