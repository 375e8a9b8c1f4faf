using System.Buffers.Binary;
using System.Diagnostics;

namespace Gatehouse.Runs;

/// <summary>The id of a span as a number; 0 for none.</summary>
internal static class RunSpan
{
    public static ulong Of(ActivitySpanId span)
    {
        Span<byte> bytes = stackalloc byte[8];
        span.CopyTo(bytes);
        return BinaryPrimitives.ReadUInt64BigEndian(bytes);
    }
}
