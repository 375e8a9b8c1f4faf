using System.Buffers;
using System.Security.Cryptography;

namespace Gatehouse.Pipeline;

/// <summary>
/// Prefixed, sortable ids: <c>exc_</c> + a UUIDv7 (RFC 9562) in lower-case base32 of 26 characters. The alphabet (Crockford's) is in
/// ASCII order, so ids sort by their time.
/// </summary>
internal static class Id
{
    private const string Alphabet = "0123456789abcdefghjkmnpqrstvwxyz";

    private static readonly SearchValues<char> Characters = SearchValues.Create(Alphabet);

    public static string New(string prefix, DateTimeOffset time)
    {
        Span<byte> uuid = stackalloc byte[16];
        _ = Guid.CreateVersion7(time).TryWriteBytes(uuid, bigEndian: true, out _);
        // RFC 9562, 6.2 method 3: the 12 bits after the version hold the fraction of the millisecond, so that ids of one process keep their order.
        var fraction = (int)(time.Ticks % TimeSpan.TicksPerMillisecond * 4096 / TimeSpan.TicksPerMillisecond);
        uuid[6] = (byte)(0x70 | (fraction >> 8));
        uuid[7] = (byte)fraction;
        Span<char> text = stackalloc char[26];
        Encode(uuid, text);
        return string.Concat(prefix, "_", text);
    }

    /// <summary>Whether a text has the form of an id with this prefix.</summary>
    public static bool IsOf(string prefix, string text) =>
        text.Length == prefix.Length + 27 && text.StartsWith(prefix, StringComparison.Ordinal) && text[prefix.Length] == '_'
        && !text.AsSpan(prefix.Length + 1).ContainsAnyExcept(Characters);

    /// <summary>A secret of 256 random bits behind a prefix.</summary>
    public static string NewSecret(string prefix)
    {
        Span<byte> random = stackalloc byte[32];
        RandomNumberGenerator.Fill(random);
        Span<char> text = stackalloc char[52];
        Encode(random, text);
        return string.Concat(prefix, "_", text);
    }

    /// <summary>Base32, most significant bits first; the first character takes the bits that do not fill five.</summary>
    private static void Encode(ReadOnlySpan<byte> bytes, Span<char> text)
    {
        var bit = (bytes.Length * 8) - 1;
        for (var i = text.Length - 1; i >= 0; i--)
        {
            var value = 0;
            for (var j = 0; j < 5 && bit - j >= 0; j++)
            {
                var position = bit - j;
                value |= ((bytes[position >> 3] >> (7 - (position & 7))) & 1) << j;
            }

            text[i] = Alphabet[value];
            bit -= 5;
        }
    }
}
