using System.Text;
using System.Text.RegularExpressions;

namespace Gatehouse.Protocols.Tests.Sse;

/// <summary>Event streams as their standard describes them, on whole texts and without regard for speed.</summary>
internal static partial class SseReference
{
    /// <summary>
    /// Whole frames of a text. A CR at the very end of the text is not yet a line end, as LF may follow; but the second CR in a row
    /// ends a frame at once: servers that write CR must not wait for their next event to have this one delivered. If LF follows
    /// after all, it is an empty frame, which dispatches nothing.
    /// </summary>
    public static List<string> Frames(string text) => Frame().Matches(text).Select(match => match.Value).ToList();

    /// <summary>WHATWG HTML, 9.2.6 Interpreting an event stream: the events that a text dispatches.</summary>
    public static List<(string Event, string Data)> Events(string text)
    {
        var events = new List<(string, string)>();
        var data = new StringBuilder();
        var eventType = "";
        // "Lines must be separated by either a CRLF pair, a single LF, or a single CR"; what has no line end is not a line.
        foreach (var line in text.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n').Split('\n')[..^1])
        {
            if (line.Length == 0)
            {
                // "If the data buffer is an empty string, set the data buffer and the event type buffer to the empty string and return."
                if (data.Length > 0)
                {
                    // "If the data buffer's last character is LF, then remove the last character from the data buffer."
                    events.Add((eventType, data.ToString(0, data.Length - 1)));
                }

                data.Clear();
                eventType = "";
                continue;
            }

            var colon = line.IndexOf(':', StringComparison.Ordinal);
            var (field, value) = colon < 0 ? (line, "") : (line[..colon], line[(colon + 1)..]);
            value = value.StartsWith(' ') ? value[1..] : value;
            switch (field)
            {
                case "data":
                    data.Append(value).Append('\n');
                    break;
                case "event":
                    eventType = value;
                    break;
                default:
                    // Comments (an empty name), id, retry and unknown fields do not matter to the relay.
                    break;
            }
        }

        return events;
    }

    [GeneratedRegex(@"\G((([^\r\n]+(\r\n|\n|\r(?=[^\n])))*[^\r\n]+\r\r)|(([^\r\n]+(\r\n|\n|\r(?=[^\n])))*(\r\n|\n|\r(?=[^\n]))))", RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex Frame();
}
