using System.Buffers;
using System.Text;

namespace Gatehouse.Protocols.Chat;

/// <summary>
/// What a provider seals its thoughts with. It is of use only to the provider that made it, and only unchanged; other dialects carry it
/// for the caller in a field of their own, marked with whose it is.
/// </summary>
/// <param name="Maker">Whose it is. Claude's signatures hold on every platform, so Bedrock's are <see cref="Dialect.Anthropic"/>.</param>
/// <param name="Value">As the provider wrote it.</param>
public sealed record Signature(Dialect Maker, string Value)
{
    private const string Mark = "gatehouse.";

    private static readonly (Dialect Maker, string Name)[] Names =
    [
        (Dialect.Anthropic, "anthropic"), (Dialect.Gemini, "gemini"), (Dialect.OpenAiResponses, "openai"), (Dialect.Bedrock, "bedrock"),
        (Dialect.OpenAiChat, "chat"), (Dialect.Cohere, "cohere"), (Dialect.Ollama, "ollama"), (Dialect.Mistral, "mistral"),
    ];

    /// <summary>As it stands in a field of another dialect, where a client keeps it and sends it back: <c>gatehouse.gemini.VALUE</c>.</summary>
    /// <param name="carrier">The dialect of the field; its own signatures need no mark.</param>
    public string In(Dialect carrier) => carrier == Maker ? Value : $"{Mark}{Array.Find(Names, n => n.Maker == Maker).Name}.{Value}";

    /// <summary>Reads a field that may carry a marked signature.</summary>
    /// <param name="carrier">The dialect of the field.</param>
    /// <param name="text">What stands in it.</param>
    public static Signature From(Dialect carrier, string text)
    {
        if (text.StartsWith(Mark, StringComparison.Ordinal))
        {
            var rest = text.AsSpan(Mark.Length);
            foreach (var (maker, name) in Names)
            {
                if (rest.Length > name.Length && rest[name.Length] == '.' && rest.StartsWith(name))
                {
                    return new Signature(maker, rest[(name.Length + 1)..].ToString());
                }
            }
        }

        return new Signature(carrier, text);
    }

    /// <summary>Whether a marked signature may stand in a JSON text. May say yes for a text that begins with the mark, too.</summary>
    public static bool IsMarkedIn(in ReadOnlySequence<byte> json)
    {
        if (json.IsSingleSegment)
        {
            return IsMarkedIn(json.FirstSpan);
        }

        // What lies across the seam of two pieces is looked at by itself.
        const int reach = 12;
        Span<byte> seam = stackalloc byte[2 * reach];
        var kept = 0;
        foreach (var piece in json)
        {
            var span = piece.Span;
            var head = Math.Min(span.Length, reach);
            span[..head].CopyTo(seam[kept..]);
            if (IsMarkedIn(span) || IsMarkedIn(seam[..(kept + head)]))
            {
                return true;
            }

            var tail = span.Length >= reach ? span[^reach..] : seam[Math.Max(0, kept + head - reach)..(kept + head)];
            tail.CopyTo(seam);
            kept = tail.Length;
        }

        return false;
    }

    /// <summary>As <see cref="In"/>, for a field that must be base64 (Gemini's <c>thoughtSignature</c>).</summary>
    public string InBase64(Dialect carrier) => carrier == Maker ? Value : Convert.ToBase64String(Encoding.UTF8.GetBytes(In(carrier)));

    /// <summary>As <see cref="From"/>, for a field that must be base64.</summary>
    public static Signature FromBase64(Dialect carrier, string text)
    {
        // "Z2F0ZWhvdXNl" is the base64 of the mark's first nine letters: nothing else needs decoding.
        const string markInBase64 = "Z2F0ZWhvdXNl";
        if (!text.StartsWith(markInBase64, StringComparison.Ordinal))
        {
            return new Signature(carrier, text);
        }

        var bytes = new byte[text.Length];
        return Convert.TryFromBase64String(text, bytes, out var length)
            && From(carrier, Encoding.UTF8.GetString(bytes, 0, length)) is { } marked && marked.Maker != carrier
            ? marked
            : new Signature(carrier, text);
    }

    private static bool IsMarkedIn(ReadOnlySpan<byte> json) => json.IndexOf("\"gatehouse."u8) >= 0 || json.IndexOf("\"Z2F0ZWhvdXNl"u8) >= 0;
}
