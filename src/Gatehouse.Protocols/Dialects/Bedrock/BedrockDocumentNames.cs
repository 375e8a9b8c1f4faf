using System.Text;
using Gatehouse.Protocols.Chat;

namespace Gatehouse.Protocols.Dialects.Bedrock;

/// <summary>
/// Every document of a request has a name of its own, 1 to 200 long, of "alphanumeric characters, whitespace characters (no more than one
/// in a row), hyphens, parentheses, square brackets" (DocumentBlock). The same request always gives the same names: prompts are cached.
/// </summary>
internal sealed class BedrockDocumentNames
{
    private const int MaxLength = 200;

    /// <summary>Room for a number behind a name that stands twice.</summary>
    private const int MaxStemLength = MaxLength - 8;

    private readonly Dictionary<string, int> _uses = new(StringComparer.Ordinal);

    public string Of(FilePart file)
    {
        var stem = Stem(file.Title ?? file.FileName ?? "");
        if (stem.Length == 0)
        {
            stem = "Document";
        }

        while (true)
        {
            var use = _uses.GetValueOrDefault(stem) + 1;
            _uses[stem] = use;
            var name = use == 1 ? stem : $"{stem} ({use})";
            // "a" twice and "a (2)" once are three documents.
            if (use == 1 || _uses.TryAdd(name, 1))
            {
                return name;
            }
        }
    }

    private static string Stem(string title)
    {
        // The end of a file's name is what `format` says.
        if (BedrockFormats.DocumentExtension(title) is not null && title.LastIndexOf('.') is > 0 and var dot)
        {
            title = title[..dot];
        }

        var stem = new StringBuilder(Math.Min(title.Length, MaxStemLength));
        var wantsSpace = false;
        foreach (var c in title)
        {
            if (stem.Length >= MaxStemLength)
            {
                break;
            }

            if (char.IsWhiteSpace(c))
            {
                wantsSpace = stem.Length > 0;
                continue;
            }

            if (wantsSpace)
            {
                _ = stem.Append(' ');
                wantsSpace = false;
            }

            _ = stem.Append(char.IsAsciiLetterOrDigit(c) || c is '-' or '(' or ')' or '[' or ']' ? c : '-');
        }

        return stem.ToString();
    }
}
