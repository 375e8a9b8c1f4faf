using System.Globalization;
using System.Text;

namespace Gatehouse.Alerts.Channels;

/// <summary>
/// An alert as a mail (RFC 5322). Headers are ASCII: what else is in a subject is put into encoded words (RFC 2047), so nothing in an alert can end a
/// header or begin another.
/// </summary>
internal static class AlertMail
{
    /// <summary>"Each line of a header field that contains one or more 'encoded-word's is limited to 76 characters": 9 go to the name, 12 to the word's frame, and base64 makes 4 of 3.</summary>
    private const int MaxEncodedBytes = 39;

    private const int MaxPlain = 66;

    private const int MaxSubject = 200;

    public static string Write(string id, AlertNotice notice, EmailOptions options)
    {
        var domain = options.From[(options.From.IndexOf('@', StringComparison.Ordinal) + 1)..];
        var mail = new StringBuilder();
        Header("From", $"Gatehouse <{options.From}>");
        Header("To", string.Join(",\r\n ", options.To));
        Header("Subject", Encode(Cut(AlertProse.Title(notice))));
        Header("Date", notice.Time.UtcDateTime.ToString("ddd, dd MMM yyyy HH:mm:ss +0000", CultureInfo.InvariantCulture));
        Header("Message-ID", $"<{id}@{domain}>");
        // All that is said of one alert is one thread.
        Header("References", $"<{notice.Alert.Id}@{domain}>");
        Header("Auto-Submitted", "auto-generated");
        Header("MIME-Version", "1.0");
        Header("Content-Type", "text/plain; charset=utf-8");
        Header("Content-Transfer-Encoding", "base64");
        var body = Convert.ToBase64String(Encoding.UTF8.GetBytes(Body(notice)));
        for (var i = 0; i < body.Length; i += 76)
        {
            _ = mail.Append("\r\n").Append(body.AsSpan(i, Math.Min(76, body.Length - i)));
        }

        return mail.Append("\r\n").ToString();

        void Header(string name, string value) => mail.Append(name).Append(": ").Append(value).Append("\r\n");
    }

    private static string Body(AlertNotice notice)
    {
        var body = new StringBuilder();
        _ = body.Append(AlertProse.Sentence(notice)).Append("\r\n\r\n");
        foreach (var (name, value) in notice.Alert.Details)
        {
            _ = body.Append(name).Append(": ").Append(value).Append("\r\n");
        }

        return body.Append("\r\n").Append(AlertProse.Times(notice)).Append("\r\n").ToString();
    }

    private static string Cut(string text) => text.Length <= MaxSubject ? text : text[..(char.IsHighSurrogate(text[MaxSubject - 1]) ? MaxSubject - 1 : MaxSubject)];

    /// <summary>As it is when it is short printable ASCII that cannot be taken for an encoded word.</summary>
    private static string Encode(string text)
    {
        if (text.Length <= MaxPlain && text.All(c => c is >= ' ' and <= '~') && !text.Contains("=?", StringComparison.Ordinal))
        {
            return text;
        }

        var words = new List<string>();
        var bytes = new byte[MaxEncodedBytes];
        var length = 0;
        // "Each 'encoded-word' MUST represent an integral number of characters."
        foreach (var rune in text.EnumerateRunes())
        {
            if (length + rune.Utf8SequenceLength > MaxEncodedBytes)
            {
                words.Add(Word());
            }

            length += rune.EncodeToUtf8(bytes.AsSpan(length));
        }

        words.Add(Word());
        return string.Join("\r\n ", words);

        string Word()
        {
            var word = $"=?UTF-8?B?{Convert.ToBase64String(bytes, 0, length)}?=";
            length = 0;
            return word;
        }
    }
}
