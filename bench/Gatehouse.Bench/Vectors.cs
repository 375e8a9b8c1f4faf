using Gatehouse.Caching.Semantic;

namespace Gatehouse.Bench;

/// <summary>
/// What a search of the semantic cache's vectors takes on one core: for a text that nothing is near to, and for one with a neighbour at a cosine
/// of 0.95, among random vectors and among those of 100 subjects (a cosine of 0.8 within one).
/// </summary>
internal static class Vectors
{
    private const float Threshold = 0.92f;
    private const float Near = 0.95f;
    private const float SameSubject = 0.8f;
    private const int Subjects = 100;

    public static void Run(Arguments arguments, TimeProvider time)
    {
        var rounds = arguments.Number("rounds");
        Console.WriteLine($"""

            ## Vectors

            Best and median of {rounds} searches, ms.

            | dimensions | vectors | data | miss best | miss median | hit best | hit median | guaranteed miss median | MB |
            |---:|---:|---|---:|---:|---:|---:|---:|---:|
            """);
        foreach (var dimensions in (int[])[384, 1536])
        {
            foreach (var count in (int[])[1_000, 10_000, 100_000])
            {
                foreach (var isClustered in (bool[])[false, true])
                {
                    Measure(dimensions, count, isClustered, rounds, time);
                }
            }
        }
    }

    private static void Measure(int dimensions, int count, bool isClustered, int rounds, TimeProvider time)
    {
        var random = new Random(20261121);
        var subjects = Enumerable.Range(0, Subjects).Select(_ => Direction(dimensions, random)).ToArray();
        float[] Make() => isClustered ? At(subjects[random.Next(Subjects)], MathF.Sqrt(SameSubject), random) : Direction(dimensions, random);

        var before = GC.GetTotalMemory(forceFullCollection: true);
        var index = new VectorIndex<int>(dimensions, count);
        var stored = new float[rounds][];
        for (var i = 0; i < count; i++)
        {
            var vector = Make();
            index.Add(default, i, vector);
            if (i < rounds)
            {
                stored[i] = vector;
            }
        }

        var megabytes = (GC.GetTotalMemory(forceFullCollection: true) - before) / 1e6;
        var misses = Enumerable.Range(0, rounds).Select(_ => Make()).ToArray();
        var hits = stored.Select(vector => At(vector, Near, random)).ToArray();
        var (missBest, missMedian) = Search(index, misses, expected: 0, time);
        var (hitBest, hitMedian) = Search(index, hits, expected: rounds, time);
        index = null;

        var guaranteed = new VectorIndex<int>(dimensions, count, isGuaranteed: true);
        for (var i = 0; i < count; i++)
        {
            guaranteed.Add(default, i, Make());
        }

        var (_, guaranteedMedian) = Search(guaranteed, misses, expected: 0, time);
        var data = isClustered ? $"{Subjects} subjects" : "random";
        Console.WriteLine($"| {dimensions:N0} | {count:N0} | {data} | {missBest:N2} | {missMedian:N2} | {hitBest:N2} | {hitMedian:N2} | {guaranteedMedian:N2} | {megabytes:N0} |");
    }

    private static (double Best, double Median) Search(VectorIndex<int> index, float[][] queries, int expected, TimeProvider time)
    {
        var taken = new List<double>();
        var found = 0;

        // The first pass is for the compiler.
        for (var pass = 0; pass < 2; pass++)
        {
            (found, _) = (0, taken.RemoveAll(_ => true));
            foreach (var query in queries)
            {
                var start = time.GetTimestamp();
                found += index.TryFind(default, query, Threshold, out _, out _) ? 1 : 0;
                taken.Add(time.GetElapsedTime(start).TotalMilliseconds);
            }
        }

        if (found != expected)
        {
            throw new BenchException($"{found} found of {expected}");
        }

        taken.Sort();
        return (taken[0], taken[taken.Count / 2]);
    }

    /// <summary>A vector with this cosine to a given one of length 1.</summary>
    private static float[] At(float[] from, float cosine, Random random)
    {
        var other = Direction(from.Length, random);
        var dot = from.Zip(other, (a, b) => a * b).Sum();
        var away = Unit([.. from.Zip(other, (a, b) => b - (dot * a))]);
        return [.. from.Zip(away, (a, b) => (cosine * a) + (MathF.Sqrt(1 - (cosine * cosine)) * b))];
    }

    private static float[] Direction(int dimensions, Random random)
    {
        var vector = new float[dimensions];
        for (var i = 0; i < dimensions; i++)
        {
            // Sums of uniform numbers are as good as normal: all directions are about as likely.
            vector[i] = random.NextSingle() + random.NextSingle() + random.NextSingle() + random.NextSingle() - 2;
        }

        return Unit(vector);
    }

    private static float[] Unit(float[] vector)
    {
        var length = MathF.Sqrt(vector.Sum(x => x * x));
        return [.. vector.Select(x => x / length)];
    }
}
