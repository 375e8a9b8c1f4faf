namespace Gatehouse.Bench.Chaos;

/// <summary>A time in which every request of one target meets the same fault. Times count from the start of the run.</summary>
internal sealed record Burst(TimeSpan Start, TimeSpan End, Fault Fault);

/// <summary>
/// When one target fails and how: an on/off process with exponential lengths, scaled so that the target is down for exactly its share of
/// the run. Faults come from a shuffled deck, so that each is met before any is met twice.
/// </summary>
internal sealed class FaultSchedule
{
    private readonly Burst[] _bursts;

    private FaultSchedule(Burst[] bursts) => _bursts = bursts;

    public static FaultSchedule Never { get; } = new([]);

    public IReadOnlyList<Burst> Bursts => _bursts;

    public static FaultSchedule Always(Fault fault) => new([new Burst(TimeSpan.Zero, TimeSpan.MaxValue, fault)]);

    /// <param name="share">Of the run's duration that the target is down, 0 to 1.</param>
    /// <param name="meanBurst">Mean length of a burst; there is at least one.</param>
    public static FaultSchedule Random(int seed, int target, TimeSpan duration, double share, TimeSpan meanBurst)
    {
        var random = new Random(unchecked((seed * 31) + target));
        var down = duration * share;
        var count = Math.Max(1, (int)Math.Round(down / meanBurst));
        var lengths = Exponential(random, count, down);
        var gaps = Exponential(random, count + 1, duration - down);
        var deck = new List<Fault>();
        var bursts = new Burst[count];
        var at = TimeSpan.Zero;
        for (var i = 0; i < count; i++)
        {
            if (deck.Count == 0)
            {
                deck.AddRange(Faults.InBursts);
                random.Shuffle(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(deck));
            }

            var start = at + gaps[i];
            at = start + lengths[i];
            bursts[i] = new Burst(start, at, deck[^1]);
            deck.RemoveAt(deck.Count - 1);
        }

        return new FaultSchedule(bursts);
    }

    public Fault At(TimeSpan time)
    {
        foreach (var burst in _bursts)
        {
            if (time < burst.End)
            {
                return time >= burst.Start ? burst.Fault : Fault.None;
            }
        }

        return Fault.None;
    }

    /// <summary>How long all targets are down at the same time: what no choice among them can save.</summary>
    public static TimeSpan Overlap(IReadOnlyList<FaultSchedule> schedules)
    {
        var common = schedules[0]._bursts.Select(burst => (burst.Start, burst.End)).ToList();
        foreach (var schedule in schedules.Skip(1))
        {
            common = [.. from one in common
                         from other in schedule._bursts
                         let start = one.Start > other.Start ? one.Start : other.Start
                         let end = one.End < other.End ? one.End : other.End
                         where start < end
                         select (start, end)];
        }

        return new TimeSpan(common.Sum(span => (span.End - span.Start).Ticks));
    }

    private static TimeSpan[] Exponential(Random random, int count, TimeSpan total)
    {
        var draws = Enumerable.Range(0, count).Select(_ => -Math.Log(1 - random.NextDouble())).ToArray();
        var sum = draws.Sum();
        return [.. draws.Select(draw => total * (draw / sum))];
    }
}
