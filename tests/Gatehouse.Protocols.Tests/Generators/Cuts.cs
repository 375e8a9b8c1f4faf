using System.Buffers;
using FsCheck;
using FsCheck.Fluent;

namespace Gatehouse.Protocols.Tests.Generators;

/// <summary>Ways in which bytes can arrive.</summary>
internal static class Cuts
{
    /// <summary>Lengths of the pieces; mostly small ones, so that cuts fall inside of tokens and characters. Used over and over.</summary>
    public static Gen<int[]> Lengths { get; } = Gen.OneOf(
        Gen.Constant(new[] { 1 }),
        Gen.Choose(1, 4).NonEmptyListOf().Select(list => list.ToArray()),
        Gen.Choose(1, 40).NonEmptyListOf().Select(list => list.ToArray()),
        Gen.Constant(new[] { int.MaxValue }));

    public static IEnumerable<ReadOnlyMemory<byte>> Cut(byte[] bytes, int[] lengths)
    {
        var offset = 0;
        for (var i = 0; offset < bytes.Length; i++)
        {
            var length = Math.Min(lengths[i % lengths.Length], bytes.Length - offset);
            yield return bytes.AsMemory(offset, length);
            offset += length;
        }
    }

    public static ReadOnlySequence<byte> Sequence(byte[] bytes, int[] lengths)
    {
        Segment? first = null;
        Segment? last = null;
        foreach (var piece in Cut(bytes, lengths))
        {
            // A copy, so that nothing can be read beyond the end of a piece by luck.
            last = new Segment(piece.ToArray(), last);
            first ??= last;
        }

        return first is null ? ReadOnlySequence<byte>.Empty : new ReadOnlySequence<byte>(first, 0, last!, last!.Memory.Length);
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(ReadOnlyMemory<byte> memory, Segment? previous)
        {
            Memory = memory;
            if (previous is not null)
            {
                RunningIndex = previous.RunningIndex + previous.Memory.Length;
                previous.Next = this;
            }
        }
    }
}
