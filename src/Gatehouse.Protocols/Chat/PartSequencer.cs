namespace Gatehouse.Protocols.Chat;

/// <summary>
/// Puts the parts of a stream one behind the other, for dialects in which no two may be open at once. Those dialects have one answer: of
/// others than the first nothing passes. The part that is open passes
/// through at once; what belongs to another is kept until its turn. A tool call whose provider does not say that it has ended is taken as
/// ended when its arguments are a whole JSON text and another part begins.
/// </summary>
public sealed class PartSequencer
{
    private readonly Dictionary<int, Waiting> _waiting = [];
    private readonly Queue<int> _order = [];

    /// <summary>Texts that were taken as ended when the next part began.</summary>
    private readonly Dictionary<int, PartStarted> _cut = [];
    private PartStarted? _opened;
    private int _open = -1;
    private JsonBalance _balance;

    /// <summary>Takes one event; adds what can go out now.</summary>
    public void Push(ChatStreamEvent streamEvent, List<ChatStreamEvent> output)
    {
        switch (streamEvent)
        {
            // What follows of such a part, too, is then of none that is known.
            case PartStarted { Choice: not 0 } or ChoiceStopped { Choice: not 0 }:
                break;
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
            CutOpen(output);
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
                CutOpen(output);
                Next(output);
            }
        }
        else if (_waiting.TryGetValue(part, out var waiting))
        {
            waiting.Events.Add(streamEvent);
        }
        else if (streamEvent is PartDelta { Text.Length: > 0 } && _cut.Remove(part, out var started))
        {
            // The text goes on behind the part that began meanwhile: as a part of its own.
            Start(started, output);
            Pass(part, streamEvent, output);
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
        else
        {
            _ = _cut.Remove(ended.Part);
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

            if (waiting.HasEnded)
            {
                CloseOpen(output);
            }
            else if (_order.Count > 0 && _balance.IsComplete)
            {
                CutOpen(output);
            }
        }
    }

    private void Open(PartStarted started, List<ChatStreamEvent> output)
    {
        _open = started.Part;
        _opened = started;
        _balance = new JsonBalance(started.Content is ToolCallPart call ? call.IsCustom ? Form.FreeText : Form.Json : Form.Text);
        output.Add(started);
    }

    /// <summary>The next part begins, and nobody has said yet that the open one has ended.</summary>
    private void CutOpen(List<ChatStreamEvent> output)
    {
        if (_opened!.Content is not ToolCallPart)
        {
            _cut[_open] = _opened;
        }

        CloseOpen(output);
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

    private enum Form
    {
        /// <summary>Nothing in it tells its end: it ends when it is said to, or when the next part begins, and may go on later.</summary>
        Text,

        /// <summary>A custom tool's: nothing in it tells its end, and it cannot be taken up again.</summary>
        FreeText,
        Json,
    }

    /// <summary>Whether a JSON text that arrives in pieces is whole, by its brackets.</summary>
    private struct JsonBalance(Form form)
    {
        private readonly Form _form = form;
        private int _depth;
        private bool _hasContent;
        private bool _inString;
        private bool _isEscaped;

        /// <summary>
        /// True for text. Not for arguments of which nothing has come yet: some providers announce several calls before the arguments of
        /// the first.
        /// </summary>
        public readonly bool IsComplete => _form == Form.Text || (_form == Form.Json && _hasContent && _depth == 0 && !_inString);

        public void Add(string text)
        {
            if (_form != Form.Json)
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
