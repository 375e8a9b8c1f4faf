using System.Buffers;

namespace Gatehouse.Protocols.Tokens;

/// <summary>
/// Counts the tokens of a text as OpenAI's models do (tiktoken: cl100k_base, o200k_base). Special tokens count as the text that they are written
/// as. Thread-safe. The time is about linear in the length of any text: pieces are merged by a heap, and a piece of more than
/// <see cref="MaxPieceLength"/> bytes, which is no text of anybody, is cut there, by which a token may be counted too many.
/// </summary>
public sealed class BytePairTokenizer
{
    /// <summary>In bytes.</summary>
    public const int MaxPieceLength = 16 * 1024;

    /// <summary>Up to here it is faster to look through all pairs than to keep a heap of them.</summary>
    private const int MaxScannedLength = 64;

    private readonly BytePairVocabulary _vocabulary;
    private readonly BytePairSplit _split;

    private BytePairTokenizer(BytePairVocabulary vocabulary, BytePairSplit split) => (_vocabulary, _split) = (vocabulary, split);

    /// <summary>Tokens of the vocabulary, special ones not counted.</summary>
    public int VocabularySize => _vocabulary.Count;

    /// <param name="vocabulary">A <c>.tiktoken</c> file (lines of a token in base64, a blank and its rank), or the JSON of npm's js-tiktoken.</param>
    /// <param name="split">What belongs to the vocabulary.</param>
    /// <exception cref="InvalidDataException">It is neither.</exception>
    public static BytePairTokenizer Read(Stream vocabulary, BytePairSplit split) => new(BytePairVocabulary.Read(vocabulary), split);

    /// <param name="utf8">Bytes that are not UTF-8 count as the tokens of those bytes.</param>
    public long Count(ReadOnlySpan<byte> utf8)
    {
        var count = 0L;
        var pieces = new BytePairPieces(utf8, _split);
        while (pieces.Next() is { IsEmpty: false } piece)
        {
            while (piece.Length > MaxPieceLength)
            {
                count += CountPiece(piece[..MaxPieceLength]);
                piece = piece[MaxPieceLength..];
            }

            count += CountPiece(piece);
        }

        return count;
    }

    private int CountPiece(ReadOnlySpan<byte> piece) =>
        piece.Length == 1 || _vocabulary.RankOf(piece) != BytePairVocabulary.None ? 1
            : piece.Length <= MaxScannedLength ? CountByScanning(piece)
            : CountByHeap(piece);

    /// <summary>Again and again the pair of neighbours with the lowest rank becomes one, the leftmost of equal ones first.</summary>
    private int CountByScanning(ReadOnlySpan<byte> piece)
    {
        // Where each part begins, with the end of the piece behind them; and the rank of each with the next.
        Span<int> starts = stackalloc int[MaxScannedLength + 1];
        Span<int> ranks = stackalloc int[MaxScannedLength];
        var count = piece.Length;
        for (var i = 0; i <= count; i++)
        {
            starts[i] = i;
        }

        for (var i = 0; i < count - 1; i++)
        {
            ranks[i] = _vocabulary.RankOf(piece.Slice(i, 2));
        }

        while (count > 1)
        {
            var lowest = 0;
            for (var i = 1; i < count - 1; i++)
            {
                lowest = ranks[i] < ranks[lowest] ? i : lowest;
            }

            if (ranks[lowest] == BytePairVocabulary.None)
            {
                break;
            }

            starts[(lowest + 2)..(count + 1)].CopyTo(starts[(lowest + 1)..]);
            ranks[(lowest + 1)..(count - 1)].CopyTo(ranks[lowest..]);
            count--;
            if (lowest < count - 1)
            {
                ranks[lowest] = _vocabulary.RankOf(piece[starts[lowest]..starts[lowest + 2]]);
            }

            if (lowest > 0)
            {
                ranks[lowest - 1] = _vocabulary.RankOf(piece[starts[lowest - 1]..starts[lowest + 1]]);
            }
        }

        return count;
    }

    /// <summary>The same, with the parts in a list of links and the pairs in a heap: n log n.</summary>
    private int CountByHeap(ReadOnlySpan<byte> piece)
    {
        var length = piece.Length;
        var rented = ArrayPool<int>.Shared.Rent(3 * (length + 1));
        var next = rented.AsSpan(0, length + 1);
        var previous = rented.AsSpan(length + 1, length + 1);

        // Of the part that begins there with the next one; what the heap holds beside it is out of date.
        var ranks = rented.AsSpan(2 * (length + 1), length + 1);
        var heap = new PriorityQueue<int, long>(length);
        for (var i = 0; i < length; i++)
        {
            (next[i], previous[i]) = (i + 1, i - 1);
        }

        next[length] = length;
        for (var i = 0; i < length; i++)
        {
            Enqueue(piece, next, ranks, heap, i);
        }

        var count = length;
        while (heap.TryDequeue(out var part, out var priority))
        {
            if (ranks[part] != (int)(priority >> 32))
            {
                continue;
            }

            var merged = next[part];
            ranks[merged] = BytePairVocabulary.None;
            next[part] = next[merged];
            previous[next[part]] = part;
            count--;
            Enqueue(piece, next, ranks, heap, part);
            if (previous[part] >= 0)
            {
                Enqueue(piece, next, ranks, heap, previous[part]);
            }
        }

        ArrayPool<int>.Shared.Return(rented);
        return count;
    }

    private void Enqueue(ReadOnlySpan<byte> piece, ReadOnlySpan<int> next, Span<int> ranks, PriorityQueue<int, long> heap, int part)
    {
        var second = next[part];
        ranks[part] = second < piece.Length ? _vocabulary.RankOf(piece[part..next[second]]) : BytePairVocabulary.None;
        if (ranks[part] != BytePairVocabulary.None)
        {
            heap.Enqueue(part, ((long)ranks[part] << 32) | (uint)part);
        }
    }
}
