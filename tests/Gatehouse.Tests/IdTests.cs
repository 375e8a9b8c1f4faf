using System.Numerics;
using Gatehouse.Pipeline;

namespace Gatehouse.Tests;

public sealed class IdTests
{
    private const string Alphabet = "0123456789abcdefghjkmnpqrstvwxyz";

    private static readonly DateTimeOffset Noon = new(2026, 11, 20, 12, 0, 0, TimeSpan.Zero);

    public static TheoryData<DateTimeOffset> Times =>
    [
        DateTimeOffset.UnixEpoch, Noon, Noon.AddMilliseconds(1), new DateTimeOffset(2026, 11, 20, 12, 0, 0, TimeSpan.FromHours(2)), new DateTimeOffset(9999, 12, 31, 23, 59, 59, TimeSpan.Zero),
    ];

    [Theory]
    [MemberData(nameof(Times))]
    public void An_id_is_a_prefix_and_a_version_7_UUID_of_its_time(DateTimeOffset time)
    {
        var id = Id.New("exc", time);

        Assert.StartsWith("exc_", id, StringComparison.Ordinal);
        Assert.Equal(26, id.Length - "exc_".Length);
        var uuid = Decode(id["exc_".Length..], 16);
        // RFC 9562, 5.7: 48 bits of Unix time in milliseconds, 4 bits of version, 12 random bits, 2 bits of variant, 62 random bits.
        Assert.Equal(time.ToUnixTimeMilliseconds(), (long)new BigInteger(uuid.AsSpan(0, 6), isUnsigned: true, isBigEndian: true));
        Assert.Equal(7, uuid[6] >> 4);
        Assert.Equal(0b10, uuid[8] >> 6);
    }

    [Fact]
    public void Ids_sort_by_their_time()
    {
        var ids = Enumerable.Range(0, 2000).Select(i => Id.New("exc", Noon.AddMilliseconds(i * 37L))).ToArray();

        Assert.Equal(ids.Order(StringComparer.Ordinal), ids, StringComparer.Ordinal);
    }

    [Fact]
    public void Ids_of_the_same_millisecond_differ() =>
        Assert.Equal(10_000, Enumerable.Range(0, 10_000).Select(_ => Id.New("run", Noon)).Distinct(StringComparer.Ordinal).Count());

    [Fact]
    public void A_secret_is_256_random_bits()
    {
        var secrets = Enumerable.Range(0, 1000).Select(_ => Id.NewSecret("gh")).ToArray();

        Assert.Equal(secrets.Length, secrets.Distinct(StringComparer.Ordinal).Count());
        Assert.All(secrets, secret => Assert.StartsWith("gh_", secret, StringComparison.Ordinal));
        var bytes = secrets.Select(secret => Decode(secret["gh_".Length..], 32)).ToArray();
        // Every bit is one in about half of them: of 256 coins thrown 1000 times, one is 100 off the middle once in ten million runs.
        for (var bit = 0; bit < 256; bit++)
        {
            Assert.InRange(bytes.Count(b => ((b[bit / 8] >> (bit % 8)) & 1) == 1), 400, 600);
        }
    }

    /// <summary>By arithmetic, where the program shifts bits.</summary>
    private static byte[] Decode(string text, int length)
    {
        Assert.Equal(((length * 8) + 4) / 5, text.Length);
        Assert.All(text, c => Assert.Contains(c, Alphabet));
        var value = text.Aggregate(BigInteger.Zero, (sum, c) => (sum * 32) + Alphabet.IndexOf(c, StringComparison.Ordinal));
        var bytes = value.ToByteArray(isUnsigned: true, isBigEndian: true);
        Assert.True(bytes.Length <= length, "more bits than the text should hold");
        return [.. new byte[length - bytes.Length], .. bytes];
    }
}
