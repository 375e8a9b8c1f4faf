using System.Numerics.Tensors;

namespace Gatehouse.Caching.Semantic;

/// <summary>
/// A run of slots of a <see cref="VectorIndex{TKey}"/>. One writer at a time; readers look at any time, and learn from a slot's version whether
/// it was written meanwhile (a sequence lock: odd while it is written, another number afterwards).
/// </summary>
/// <param name="dimensions">Of each vector.</param>
/// <param name="isSketched">With sketches; else with the lengths of what is left of a vector at each checkpoint.</param>
internal sealed class VectorBlock<TKey>(int dimensions, bool isSketched)
    where TKey : notnull
{
    /// <summary>Slots of a block.</summary>
    public const int Size = 256;

    /// <summary>Quarters after which the guaranteed search asks whether the threshold can still be reached.</summary>
    private const int Checkpoints = 3;

    /// <summary>What adding up some thousand numbers of 32 bits may be wrong by.</summary>
    private const float Rounding = 1e-5f;

    private readonly ulong[] _tags = new ulong[Size];
    private readonly int[] _versions = new int[Size];
    private readonly bool[] _isUsed = new bool[Size];
    private readonly PartitionHash[] _partitions = new PartitionHash[Size];
    private readonly TKey?[] _keys = new TKey?[Size];
    private readonly float[] _vectors = new float[Size * dimensions];
    private readonly ulong[] _sketches = isSketched ? new ulong[Size * SignSketch.Words] : [];
    private readonly float[] _rests = isSketched ? [] : new float[Size * Checkpoints];

    /// <summary>Per slot the <see cref="PartitionHash.Tag"/>, 0 in an empty one.</summary>
    public ReadOnlySpan<ulong> Tags => _tags;

    public ReadOnlySpan<ulong> Sketch(int slot) => _sketches.AsSpan(slot * SignSketch.Words, SignSketch.Words);

    /// <summary>Whether the slot was found since this was asked last.</summary>
    public bool TakeUse(int slot)
    {
        var isUsed = _isUsed[slot];
        _isUsed[slot] = false;
        return isUsed;
    }

    public void Use(int slot) => _isUsed[slot] = true;

    public TKey? Key(int slot) => _keys[slot];

    public void Write(int slot, in PartitionHash partition, TKey key, ReadOnlySpan<float> unit, ReadOnlySpan<ulong> sketch)
    {
        _ = Interlocked.Increment(ref _versions[slot]);
        _partitions[slot] = partition;
        _keys[slot] = key;
        _isUsed[slot] = false;
        unit.CopyTo(_vectors.AsSpan(slot * dimensions));
        sketch.CopyTo(_sketches.AsSpan(isSketched ? slot * SignSketch.Words : 0));
        for (var i = 0; i < Checkpoints && !isSketched; i++)
        {
            _rests[(slot * Checkpoints) + i] = Rest(unit, i);
        }

        _tags[slot] = partition.Tag;
        _ = Interlocked.Increment(ref _versions[slot]);
    }

    public void Clear(int slot)
    {
        _ = Interlocked.Increment(ref _versions[slot]);
        _tags[slot] = 0;
        _keys[slot] = default;
        _ = Interlocked.Increment(ref _versions[slot]);
    }

    /// <summary>The cosine of a slot's vector; false where the slot belongs to another partition, is written just now, or is below the threshold.</summary>
    /// <param name="rests">Of the query by <see cref="Rests"/> to stop early where the threshold is out of reach; empty to add up all.</param>
    public bool TryCompare(int slot, in PartitionHash partition, ReadOnlySpan<float> unit, ReadOnlySpan<float> rests, float threshold, out TKey? key, out float cosine)
    {
        var version = Volatile.Read(ref _versions[slot]);
        key = _keys[slot];
        cosine = 0;
        var isEqual = _tags[slot] == partition.Tag && _partitions[slot] == partition;
        if ((version & 1) != 0 || !isEqual || key is null)
        {
            return false;
        }

        cosine = rests.IsEmpty ? TensorPrimitives.Dot(unit, _vectors.AsSpan(slot * dimensions, dimensions)) : Cosine(slot, unit, rests, threshold);
        Volatile.ReadBarrier();
        return cosine >= threshold && _versions[slot] == version;
    }

    /// <summary>The lengths of what is left of a query at each checkpoint.</summary>
    public static float[] Rests(ReadOnlySpan<float> unit)
    {
        var rests = new float[Checkpoints];
        for (var i = 0; i < Checkpoints; i++)
        {
            rests[i] = Rest(unit, i);
        }

        return rests;
    }

    private static float Rest(ReadOnlySpan<float> unit, int checkpoint) => TensorPrimitives.Norm(unit[End(unit.Length, checkpoint)..]);

    private static int End(int dimensions, int checkpoint) => (int)((long)dimensions * (checkpoint + 1) / (Checkpoints + 1));

    /// <summary>By Cauchy and Schwarz what is left adds at most the product of both lengths: below the threshold this is no cosine, but never below it.</summary>
    private float Cosine(int slot, ReadOnlySpan<float> unit, ReadOnlySpan<float> rests, float threshold)
    {
        var vector = _vectors.AsSpan(slot * dimensions, dimensions);
        var (sum, start) = (0f, 0);
        for (var i = 0; i < Checkpoints; i++)
        {
            var end = End(dimensions, i);
            sum += TensorPrimitives.Dot(unit[start..end], vector[start..end]);
            start = end;
            var most = sum + (rests[i] * _rests[(slot * Checkpoints) + i]) + Rounding;
            if (most < threshold)
            {
                return most;
            }
        }

        return sum + TensorPrimitives.Dot(unit[start..], vector[start..]);
    }
}
