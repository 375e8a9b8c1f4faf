using System.Buffers.Binary;

namespace Gatehouse.Protocols.EventStream;

/// <summary>
/// CRC-32 as GZIP has it (RFC 1952, 8: polynomial 0xEDB88320 reflected), eight bytes a step. The framework's own is CRC-32C, another polynomial.
/// </summary>
internal static class Crc32
{
    private const int Step = 8;

    /// <summary>Row k: what a byte does to the sum when k further bytes follow it.</summary>
    private static readonly uint[] Tables = MakeTables();

    /// <param name="previous">The sum of the bytes before these; 0 at the beginning.</param>
    public static uint Compute(ReadOnlySpan<byte> bytes, uint previous = 0)
    {
        var tables = Tables;
        var sum = ~previous;
        for (; bytes.Length >= Step; bytes = bytes[Step..])
        {
            var low = BinaryPrimitives.ReadUInt32LittleEndian(bytes) ^ sum;
            var high = BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]);
            sum = tables[(7 * 256) + (low & 0xff)] ^ tables[(6 * 256) + ((low >> 8) & 0xff)]
                ^ tables[(5 * 256) + ((low >> 16) & 0xff)] ^ tables[(4 * 256) + (low >> 24)]
                ^ tables[(3 * 256) + (high & 0xff)] ^ tables[(2 * 256) + ((high >> 8) & 0xff)]
                ^ tables[256 + ((high >> 16) & 0xff)] ^ tables[high >> 24];
        }

        foreach (var value in bytes)
        {
            sum = tables[(sum ^ value) & 0xff] ^ (sum >> 8);
        }

        return ~sum;
    }

    private static uint[] MakeTables()
    {
        var tables = new uint[Step * 256];
        for (var i = 0u; i < 256; i++)
        {
            var sum = i;
            for (var bit = 0; bit < 8; bit++)
            {
                sum = (sum & 1) != 0 ? 0xEDB88320 ^ (sum >> 1) : sum >> 1;
            }

            tables[i] = sum;
        }

        for (var i = 256; i < tables.Length; i++)
        {
            var sum = tables[i - 256];
            tables[i] = tables[sum & 0xff] ^ (sum >> 8);
        }

        return tables;
    }
}
