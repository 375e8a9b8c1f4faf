namespace Gatehouse.Protocols.Chat;

/// <summary>Tells a whole answer as the events of a stream, for a caller that asked for one where the provider did not stream.</summary>
public static class AnswerEvents
{
    public static IEnumerable<ChatStreamEvent> Of(ChatResponse response)
    {
        yield return new AnswerStarted(response.Id, response.Model) { Created = response.Created, ServiceTier = response.ServiceTier };
        var number = 0;
        foreach (var choice in response.Choices)
        {
            foreach (var part in choice.Parts)
            {
                foreach (var streamEvent in Of(choice, part, number))
                {
                    yield return streamEvent;
                }

                number++;
            }

            yield return new ChoiceStopped(choice.Index, choice.Stop ?? new Stop(StopReason.EndTurn, Raw: null));
        }

        if (response.Usage is { } usage)
        {
            yield return new UsageReported(usage);
        }

        yield return AnswerEnded.Instance;
    }

    private static IEnumerable<ChatStreamEvent> Of(ChatChoice choice, Part part, int number)
    {
        var (start, text) = part switch
        {
            TextPart p => (p with { Text = "", Citations = [], Signature = null }, p.Text),
            RefusalPart p => (p with { Text = "" }, p.Text),
            ReasoningPart { IsRedacted: false } p => (p with { Text = "", Signature = null }, p.Text),
            ToolCallPart p => ((Part)(p with { Arguments = "", Signature = null }), p.Arguments),
            _ => (part, ""),
        };
        yield return new PartStarted(choice.Index, number, start);
        if (text.Length > 0)
        {
            yield return new PartDelta(number, text);
        }

        if (part is TextPart { Citations: var citations })
        {
            foreach (var citation in citations)
            {
                yield return new PartCited(number, citation);
            }
        }

        var signature = part switch
        {
            TextPart p => p.Signature,
            ReasoningPart { IsRedacted: false } p => p.Signature,
            ToolCallPart p => p.Signature,
            _ => null,
        };
        if (signature is not null)
        {
            yield return new PartSigned(number, signature);
        }

        yield return new PartEnded(number);
    }
}
