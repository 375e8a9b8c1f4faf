namespace Gatehouse.Alerts;

/// <summary>
/// Texts of alerts are kept short and on one line: some are made of what clients send, and they go into logs, chats and the headers of mails.
/// </summary>
internal static class AlertText
{
    public const int MaxSubject = 300;
    private const int MaxKind = 100;
    private const int MaxMessage = 2000;
    private const int MaxDetails = 32;
    private const int MaxDetail = 500;

    /// <summary>The same object when there is nothing to do, which is nearly always.</summary>
    public static Alert Clean(Alert alert)
    {
        var (kind, subject, message) = (Line(alert.Kind, MaxKind), Line(alert.Subject, MaxSubject), Line(alert.Message, MaxMessage));
        var isClean = ReferenceEquals(kind, alert.Kind) && ReferenceEquals(subject, alert.Subject) && ReferenceEquals(message, alert.Message);
        isClean &= alert.Details.Count <= MaxDetails && alert.Details.All(detail =>
            ReferenceEquals(Line(detail.Key, MaxKind), detail.Key) && ReferenceEquals(Line(detail.Value, MaxDetail), detail.Value));
        return isClean ? alert : new Alert(kind, subject, alert.Severity, message) { Details = Clean(alert.Details) };
    }

    public static (string Kind, string Subject) Key(string kind, string subject) => (Line(kind, MaxKind), Line(subject, MaxSubject));

    public static string Message(string message) => Line(message, MaxMessage);

    private static Dictionary<string, string> Clean(IReadOnlyDictionary<string, string> details)
    {
        var clean = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in details.Take(MaxDetails))
        {
            clean[Line(name, MaxKind)] = Line(value, MaxDetail);
        }

        return clean;
    }

    private static string Line(string text, int most)
    {
        if (text.Length <= most && IsLine(text))
        {
            return text;
        }

        var length = Math.Min(text.Length, most);
        if (length < text.Length && char.IsHighSurrogate(text[length - 1]))
        {
            length--;
        }

        return string.Create(length, text, static (line, text) =>
        {
            for (var i = 0; i < line.Length; i++)
            {
                line[i] = IsBreak(text[i]) ? ' ' : text[i];
            }
        });
    }

    private static bool IsLine(string text)
    {
        foreach (var c in text)
        {
            if (IsBreak(c))
            {
                return false;
            }
        }

        return true;
    }

    // The separators of lines and paragraphs are no control characters, but break a line where it is shown.
    private static bool IsBreak(char c) => char.IsControl(c) || c is '\u2028' or '\u2029';
}
