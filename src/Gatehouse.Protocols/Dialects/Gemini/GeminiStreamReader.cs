using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.Gemini;

/// <summary>
/// Reads the answers of <c>streamGenerateContent</c>: each frame is a whole answer with the next piece in it. There is no last frame: the
/// answer is whole when all of its candidates have a reason to end.
/// </summary>
/// <param name="fallbackId">Makes ids of calls.</param>
internal sealed class GeminiStreamReader(string fallbackId) : ChatStreamReader
{
    /// <summary>"Candidates ... up to 8"; it bounds what a hostile stream costs.</summary>
    private const int MaxCandidates = 128;

    private readonly GeminiCallIds _ids = new(fallbackId);
    private readonly List<GeminiCandidateReader?> _candidates = [];
    private int _parts;
    private bool _hasStarted;
    private bool _hasFailed;
    private Usage? _usage;

    public override void Read(ReadOnlySpan<byte> eventName, ReadOnlySpan<byte> data, List<ChatStreamEvent> events)
    {
        JsonDocument document;
        try
        {
            var reader = new Utf8JsonReader(data, new JsonReaderOptions { MaxDepth = JsonWriting.ReadOptions.MaxDepth });
            document = JsonDocument.ParseValue(ref reader);
        }
        catch (JsonException exception)
        {
            throw new MalformedException(null, "a frame of the stream is not JSON: " + exception.Message);
        }

        using (document)
        {
            // Without alt=sse the stream is one list of answers.
            foreach (var chunk in GeminiMembers.Repeated(document.RootElement))
            {
                Read(chunk, events);
            }
        }
    }

    public override void EndOfStream(List<ChatStreamEvent> events)
    {
        if (!_hasFailed && _candidates.Count > 0 && _candidates.TrueForAll(c => c is null or { IsStopped: true }))
        {
            events.Add(AnswerEnded.Instance);
        }
    }

    private void Read(JsonElement chunk, List<ChatStreamEvent> events)
    {
        if (_hasFailed || chunk.ValueKind != JsonValueKind.Object)
        {
            return;
        }

        if (chunk.Member("error") is not null)
        {
            _hasFailed = true;
            events.Add(new AnswerFailed(GeminiResponseReader.ReadError(0, chunk)));
            return;
        }

        var usage = chunk.Member("usageMetadata") is { ValueKind: JsonValueKind.Object } metadata ? metadata : (JsonElement?)null;
        if (!_hasStarted)
        {
            _hasStarted = true;
            events.Add(new AnswerStarted(chunk.Member("responseId") is { } id ? GeminiMembers.Text(id) : null, ModelOf(chunk))
            {
                Created = chunk.Member("createTime") is { } time ? GeminiResponseReader.SecondsOf(time) : null,
                ServiceTier = usage?.Text("serviceTier"),
            });
        }

        ReadCandidates(chunk, events);
        if (usage is { } counts && GeminiUsageReader.Read(counts) is { } read && read != _usage)
        {
            _usage = read;
            events.Add(new UsageReported(read));
        }
    }

    private void ReadCandidates(JsonElement chunk, List<ChatStreamEvent> events)
    {
        var position = 0;
        foreach (var candidate in chunk.Items("candidates"))
        {
            if (candidate.ValueKind == JsonValueKind.Object)
            {
                Candidate(candidate.Integer("index") ?? position).Read(candidate, events);
            }

            position++;
        }

        if (position == 0 && chunk.Member("promptFeedback") is { ValueKind: JsonValueKind.Object } feedback
            && feedback.Member("blockReason") is not null && _candidates.Count == 0)
        {
            Candidate(0).Stop(GeminiResponseReader.BlockOf(feedback), events);
        }
    }

    private GeminiCandidateReader Candidate(long index)
    {
        if (index is < 0 or >= MaxCandidates)
        {
            throw new MalformedException("candidates.index", $"a candidate has the index {index}");
        }

        while (_candidates.Count <= index)
        {
            _candidates.Add(null);
        }

        return _candidates[(int)index] ??= new GeminiCandidateReader((int)index, _ids, () => _parts++);
    }

    private static string? ModelOf(JsonElement chunk) => chunk.Member("modelVersion") is { } model ? GeminiMembers.Text(model) : null;
}
