using System.Runtime.CompilerServices;

namespace Gatehouse.Metering.Sizes;

/// <summary>
/// The largest of the last 49 to 56 values. Of n + 1 values that come in no order, each is the largest as likely as the others: so
/// the next one passes the largest of the n before it in one of n + 1 cases, here in 1.8 to 2.0 of 100, whatever their distribution is. What is
/// kept are the largest values of seven blocks of eight: 28 bytes, exact, and a larger size is followed at once, a smaller one within 56 values.
/// </summary>
internal sealed class RecentLargest
{
    private const int BlockLength = 8;
    private const int BlockCount = 7;

    /// <summary>A block of which few values come is closed by then, so that what is rare is not remembered for months.</summary>
    private static readonly TimeSpan BlockDuration = TimeSpan.FromDays(1);

    private readonly Lock _gate = new();
    private Blocks _blocks;
    private uint _largest;
    private byte _block;
    private byte _inBlock;
    private int _count;
    private long _blockStart;

    /// <summary>Values seen so far.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>0 before the first value.</summary>
    public long Value => Volatile.Read(ref _largest);

    /// <param name="value">Clamped to what 32 bits hold.</param>
    /// <param name="time">Tells the age of a block.</param>
    public void Add(long value, TimeProvider time)
    {
        var size = (uint)Math.Clamp(value, 0, uint.MaxValue);
        var now = time.GetTimestamp();
        lock (_gate)
        {
            if (_inBlock == BlockLength || (_inBlock > 0 && time.GetElapsedTime(_blockStart, now) >= BlockDuration))
            {
                _block = (byte)((_block + 1) % BlockCount);
                _blocks[_block] = 0;
                _inBlock = 0;
            }

            if (_inBlock++ == 0)
            {
                _blockStart = now;
            }

            _blocks[_block] = Math.Max(_blocks[_block], size);
            var largest = 0u;
            foreach (var block in _blocks)
            {
                largest = Math.Max(largest, block);
            }

            Volatile.Write(ref _largest, largest);
            Volatile.Write(ref _count, Math.Min(_count + 1, BlockLength * BlockCount));
        }
    }

    [InlineArray(BlockCount)]
    private struct Blocks
    {
        private uint _first;
    }
}
