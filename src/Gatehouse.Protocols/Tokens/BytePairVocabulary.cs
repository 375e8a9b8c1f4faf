using System.Buffers.Text;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace Gatehouse.Protocols.Tokens;

/// <summary>The tokens of a byte-pair encoding by their bytes, in a few arrays: 200,000 tokens take about 4 MB.</summary>
internal sealed class BytePairVocabulary
{
    public const int None = int.MaxValue;

    /// <summary>No vocabulary has more; a file that says so would only take memory.</summary>
    private const int MaxTokens = 2_000_000;

    private readonly List<byte> _bytes = [];

    /// <summary>Where a token begins in <see cref="_bytes"/>, and its length, by rank; length 0 for a rank without a token.</summary>
    private readonly List<(int Start, int Length)> _tokens = [];

    /// <summary>Ranks by hash, plus one; 0 for a free place.</summary>
    private int[] _places = [];
    private int _longest;

    public int Count { get; private set; }

    /// <summary>The rank of a token: the lower, the earlier it is merged; <see cref="None"/> for what is no token.</summary>
    public int RankOf(ReadOnlySpan<byte> token)
    {
        if (token.Length > _longest)
        {
            return None;
        }

        for (var place = PlaceOf(token); _places[place] is > 0 and var rank; place = (place + 1) & (_places.Length - 1))
        {
            if (BytesOf(rank - 1).SequenceEqual(token))
            {
                return rank - 1;
            }
        }

        return None;
    }

    /// <summary>Reads the lines of a <c>.tiktoken</c> file (a token in base64, a blank, its rank), or the JSON of npm's js-tiktoken.</summary>
    /// <exception cref="InvalidDataException">It is neither, or has no tokens.</exception>
    public static BytePairVocabulary Read(Stream stream)
    {
        using var copy = new MemoryStream();
        stream.CopyTo(copy);
        var file = copy.GetBuffer().AsSpan(0, (int)copy.Length);
        var vocabulary = new BytePairVocabulary();
        if (file.TrimStart(" \r\n\t"u8) is [(byte)'{', ..])
        {
            vocabulary.AddJson(file);
        }
        else
        {
            vocabulary.AddLines(file);
        }

        if (vocabulary.Count == 0)
        {
            throw new InvalidDataException("There is no token in it.");
        }

        vocabulary.Index();
        return vocabulary;
    }

    private void AddLines(ReadOnlySpan<byte> file)
    {
        foreach (var range in file.Split((byte)'\n'))
        {
            var line = file[range].Trim(" \r"u8);
            var blank = line.IndexOf((byte)' ');
            if (line.IsEmpty)
            {
                continue;
            }

            if (blank < 0 || !Utf8Parser.TryParse(line[(blank + 1)..], out int rank, out var used) || used != line.Length - blank - 1)
            {
                throw new InvalidDataException("A line is not a token in base64, a blank and a number.");
            }

            Add(line[..blank], rank);
        }
    }

    /// <summary>Lines of <c>! FIRST TOKEN TOKEN ...</c>: the rank of the first token, and those that follow it.</summary>
    private void AddJson(ReadOnlySpan<byte> file)
    {
        string? lines = null;
        try
        {
            var reader = new Utf8JsonReader(file);
            using var document = JsonDocument.ParseValue(ref reader);
            lines = document.RootElement.TryGetProperty("bpe_ranks", out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            throw new InvalidDataException("It is not valid JSON.", exception);
        }

        var text = Encoding.UTF8.GetBytes(lines ?? throw new InvalidDataException("It has no \"bpe_ranks\"."));
        foreach (var range in text.AsSpan().Split((byte)'\n'))
        {
            var (rank, part) = (0, 0);
            var line = text.AsSpan(range);
            foreach (var word in line.Split((byte)' '))
            {
                if (part == 1 && !Utf8Parser.TryParse(line[word], out rank, out _))
                {
                    throw new InvalidDataException("A line of \"bpe_ranks\" does not begin with a number.");
                }

                if (part++ > 1 && !line[word].IsEmpty)
                {
                    Add(line[word], rank++);
                }
            }
        }
    }

    private void Add(ReadOnlySpan<byte> base64, int rank)
    {
        Span<byte> token = stackalloc byte[1024];
        if (rank is < 0 or >= MaxTokens
            || Base64.DecodeFromUtf8(base64, token, out _, out var length) != System.Buffers.OperationStatus.Done || length == 0)
        {
            throw new InvalidDataException("A token is not in base64, or its rank is out of range.");
        }

        while (_tokens.Count <= rank)
        {
            _tokens.Add(default);
        }

        _tokens[rank] = (_bytes.Count, length);
        _bytes.AddRange(token[..length]);
        _longest = Math.Max(_longest, length);
        Count++;
    }

    private void Index()
    {
        _places = new int[System.Numerics.BitOperations.RoundUpToPowerOf2((uint)_tokens.Count * 2)];
        for (var rank = 0; rank < _tokens.Count; rank++)
        {
            if (BytesOf(rank) is { IsEmpty: false } token)
            {
                var place = PlaceOf(token);
                while (_places[place] > 0)
                {
                    place = (place + 1) & (_places.Length - 1);
                }

                _places[place] = rank + 1;
            }
        }
    }

    private ReadOnlySpan<byte> BytesOf(int rank)
    {
        var (start, length) = _tokens[rank];
        return CollectionsMarshal.AsSpan(_bytes).Slice(start, length);
    }

    private int PlaceOf(ReadOnlySpan<byte> token)
    {
        var hash = 0x9E37_79B9_7F4A_7C15UL ^ (ulong)token.Length;
        while (token.Length >= sizeof(ulong))
        {
            hash = (hash ^ MemoryMarshal.Read<ulong>(token)) * 0xFF51_AFD7_ED55_8CCD;
            hash ^= hash >> 32;
            token = token[sizeof(ulong)..];
        }

        foreach (var value in token)
        {
            hash = (hash ^ value) * 0xC4CE_B9FE_1A85_EC53;
        }

        return (int)((hash ^ (hash >> 29)) >> 16) & (_places.Length - 1);
    }
}
