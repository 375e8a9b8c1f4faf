using System.Text;

namespace Gatehouse.Protocols.Chat;

/// <summary>Puts a whole answer together from the events of its stream.</summary>
/// <param name="dialect">The dialect that it was streamed in.</param>
public sealed class AnswerCollector(Dialect dialect)
{
    private readonly List<Growing> _parts = [];
    private readonly Dictionary<int, Growing> _byNumber = [];
    private readonly SortedDictionary<int, Stop?> _choices = [];
    private AnswerStarted? _started;
    private Usage? _usage;
    private Extensions? _extensions;

    /// <summary>The provider's own words about why it broke off; null when it did not.</summary>
    public ChatError? Error { get; private set; }

    /// <summary>The answer is whole.</summary>
    public bool HasEnded { get; private set; }

    public void Add(ChatStreamEvent streamEvent)
    {
        switch (streamEvent)
        {
            case AnswerStarted started:
                _started = started;
                _extensions = started.Extensions;
                break;
            case PartStarted started:
                var growing = new Growing(started.Choice, started.Content);
                _parts.Add(growing);
                _byNumber[started.Part] = growing;
                _ = _choices.TryAdd(started.Choice, null);
                break;
            case PartDelta delta when _byNumber.TryGetValue(delta.Part, out var part):
                _ = part.Text.Append(delta.Text);
                break;
            case PartSigned signed when _byNumber.TryGetValue(signed.Part, out var part):
                part.Content = Signed(part.Content, signed.Signature);
                break;
            case PartCited cited when _byNumber.TryGetValue(cited.Part, out var part):
                part.Citations.Add(cited.Citation);
                break;
            case AudioDelta audio when _byNumber.TryGetValue(audio.Part, out var part):
                part.Add(audio);
                break;
            case ChoiceStopped stopped:
                _choices[stopped.Choice] = stopped.Stop;
                _extensions = _extensions?.With(stopped.Extensions) ?? stopped.Extensions;
                break;
            case UsageReported reported:
                _usage = _usage?.UpdatedBy(reported.Usage) ?? reported.Usage;
                break;
            case AnswerFailed failed:
                Error = failed.Error;
                break;
            case AnswerEnded:
                HasEnded = true;
                break;
        }
    }

    /// <summary>What there is so far.</summary>
    public ChatResponse ToResponse()
    {
        var parts = _parts.ToLookup(part => part.Choice, part => part.ToPart());
        return new ChatResponse
        {
            Dialect = dialect,
            Id = _started?.Id,
            Model = _started?.Model,
            Created = _started?.Created,
            ServiceTier = _started?.ServiceTier,
            Usage = _usage,
            Extensions = _extensions,
            Choices = [.. _choices.Select(choice => new ChatChoice(choice.Key, [.. parts[choice.Key]], choice.Value))],
        };
    }

    private static Part Signed(Part part, Signature signature) => part switch
    {
        ReasoningPart reasoning => reasoning with { Signature = signature },
        ToolCallPart call => call with { Signature = signature },
        TextPart text => text with { Signature = signature },
        ImagePart image => image with { Signature = signature },
        _ => part,
    };

    private sealed class Growing(int choice, Part content)
    {
        private StringBuilder? _sound;

        public int Choice { get; } = choice;

        public Part Content { get; set; } = content;

        public StringBuilder Text { get; } = new();

        public List<Citation> Citations { get; } = [];

        public void Add(AudioDelta delta)
        {
            _ = Text.Append(delta.Transcript);
            _ = (_sound ??= new StringBuilder()).Append(delta.Base64);
            if (Content is AudioPart audio)
            {
                Content = audio with { Id = delta.Id ?? audio.Id, ExpiresAt = delta.ExpiresAt ?? audio.ExpiresAt };
            }
        }

        public Part ToPart() => Content switch
        {
            TextPart text => text with { Text = text.Text + Text, Citations = Citations.Count == 0 ? text.Citations : [.. text.Citations, .. Citations] },
            RefusalPart refusal => refusal with { Text = refusal.Text + Text },
            ReasoningPart reasoning => reasoning with { Text = reasoning.Text + Text },
            ToolCallPart call => call with { Arguments = Arguments(call) },
            AudioPart audio when _sound is not null =>
                audio with { Transcript = Text.ToString(), Source = audio.Source with { Base64 = Encoding.UTF8.GetBytes(_sound.ToString()) } },
            _ => Content,
        };

        private string Arguments(ToolCallPart call)
        {
            var arguments = call.Arguments + Text;
            return arguments.Length == 0 && !call.IsCustom ? "{}" : arguments;
        }
    }
}
