using System.Buffers;
using System.Numerics.Tensors;

namespace Gatehouse.Caching.Semantic;

/// <summary>
/// Finds the vector with the highest cosine in one partition. Memory is bounded by the capacity and taken in blocks of 256 vectors as they come:
/// a vector takes four bytes per dimension and about 220 bytes beside (1,536 dimensions: 6.4 KB, 100,000 of them: 640 MB). In the full index
/// the vector that was neither found nor added for longest, roughly, makes room. Searches never wait; those who add and remove wait for each other.
/// </summary>
/// <remarks>
/// The usual search passes over the <see cref="SignSketch"/> of each vector (128 bytes) and compares the vectors of the 256 that differ in the
/// fewest bits, if they can be near enough: what it finds is exact, what it misses is measured in the tests. The guaranteed search looks at
/// every vector, in quarters, until it cannot reach the threshold any more; it misses nothing and takes some ten times as long.
/// </remarks>
internal sealed class VectorIndex<TKey>
    where TKey : notnull
{
    /// <summary>Vectors that are compared after the sketches: bounds a search among many near ones.</summary>
    private const int MaxCompared = 256;

    /// <summary>Two copies of one vector may come out at as little less than 1.</summary>
    private const float Rounding = 1e-6f;

    private readonly int _dimensions;
    private readonly int _capacity;
    private readonly SignSketch? _sketch;
    private readonly VectorBlock<TKey>?[] _blocks;
    private readonly Dictionary<TKey, int> _slots = [];
    private readonly Stack<int> _free = [];
    private readonly Lock _writing = new();
    private int _used;
    private int _hand;

    /// <param name="dimensions">Numbers in each vector; at least 1.</param>
    /// <param name="capacity">Vectors that are kept; at least 1.</param>
    /// <param name="isGuaranteed">Whether a search looks at every vector.</param>
    public VectorIndex(int dimensions, int capacity, bool isGuaranteed = false)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(dimensions, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        (_dimensions, _capacity) = (dimensions, capacity);
        _sketch = isGuaranteed ? null : new SignSketch(dimensions);
        _blocks = new VectorBlock<TKey>?[((capacity - 1) / VectorBlock<TKey>.Size) + 1];
    }

    public int Count
    {
        get
        {
            lock (_writing)
            {
                return _slots.Count;
            }
        }
    }

    /// <summary>Adds a vector, or replaces the one with this key.</summary>
    /// <returns>False if it has no direction or another number of dimensions: an empty one, zeros, NaN or infinity.</returns>
    public bool Add(in PartitionHash partition, TKey key, ReadOnlySpan<float> vector)
    {
        var unit = new float[_dimensions];
        if (!TryNormalize(vector, unit))
        {
            return false;
        }

        Span<ulong> sketch = stackalloc ulong[_sketch is null ? 0 : SignSketch.Words];
        _sketch?.Write(unit, sketch);
        lock (_writing)
        {
            if (!_slots.TryGetValue(key, out var slot))
            {
                slot = FreeSlot();
                _slots[key] = slot;
            }

            ref var block = ref _blocks[slot / VectorBlock<TKey>.Size];
            if (block is null)
            {
                Volatile.Write(ref block, new VectorBlock<TKey>(_dimensions, _sketch is not null));
            }

            block.Write(slot % VectorBlock<TKey>.Size, partition, key, unit, sketch);
        }

        return true;
    }

    /// <returns>Whether there was one.</returns>
    public bool Remove(TKey key)
    {
        lock (_writing)
        {
            if (!_slots.Remove(key, out var slot))
            {
                return false;
            }

            _blocks[slot / VectorBlock<TKey>.Size]!.Clear(slot % VectorBlock<TKey>.Size);
            _free.Push(slot);
            return true;
        }
    }

    /// <param name="threshold">Lowest cosine that counts as found.</param>
    /// <param name="key">Of the nearest vector.</param>
    /// <param name="similarity">Its cosine, of exact vectors; 0 when nothing is found.</param>
    public bool TryFind(in PartitionHash partition, ReadOnlySpan<float> query, float threshold, out TKey? key, out float similarity)
    {
        (key, similarity) = (default, 0);
        var rented = ArrayPool<float>.Shared.Rent(_dimensions);
        var unit = rented.AsSpan(0, _dimensions);
        var found = TryNormalize(query, unit)
            && (_sketch is null ? FindInAll(partition, unit, threshold, out key, out similarity) : FindBySketch(partition, unit, threshold, out key, out similarity));
        ArrayPool<float>.Shared.Return(rented);
        similarity = Math.Min(1, similarity);
        return found;
    }

    private bool FindInAll(in PartitionHash partition, ReadOnlySpan<float> unit, float threshold, out TKey? key, out float similarity)
    {
        var rests = VectorBlock<TKey>.Rests(unit);
        var best = new Best(threshold - Rounding);
        foreach (var block in _blocks)
        {
            for (var slot = 0; slot < VectorBlock<TKey>.Size && block is not null; slot++)
            {
                if (block.Tags[slot] == partition.Tag)
                {
                    best.Compare(block, slot, partition, unit, rests);
                }
            }
        }

        return best.TryTake(out key, out similarity);
    }

    private bool FindBySketch(in PartitionHash partition, ReadOnlySpan<float> unit, float threshold, out TKey? key, out float similarity)
    {
        Span<ulong> sketch = stackalloc ulong[SignSketch.Words];
        _sketch!.Write(unit, sketch);
        var nearest = new NearestSlots(stackalloc int[NearestSlots.Room(MaxCompared)], stackalloc int[SignSketch.Bits + 1], MaxCompared, SignSketch.MaxDistance(threshold));
        for (var i = 0; i < _blocks.Length && Volatile.Read(ref _blocks[i]) is { } block; i++)
        {
            var tags = block.Tags;
            for (var slot = 0; slot < tags.Length; slot++)
            {
                if (tags[slot] == partition.Tag)
                {
                    nearest.Add((i * VectorBlock<TKey>.Size) + slot, SignSketch.Distance(sketch, block.Sketch(slot)));
                }
            }
        }

        var best = new Best(threshold - Rounding);
        foreach (var slot in nearest.Slots())
        {
            best.Compare(_blocks[slot / VectorBlock<TKey>.Size]!, slot % VectorBlock<TKey>.Size, partition, unit, []);
        }

        return best.TryTake(out key, out similarity);
    }

    private int FreeSlot()
    {
        if (_free.TryPop(out var free))
        {
            return free;
        }

        if (_used < _capacity)
        {
            return _used++;
        }

        // A clock: each slot that was found since the hand was there last is passed once.
        while (true)
        {
            var slot = _hand;
            _hand = (_hand + 1) % _capacity;
            var block = _blocks[slot / VectorBlock<TKey>.Size]!;
            if (!block.TakeUse(slot % VectorBlock<TKey>.Size))
            {
                _ = _slots.Remove(block.Key(slot % VectorBlock<TKey>.Size)!);
                return slot;
            }
        }
    }

    private bool TryNormalize(ReadOnlySpan<float> vector, Span<float> unit)
    {
        if (vector.Length != _dimensions)
        {
            return false;
        }

        // Divided by the largest first: squares of very large or small numbers would be infinite or zero.
        var largest = MathF.Abs(TensorPrimitives.MaxMagnitude(vector));
        if (!float.IsFinite(largest) || largest == 0)
        {
            return false;
        }

        TensorPrimitives.Divide(vector, largest, unit);
        TensorPrimitives.Divide(unit, TensorPrimitives.Norm<float>(unit), unit);
        return true;
    }

    private ref struct Best(float threshold)
    {
        private VectorBlock<TKey>? _block;
        private int _slot;
        private TKey? _key;
        private float _cosine = threshold;

        public void Compare(VectorBlock<TKey> block, int slot, in PartitionHash partition, ReadOnlySpan<float> unit, ReadOnlySpan<float> rests)
        {
            if (block.TryCompare(slot, partition, unit, rests, _cosine, out var key, out var cosine))
            {
                (_block, _slot, _key, _cosine) = (block, slot, key, cosine);
            }
        }

        public readonly bool TryTake(out TKey? key, out float similarity)
        {
            _block?.Use(_slot);
            (key, similarity) = _block is null ? (default, 0) : (_key, _cosine);
            return _block is not null;
        }
    }
}
