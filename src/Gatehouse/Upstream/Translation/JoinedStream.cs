using System.Text;
using Gatehouse.Pipeline;
using Gatehouse.Protocols.Chat;

namespace Gatehouse.Upstream.Translation;

/// <summary>
/// What lives on when a streamed answer goes on at another target: one writer, so that the caller reads one message, and what has been said.
/// Only plain text can be gone on with.
/// </summary>
/// <param name="writer">Of the caller's dialect.</param>
/// <param name="request">As the caller made it.</param>
/// <param name="continuation">Of the route; never off.</param>
internal sealed class JoinedStream(ChatStreamWriter writer, ChatRequest request, Continuation continuation)
{
    /// <summary>An answer of many pieces is no answer any more.</summary>
    private const int MaxContinuations = 2;

    private const int BytesPerToken = 4;

    private const int None = -1;

    private readonly bool _canBeContinued = request is { Candidates: null or 1, ResponseFormat: null or { Kind: ResponseFormatKind.Text } };
    private readonly StringBuilder _text = new();
    private readonly Dictionary<int, int> _numbers = [];
    private readonly List<ChatStreamEvent> _joined = [];
    private int _nextPart;
    private int _firstPart;
    private int _openText = None;
    private bool _isMore;
    private bool _hasStopped;

    /// <summary>White space with which the text ended, for as far as the next piece may repeat it.</summary>
    private string _overlap = "";
    private readonly List<(int Attempt, Target Target, Usage Usage)> _calls = [];
    private Usage? _earlier;
    private Usage? _current;
    private long _currentBytes;

    public ChatStreamWriter Writer => writer;

    /// <summary>The whole answer, for those who want to keep it.</summary>
    public AnswerCollector? Whole { get; set; }

    /// <summary>How often it has gone on elsewhere.</summary>
    public int Continuations { get; private set; }

    /// <summary>
    /// Nothing but text has been said, it was in the middle of it, and has not been gone on with too often. A text that was said to have ended
    /// may have been all there was to say.
    /// </summary>
    public bool CanContinue => _canBeContinued && Continuations < MaxContinuations && !_isMore && !_hasStopped && (_openText != None || _nextPart == 0);

    /// <summary>All calls, each with the place of its attempt and what it told of its usage or, where it broke off, must have used.</summary>
    /// <param name="exchange">It is over.</param>
    public IEnumerable<(int Attempt, Target Target, Usage Usage)> Calls(Exchange exchange) =>
        (exchange.Outcome == ExchangeOutcome.Completed ? _current ?? new Usage() : Used()) is { } usage
            ? _calls.Append((exchange.Attempts.Count - 1, exchange.Target!, usage))
            : _calls;

    /// <summary>Makes the events of the target that answers now events of the one answer.</summary>
    public void Join(List<ChatStreamEvent> events)
    {
        if (Continuations == 0)
        {
            events.ForEach(Observe);
            return;
        }

        _joined.Clear();
        foreach (var streamEvent in events)
        {
            Place(streamEvent);
        }

        events.Clear();
        events.AddRange(_joined);
    }

    /// <summary>The target broke off; the next one goes on.</summary>
    public void BreakOff(Exchange exchange)
    {
        if (Used() is { } used)
        {
            _calls.Add((exchange.Attempts.Count - 1, exchange.Target!, used));
            _earlier = _earlier?.Plus(used) ?? used;
            _ = ((CodecAnswerFacts)exchange.Facts).Observe(new UsageReported(_earlier));
        }

        Continuations++;
        (_current, _currentBytes) = (null, 0);
        _numbers.Clear();
        _firstPart = _nextPart;
        _overlap = _text.ToString()[Said().Length..];
    }

    /// <summary>The request for the target that goes on.</summary>
    public ChatRequest RequestFor(ChatRequest asked, Target target) => ContinuedRequest.Of(asked, target, continuation, Said(), TokensOf(Encoding.UTF8.GetByteCount(_text.ToString())));

