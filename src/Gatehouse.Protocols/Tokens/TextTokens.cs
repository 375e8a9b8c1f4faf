using System.Numerics;
using System.Runtime.Intrinsics;
using System.Text.Unicode;

namespace Gatehouse.Protocols.Tokens;

/// <summary>
/// Estimates how many tokens a text has, in one pass over its bytes: words, their letters, digits, runs of punctuation, lines and characters
/// of other scripts each have a weight. The weights were fitted to the counts of o200k_base over recorded requests; how well is in
/// docs/estimates.md. A text may come in pieces. 32 bytes take some nanoseconds, and nothing is allocated.
/// </summary>
public struct TextTokens
{
    /// <summary>What <see cref="Weight"/> is for one token.</summary>
    public const int PerToken = 100;

    /// <summary>The quotes of a string in JSON, and what stands between it and the next.</summary>
    public const int JsonString = 100;

    /// <summary>What stands between a number, <c>true</c>, <c>false</c> or <c>null</c> and the next value.</summary>
    public const int JsonLiteral = 50;

    /// <summary>The beginning or the end of an object or array: mostly one token with the marks beside it.</summary>
    public const int JsonBracket = 20;

    private const int Word = 75;
    private const int Letter = 5;
    private const int Digit = 80;
    private const int RunOfMarks = 105;
    private const int Line = 50;
    private const int TwoBytes = 40;
    private const int ThreeBytes = 70;
    private const int FourBytes = 240;

    /// <summary>Of a letter, more: 32 and more without a beginning of a word are no word that a tokenizer would know.</summary>
    private const int LetterOfNoWord = 30;

    /// <summary>What the byte before this piece was; bit 0.</summary>
    private uint _afterLetter;
    private uint _afterLower;
    private uint _afterMark;

    /// <summary>Of all pieces so far, in hundredths of a token.</summary>
    public long Weight { get; private set; }

    /// <summary>The weight of a whole text.</summary>
    public static long WeightOf(ReadOnlySpan<byte> utf8)
    {
        var text = default(TextTokens);
        text.Add(utf8);
        return text.Weight;
    }

    /// <inheritdoc cref="WeightOf(ReadOnlySpan{byte})"/>
    public static long WeightOf(ReadOnlySpan<char> utf16)
    {
        var text = default(TextTokens);
        Span<byte> piece = stackalloc byte[512];
        while (!utf16.IsEmpty)
        {
            _ = Utf8.FromUtf16(utf16, piece, out var read, out var written);
            text.Add(piece[..written]);
            utf16 = utf16[read..];
        }

        return text.Weight;
    }

    /// <param name="piece">Goes on where the last one ended, in UTF-8; a character may be cut.</param>
    public void Add(ReadOnlySpan<byte> piece)
    {
        while (piece.Length >= Vector256<byte>.Count)
        {
            AddBlock(Vector256.Create(piece), Vector256<byte>.Count);
            piece = piece[Vector256<byte>.Count..];
        }

        if (!piece.IsEmpty)
        {
            // What is filled up with weighs nothing.
            Span<byte> rest = stackalloc byte[Vector256<byte>.Count];
            rest.Clear();
            piece.CopyTo(rest);
            AddBlock(Vector256.Create((ReadOnlySpan<byte>)rest), piece.Length);
        }
    }

    private void AddBlock(Vector256<byte> bytes, int length)
    {
        var letters = IsWithin(bytes | Vector256.Create((byte)0x20), (byte)'a', (byte)'z');
        var upper = IsWithin(bytes, (byte)'A', (byte)'Z');
        var digits = IsWithin(bytes, (byte)'0', (byte)'9');
        var blanks = Vector256.LessThanOrEqual(bytes, Vector256.Create((byte)' ')).ExtractMostSignificantBits();
        var others = bytes.ExtractMostSignificantBits();
        var lower = letters & ~upper;
        var marks = ~(letters | digits | blanks | others);

        // A capital after a small letter begins a word in names of programs.
        var words = (letters & ~((letters << 1) | _afterLetter)) | (upper & ((lower << 1) | _afterLower));
        var runs = marks & ~((marks << 1) | _afterMark);
        var lines = Vector256.Equals(bytes, Vector256.Create((byte)'\n')).ExtractMostSignificantBits();
        Weight += (Word * BitOperations.PopCount(words)) + (Letter * BitOperations.PopCount(letters)) + (Digit * BitOperations.PopCount(digits))
            + (RunOfMarks * BitOperations.PopCount(runs)) + (Line * BitOperations.PopCount(lines));
        if (letters == uint.MaxValue && words == 0)
        {
            Weight += LetterOfNoWord * Vector256<byte>.Count;
        }

        if (others != 0)
        {
            Weight += (TwoBytes * CountFrom(bytes, 0xC0)) + ((ThreeBytes - TwoBytes) * CountFrom(bytes, 0xE0)) + ((FourBytes - ThreeBytes) * CountFrom(bytes, 0xF0));
        }

        _afterLetter = (letters >> (length - 1)) & 1;
        _afterLower = (lower >> (length - 1)) & 1;
        _afterMark = (marks >> (length - 1)) & 1;
    }

    private static uint IsWithin(Vector256<byte> bytes, byte first, byte last) =>
        Vector256.LessThanOrEqual(bytes - Vector256.Create(first), Vector256.Create((byte)(last - first))).ExtractMostSignificantBits();

    /// <summary>First bytes of characters with at least so many.</summary>
    private static int CountFrom(Vector256<byte> bytes, byte first) =>
        BitOperations.PopCount(Vector256.GreaterThanOrEqual(bytes, Vector256.Create(first)).ExtractMostSignificantBits());
}
