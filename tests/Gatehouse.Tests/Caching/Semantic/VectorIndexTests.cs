using System.Numerics.Tensors;
using Gatehouse.Caching.Semantic;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests.Caching.Semantic;

public sealed class VectorIndexTests
{
    private static readonly PartitionHash Partition = new(1, 2);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Finds_the_nearest_at_or_above_the_threshold(bool isGuaranteed)
    {
        var index = new VectorIndex<string>(3, 10, isGuaranteed);
        Assert.True(index.Add(Partition, "x", [10, 0, 0]));
        Assert.True(index.Add(Partition, "y", [0, -1e-20f, 0]));
        Assert.True(index.Add(Partition, "xy", [1e30f, -1e30f, 0]));

        Assert.True(index.TryFind(Partition, [2, 0, 0], 1, out var key, out var similarity));
        Assert.Equal("x", key);
        Assert.Equal(1, similarity, 5);
        Assert.True(index.TryFind(Partition, [1, -0.9f, 0], 0.9f, out key, out similarity));
        Assert.Equal("xy", key);
        Assert.Equal(1.9 / Math.Sqrt(2 * 1.81), similarity, 5);
        Assert.False(index.TryFind(Partition, [-1, 0, 0], 0.5f, out key, out similarity));
        Assert.Null(key);
        Assert.Equal(0, similarity);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Never_finds_what_is_in_another_partition(bool isGuaranteed)
    {
        var index = new VectorIndex<int>(2, 10, isGuaranteed);

        // The second differs where the tag does not look.
        var others = (PartitionHash[])[Partition with { High = 9 }, Partition with { High = Partition.High + (UInt128.One << 64) }, Partition with { Low = 9 }];
        foreach (var (i, other) in others.Index())
        {
            Assert.True(index.Add(other, i, [1, 0]));
        }

        Assert.False(index.TryFind(Partition, [1, 0], 0.5f, out _, out _));
        Assert.True(index.TryFind(others[1], [1, 0], 0.5f, out var key, out _));
        Assert.Equal(1, key);
    }

    [Theory]
    [InlineData]
    [InlineData(0f, 0f)]
    [InlineData(1f)]
    [InlineData(1f, 2f, 3f)]
    [InlineData(float.NaN, 1f)]
    [InlineData(1f, float.PositiveInfinity)]
    public void A_vector_without_a_direction_is_neither_kept_nor_found(params float[] vector)
    {
        var index = new VectorIndex<int>(2, 10);
        Assert.True(index.Add(Partition, 1, [1, 1]));

        Assert.False(index.Add(Partition, 2, vector));
        Assert.False(index.TryFind(Partition, vector, -1, out _, out _));
        Assert.Equal(1, index.Count);
    }

    [Fact]
    public void A_removed_vector_is_not_found_and_its_place_is_used_again()
    {
        var index = new VectorIndex<int>(2, 2);
        _ = index.Add(Partition, 1, [1, 0]);
        _ = index.Add(Partition, 2, [0, 1]);

        Assert.True(index.Remove(1));
        Assert.False(index.Remove(1));
        Assert.False(index.TryFind(Partition, [1, 0], 0.9f, out _, out _));
        Assert.True(index.Add(Partition, 3, [1, 0]));
        Assert.True(index.TryFind(Partition, [1, 0], 0.9f, out var key, out _));
        Assert.Equal(3, key);
        Assert.True(index.TryFind(Partition, [0, 1], 0.9f, out _, out _));
    }

    [Fact]
    public void The_same_key_again_replaces_its_vector()
    {
        var index = new VectorIndex<int>(2, 2);
        _ = index.Add(Partition, 1, [1, 0]);
        _ = index.Add(Partition, 1, [0, 1]);

        Assert.Equal(1, index.Count);
        Assert.False(index.TryFind(Partition, [1, 0], 0.9f, out _, out _));
        Assert.True(index.TryFind(Partition, [0, 1], 0.9f, out _, out _));
    }

    [Fact]
    public void A_full_index_makes_room_by_what_was_not_found()
    {
        var random = new SeededRandom(1);
        var index = new VectorIndex<int>(64, 300);
        var vectors = Enumerable.Range(0, 900).Select(_ => Direction(64, random)).ToArray();
        for (var i = 0; i < vectors.Length; i++)
        {
            _ = index.Add(Partition, i, vectors[i]);
            Assert.True(index.TryFind(Partition, vectors[0], 0.99f, out var key, out _), $"{i}");
            Assert.Equal(0, key);
        }

        Assert.Equal(300, index.Count);
        Assert.False(index.TryFind(Partition, vectors[1], 0.99f, out _, out _));
        Assert.True(index.TryFind(Partition, vectors[^1], 0.99f, out _, out _));
    }

    [Theory]
    [InlineData("random", 384)]
    [InlineData("random", 1536)]
    [InlineData("clustered", 384)]
    [InlineData("clustered", 1536)]
    [InlineData("sparse", 384)]
    [InlineData("crowded", 384)]
    public void Loses_fewer_than_one_neighbour_in_a_thousand(string data, int dimensions)
    {
        const int Count = 2_000;
        const float Threshold = 0.9f;
        var random = new SeededRandom(dimensions);
        var centres = Enumerable.Range(0, data == "crowded" ? 1 : 20).Select(_ => Direction(dimensions, random)).ToArray();
        float[] Make() => data switch
        {
            "random" => Direction(dimensions, random),
            "sparse" => Sparse(dimensions, random),
            "crowded" => At(centres[0], 0.97f, random),
            _ => At(centres[random.Next(centres.Length)], 0.9f, random),
        };
        var vectors = Enumerable.Range(0, Count).Select(_ => Make()).ToArray();
        var index = new VectorIndex<int>(dimensions, Count);
        var guaranteed = new VectorIndex<int>(dimensions, Count, isGuaranteed: true);
        foreach (var (i, vector) in vectors.Index())
        {
            _ = index.Add(Partition, i, vector);
            _ = guaranteed.Add(Partition, i, vector);
        }

        var (neighbours, found, nearest) = (0, 0, 0);
        for (var i = 0; i < Count; i++)
        {
            // From just at the threshold up to all but equal, and some that are near to nothing.
            var query = i % 10 == 0 ? Make() : At(vectors[i], Threshold + ((1 - Threshold) * random.NextSingle() * (i % 3)) / 2, random);
            var best = vectors.Max(vector => TensorPrimitives.Dot<float>(vector, query));
            var isFound = index.TryFind(Partition, query, Threshold, out _, out var similarity);

            Assert.Equal(best >= Threshold - 1e-6, guaranteed.TryFind(Partition, query, Threshold, out _, out var exact));
            Assert.True(exact == 0 || Math.Abs(exact - best) < 1e-5);
            Assert.True(!isFound || best >= Threshold - 2e-6);
            Assert.True(similarity <= best + 1e-5);
            neighbours += best >= Threshold ? 1 : 0;
            found += best >= Threshold && isFound ? 1 : 0;
            nearest += best >= Threshold && similarity >= best - 1e-5 ? 1 : 0;
        }

        Assert.True(neighbours > Count / 2, $"{neighbours} neighbours prove nothing");
        Assert.True(found >= neighbours * 0.999, $"{found} of {neighbours} found");
        Assert.True(nearest >= neighbours * (data == "crowded" ? 0.95 : 0.999), $"the nearest of {nearest} of {neighbours}");
        TestContext.Current.TestOutputHelper?.WriteLine($"{data} {dimensions}: {found} of {neighbours} found, {nearest} of them the nearest");
    }

    [Fact]
    public async Task Searches_beside_writes_find_only_what_is_true()
    {
        const int Dimensions = 64;
        var random = new SeededRandom(7);
        var index = new VectorIndex<int>(Dimensions, 512);

        // What belongs to a key never changes, so that every mixture of two entries shows.
        var vectors = Enumerable.Range(0, 2_000).Select(_ => Direction(Dimensions, random)).ToArray();
        static PartitionHash PartitionOf(int key) => new((UInt128)(key % 3), 5);
        var isOver = false;
        var hits = 0;
        var readers = Enumerable.Range(0, 2).Select(reader => Task.Run(() =>
        {
            for (var i = reader; !Volatile.Read(ref isOver); i = (i + 7) % vectors.Length)
            {
                if (index.TryFind(PartitionOf(i), vectors[i], 0.9f, out var key, out var similarity))
                {
                    Assert.Equal(i, key);
                    Assert.Equal(1, similarity, 4);
                    _ = Interlocked.Increment(ref hits);
                }
            }
        })).ToArray();
        for (var round = 0; round < 20; round++)
        {
            for (var key = 0; key < vectors.Length; key++)
            {
                _ = index.Add(PartitionOf(key), key, vectors[key]);
                _ = key % 5 == 0 && index.Remove(key - (key % 2));
            }
        }

        Volatile.Write(ref isOver, true);
        await Task.WhenAll(readers);
        Assert.True(hits > 0);
        Assert.InRange(index.Count, 1, 512);
    }

    [Fact]
    public void The_nearest_slots_are_kept_whatever_the_order()
    {
        Properties.Hold(FsCheck.Fluent.Gen.Choose(0, int.MaxValue), seed =>
        {
            var random = new SeededRandom(seed);
            var spread = 1 + random.Next(60);
            var distances = Enumerable.Range(0, random.Next(400)).Select(_ => random.Next(spread)).ToArray();
            if (seed % 3 == 0)
            {
                distances = [.. distances.OrderDescending()];
            }

            var limit = random.Next(60);
            var slots = new NearestSlots(new int[NearestSlots.Room(8)], new int[61], 8, limit);
            foreach (var (slot, distance) in distances.Index())
            {
                slots.Add(slot, distance);
            }

            var kept = slots.Slots().ToArray().Select(slot => distances[slot]).Order().ToArray();
            var expected = distances.Where(distance => distance <= limit).Order().Take(8).ToArray();
            Assert.Equal(expected, kept.Take(expected.Length));
            Assert.InRange(kept.Length, expected.Length, 16);
        });
    }

    private static float[] At(float[] from, float cosine, Random random)
    {
        var away = Direction(from.Length, random);
        var dot = TensorPrimitives.Dot<float>(from, away);
        for (var i = 0; i < away.Length; i++)
        {
            away[i] -= dot * from[i];
        }

        var length = TensorPrimitives.Norm<float>(away);
        return [.. from.Select((x, i) => (cosine * x) + (MathF.Sqrt(1 - (cosine * cosine)) * away[i] / length))];
    }

    private static float[] Direction(int dimensions, Random random)
    {
        var vector = Enumerable.Range(0, dimensions).Select(_ => (float)Enumerable.Range(0, 4).Sum(_ => random.NextDouble() - 0.5)).ToArray();
        var length = TensorPrimitives.Norm<float>(vector);
        return [.. vector.Select(x => x / length)];
    }

    /// <summary>Of three coordinates: no random direction at all.</summary>
    private static float[] Sparse(int dimensions, Random random)
    {
        var vector = new float[dimensions];
        for (var i = 0; i < 3; i++)
        {
            vector[random.Next(dimensions)] = random.Next(2) == 0 ? 1 : -1;
        }

        var length = TensorPrimitives.Norm<float>(vector);
        return [.. vector.Select(x => x / length)];
    }
}
