namespace Gatehouse.Protocols.Chat;

/// <summary>
/// Puts the parts of a stream one behind the other, for dialects in which no two may be open at once. The part that is open passes
/// through at once; what belongs to another is kept until its turn. A tool call whose provider does not say that it has ended is taken as
/// ended when its arguments are a whole JSON text and another part begins.
/// </summary>
public sealed class PartSequencer
{
    private readonly Dictionary<int, Waiting> _waiting = [];
    private readonly Queue<int> _order = [];
    private int _open = -1;
    private JsonBalance _balance;

    /// <summary>Takes one event; adds what can go out now.</summary>
    public void Push(ChatStreamEvent streamEvent, List<ChatStreamEvent> output)
    {
        switch (streamEvent)
        {
            case PartStarted started:
                Start(started, output);
                break;
            case PartDelta delta:
                Pass(delta.Part, delta, output);
                break;
            case PartSigned signed:
                Pass(signed.Part, signed, output);
                break;
            case PartCited cited:
                Pass(cited.Part, cited, output);
                break;
            case AudioDelta audio:
                Pass(audio.Part, audio, output);
                break;
            case PartEnded ended:
                End(ended, output);
                break;
            default:
                if (streamEvent is ChoiceStopped or AnswerEnded)
                {
                    Drain(output);
                }

                output.Add(streamEvent);
                break;
        }
    }

    private void Start(PartStarted started, List<ChatStreamEvent> output)
    {
        if (_open >= 0 && _balance.IsComplete)
        {
            CloseOpen(output);
        }

        if (_open < 0 && _order.Count == 0)
        {
            Open(started, output);
            return;
        }

        _waiting[started.Part] = new Waiting(started);
        _order.Enqueue(started.Part);
    }

    private void Pass(int part, ChatStreamEvent streamEvent, List<ChatStreamEvent> output)
    {
        if (part == _open)
        {
            if (streamEvent is PartDelta delta)
            {
                _balance.Add(delta.Text);
            }

            output.Add(streamEvent);
            if (_order.Count > 0 && _balance.IsComplete)
            {
                CloseOpen(output);
                Next(output);
            }
        }
        else if (_waiting.TryGetValue(part, out var waiting))
        {
            waiting.Events.Add(streamEvent);
        }
    }

    private void End(PartEnded ended, List<ChatStreamEvent> output)
    {
        if (ended.Part == _open)
        {
            CloseOpen(output);
            Next(output);
        }
        else if (_waiting.TryGetValue(ended.Part, out var waiting))
        {
            waiting.HasEnded = true;
        }
    }

    private void Drain(List<ChatStreamEvent> output)
    {
        while (_open >= 0)
        {
            CloseOpen(output);
            Next(output);
        }
    }

    private void Next(List<ChatStreamEvent> output)
    {
        while (_open < 0 && _order.TryDequeue(out var part))
        {
            _ = _waiting.Remove(part, out var waiting);
            Open(waiting!.Started, output);
            foreach (var streamEvent in waiting.Events)
            {
                if (streamEvent is PartDelta delta)
                {
                    _balance.Add(delta.Text);
                }

                output.Add(streamEvent);
            }

            if (waiting.HasEnded || (_order.Count > 0 && _balance.IsComplete))
            {
                CloseOpen(output);
            }
        }
    }

    private void Open(PartStarted started, List<ChatStreamEvent> output)
    {
        _open = started.Part;
        // Text has no form that tells its end: a text part ends when it is said to, or when the next part begins.
        _balance = new JsonBalance(isText: started.Content is not ToolCallPart { IsCustom: false });
        output.Add(started);
    }

    private void CloseOpen(List<ChatStreamEvent> output)
    {
        output.Add(new PartEnded(_open));
        _open = -1;
    }

    private sealed record Waiting(PartStarted Started)
    {
        public List<ChatStreamEvent> Events { get; } = [];

        public bool HasEnded { get; set; }
    }

    /// <summary>Whether a JSON text that arrives in pieces is whole, by its brackets.</summary>
    private struct JsonBalance(bool isText)
    {
        private readonly bool _isText = isText;
        private int _depth;
        private bool _hasContent;
        private bool _inString;
        private bool _isEscaped;

        /// <summary>True for text, and for arguments of which nothing has come yet: some providers send none for no arguments.</summary>
        public readonly bool IsComplete => _isText || !_hasContent || (_depth == 0 && !_inString);

        public void Add(string text)
        {
            if (_isText)
            {
                return;
            }

            foreach (var c in text)
            {
                _hasContent |= !char.IsWhiteSpace(c);
                if (_isEscaped)
                {
                    _isEscaped = false;
                }
                else if (_inString)
                {
                    _isEscaped = c == '\\';
                    _inString = c != '"';
                }
                else
                {
                    _inString = c == '"';
                    _depth += c is '{' or '[' ? 1 : c is '}' or ']' ? -1 : 0;
                }
            }
        }
    }
}