    /// <summary>Anthropic refuses a last turn that ends in white space; models go on better without it.</summary>
    private string Said() => _text.ToString().TrimEnd();

    private void Place(ChatStreamEvent streamEvent)
    {
        switch (streamEvent)
        {
            // The message has begun long ago.
            case AnswerStarted:
                break;
            case PartStarted { Content: TextPart } started when started.Choice == 0 && _openText != None:
                _numbers[started.Part] = _openText;
                break;
            case PartStarted started:
                CloseText();
                _numbers[started.Part] = _firstPart + started.Part;
                Add(started with { Part = _firstPart + started.Part });
                break;
            case PartDelta delta when NumberOf(delta.Part) is var part:
                var text = part == _openText ? WithoutOverlap(delta.Text) : delta.Text;
                if (text.Length > 0)
                {
                    Add(delta with { Part = part, Text = text });
                }

                break;
            case PartSigned signed:
                Add(signed with { Part = NumberOf(signed.Part) });
                break;
            case PartCited cited:
                Add(cited with { Part = NumberOf(cited.Part) });
                break;
            case AudioDelta audio:
                Add(audio with { Part = NumberOf(audio.Part) });
                break;
            case PartEnded ended:
                Add(new PartEnded(NumberOf(ended.Part)));
                break;
            case UsageReported reported:
                _current = _current?.UpdatedBy(reported.Usage) ?? reported.Usage;
                _joined.Add(new UsageReported(_earlier?.Plus(_current) ?? _current));
                break;
            case ChoiceStopped:
                CloseText();
                Add(streamEvent);
                break;
            default:
                Add(streamEvent);
                break;
        }
    }

    private void Add(ChatStreamEvent streamEvent)
    {
        Observe(streamEvent);
        _joined.Add(streamEvent);
    }

    /// <summary>The next target does something else first, or says nothing more.</summary>
    private void CloseText()
    {
        if (_openText != None)
        {
            Add(new PartEnded(_openText));
        }
    }

    private int NumberOf(int part) => _numbers.TryGetValue(part, out var number) ? number : _firstPart + part;

    private string WithoutOverlap(string text)
    {
        var count = 0;
        while (count < text.Length && count < _overlap.Length && text[count] == _overlap[count])
        {
            count++;
        }

        _overlap = count == text.Length ? _overlap[count..] : "";
        return text[count..];
    }

    private void Observe(ChatStreamEvent streamEvent)
    {
        switch (streamEvent)
        {
            case PartStarted started:
                _nextPart = Math.Max(_nextPart, started.Part + 1);
                _isMore |= started.Choice > 0 || started.Content is not (TextPart or ReasoningPart);
                if (started.Content is TextPart text)
                {
                    _openText = started.Part;
                    Say(text.Text);
                }

                break;
            case PartDelta delta when delta.Part == _openText:
                Say(delta.Text);
                break;
            case PartDelta delta:
                _currentBytes += Encoding.UTF8.GetByteCount(delta.Text);
                break;
            case PartEnded ended when ended.Part == _openText:
                _openText = None;
                break;
            case UsageReported reported:
                _current = _current?.UpdatedBy(reported.Usage) ?? reported.Usage;
                break;
            case ChoiceStopped:
                _hasStopped = true;
                break;
        }
    }

    private void Say(string text)
    {
        _ = _text.Append(text);
        _currentBytes += Encoding.UTF8.GetByteCount(text);
    }

    /// <summary>
    /// What the call that broke off is charged for: what its target told of its input, or an estimate of it, and all the output that came.
    /// </summary>
    private Usage? Used()
    {
        if (_current is null && _currentBytes == 0)
        {
            return null;
        }

        var told = _current ?? new Usage { InputTokens = TokenEstimate.Of(request) };
        return told with { OutputTokens = Math.Max(told.OutputTokens ?? 0, TokensOf(_currentBytes)) };
    }

    private static long TokensOf(long bytes) => (bytes + BytesPerToken - 1) / BytesPerToken;
}
