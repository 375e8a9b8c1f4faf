using System.Text;
using System.Text.Json;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Chat;

/// <summary>The facts of an answer as the reader of its dialect tells them: of one that is translated, or relayed in a dialect of rarer use.</summary>
/// <param name="codec">The dialect of the answer.</param>
/// <param name="isStream">It comes in chunks.</param>
public sealed class CodecAnswerFacts(DialectCodec codec, bool isStream) : AnswerFacts
{
    private static readonly string[] MemberNames = ["usageMetadata", "modelVersion", "responseId", "error", "usage", "id", "model"];

    private readonly ChatStreamReader? _reader = isStream ? codec.NewStreamReader("") : null;
    private readonly List<ChatStreamEvent> _events = [];
    private int _begun;
    private int _finished;

    public override IReadOnlyList<string> Members => MemberNames;

    public override bool IsFinished => _begun > 0 && _finished >= _begun;

    public override bool Read(ReadOnlySpan<byte> json, out ChunkTraits traits)
    {
        traits = ChunkTraits.None;
        try
        {
            if (_reader is null)
            {
                var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = JsonWriting.ReadOptions.MaxDepth });
                using var document = JsonDocument.ParseValue(ref reader);
                traits = Observe(codec, document.RootElement);
                return !reader.Read();
            }

            _events.Clear();
            _reader.Read([], json, _events);
            foreach (var streamEvent in _events)
            {
                traits |= Observe(streamEvent);
            }

            return true;
        }
        catch (JsonException)
        {
            return false;
        }
        catch (MalformedException)
        {
            // JSON that says nothing to the gateway: it is the provider's to say, and the caller's to read.
            return true;
        }
    }

    /// <summary>Learns from a whole answer.</summary>
    public void Observe(ChatResponse response)
    {
        (Id, Model, Usage, ServiceTier) = (response.Id ?? Id, response.Model ?? Model, response.Usage ?? Usage, response.ServiceTier ?? ServiceTier);
        foreach (var choice in response.Choices)
        {
            _begun++;
            if (choice.Stop is { } stop)
            {
                _finished++;
                FinishReason = stop.Raw ?? stop.Reason.ToString();
            }

            foreach (var part in choice.Parts)
            {
                CountText(part);
            }
        }
    }

    /// <summary>Learns from an error.</summary>
    public void Observe(ChatError error) => ErrorMessage = error.Message;

    /// <summary>Learns from a piece of a stream.</summary>
    public ChunkTraits Observe(ChatStreamEvent streamEvent)
    {
        switch (streamEvent)
        {
            case AnswerStarted started:
                (Id, Model, ServiceTier) = (started.Id ?? Id, started.Model ?? Model, started.ServiceTier ?? ServiceTier);
                _begun = Math.Max(_begun, 1);
                break;
            case PartStarted started:
                _begun = Math.Max(_begun, started.Choice + 1);
                HasContent |= started.Content is not (TextPart or RefusalPart or ReasoningPart);
                CountText(started.Content);
                break;
            case PartDelta delta:
                TextBytes += Encoding.UTF8.GetByteCount(delta.Text);
                break;
            case AudioDelta or PartCited:
                HasContent = true;
                break;
            case ChoiceStopped stopped:
                _finished++;
                FinishReason = stopped.Stop.Raw ?? stopped.Stop.Reason.ToString();
                break;
            case UsageReported reported:
                Usage = Usage?.UpdatedBy(reported.Usage) ?? reported.Usage;
                break;
            case AnswerFailed failed:
                Observe(failed.Error);
                return ChunkTraits.Error;
            case AnswerEnded:
                return ChunkTraits.Last;
        }

        return ChunkTraits.None;
    }

    private ChunkTraits Observe(DialectCodec dialect, JsonElement answer)
    {
        if (answer.Member("error") is not null)
        {
            Observe(dialect.ReadError(200, answer));
            return ChunkTraits.Error;
        }

        Observe(dialect.ReadResponse(answer, ""));
        return ChunkTraits.None;
    }

    private void CountText(Part part) => TextBytes += part switch
    {
        TextPart text => Encoding.UTF8.GetByteCount(text.Text),
        RefusalPart refusal => Encoding.UTF8.GetByteCount(refusal.Text),
        ReasoningPart reasoning => Encoding.UTF8.GetByteCount(reasoning.Text),
        ToolCallPart call => Encoding.UTF8.GetByteCount(call.Arguments) + Encoding.UTF8.GetByteCount(call.Name),
        _ => 0,
    };
}
