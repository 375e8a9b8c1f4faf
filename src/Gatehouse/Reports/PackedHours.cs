using System.Buffers.Binary;
using System.Numerics;

namespace Gatehouse.Reports;

/// <summary>
/// The hours of a day with their sums, as <c>usage_packed_days</c> keeps them: for each hour that has any, in their order, its number (one byte), the
/// length of what follows (one byte), the places of the sums that are not 0 (three bytes, a bit each), and those sums as numbers of 7 bits a byte
/// with the sign in the lowest bit. A row for each hour would be 24 times the rows, and most of the time goes into their columns.
/// </summary>
internal static class PackedHours
{
    public const int HoursOfDay = 24;

    /// <summary>Bytes of the longest day.</summary>
    public const int MaxLength = HoursOfDay * (Head + PlacesLength + (UsageMeasures.Count * MaxNumber));

    private const int Head = 2;
    private const int PlacesLength = 3;
    private const int MaxNumber = 10;

    /// <param name="hour">Of the day.</param>
    /// <returns>The bytes written; none for sums that are all 0.</returns>
    public static int Write(Span<byte> to, int hour, ReadOnlySpan<long> sums)
    {
        var places = UsageMeasures.PlacesOf(sums);
        if (places == 0)
        {
            return 0;
        }

        BinaryPrimitives.WriteUInt16LittleEndian(to[Head..], (ushort)places);
        to[Head + 2] = (byte)(places >> 16);
        var length = Head + PlacesLength;
        for (; places != 0; places &= places - 1)
        {
            var sum = sums[BitOperations.TrailingZeroCount(places)];
            var rest = (ulong)((sum << 1) ^ (sum >> 63));
            for (; rest >= 0x80; rest >>= 7)
            {
                to[length++] = (byte)(rest | 0x80);
            }

            to[length++] = (byte)rest;
        }

        (to[0], to[1]) = ((byte)hour, (byte)(length - Head));
        return length;
    }

    /// <summary>Takes the next hour off what is left of a day.</summary>
    /// <param name="sums">What <see cref="Add"/> takes.</param>
    public static bool TryRead(ref ReadOnlySpan<byte> packed, out int hour, out ReadOnlySpan<byte> sums)
    {
        if (packed.IsEmpty)
        {
            hour = 0;
            sums = default;
            return false;
        }

        hour = packed[0];
        sums = packed.Slice(Head, packed[1]);
        packed = packed[(Head + sums.Length)..];
        return true;
    }

    /// <summary>Adds what is packed of an hour.</summary>
    public static void Add(ReadOnlySpan<byte> packed, Span<long> sums)
    {
        var places = BinaryPrimitives.ReadUInt16LittleEndian(packed) | (packed[2] << 16);
        var at = PlacesLength;
        for (; places != 0; places &= places - 1)
        {
            ulong number = packed[at++];
            if (number >= 0x80)
            {
                number &= 0x7F;
                for (var shift = 7; ; shift += 7)
                {
                    ulong next = packed[at++];
                    number |= (next & 0x7F) << shift;
                    if (next < 0x80)
                    {
                        break;
                    }
                }
            }

            ref var sum = ref sums[BitOperations.TrailingZeroCount(places)];
            sum = UsageMeasures.Saturated(sum, (long)(number >> 1) ^ -(long)(number & 1));
        }
    }
}
