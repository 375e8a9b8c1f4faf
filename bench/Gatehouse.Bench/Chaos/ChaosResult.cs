namespace Gatehouse.Bench.Chaos;

/// <summary>One scenario with one gateway: a line of the results file. Times are in milliseconds.</summary>
internal sealed record ChaosResult
{
    public required string Gateway { get; init; }

    public required string Scenario { get; init; }

    public required int Seed { get; init; }

    public required int Requests { get; init; }

    public required int Streams { get; init; }

    public required double PerSecond { get; init; }

    public required int Correct { get; init; }

    public required int FailedVisibly { get; init; }

    public required int Wrong { get; init; }

    public required int Hung { get; init; }

    /// <summary>Streams that a target broke after content, and that were not answered correctly.</summary>
    public required int CutAfterContent { get; init; }

    /// <summary>Requests that arrived at each target.</summary>
    public required IReadOnlyList<int> Arrived { get; init; }

    /// <summary>Attempts that did not arrive because a target refused connections or broke them; null where the gateway keeps no record of it.</summary>
    public required int? NotArrived { get; init; }

    public required Quantiles Latency { get; init; }

    public required Quantiles FirstContent { get; init; }

    /// <summary>How long each target was down by its schedule.</summary>
    public required IReadOnlyList<double> DownMs { get; init; }

    /// <summary>How long all were down at once.</summary>
    public required double AllDownMs { get; init; }

    public required IReadOnlyList<FaultOutcome> Faults { get; init; }

    public required IReadOnlyList<FailureCount> Failures { get; init; }

    /// <summary>Null for gateways without a ledger.</summary>
    public LedgerAgreement? Ledger { get; init; }

    /// <summary>Null for gateways without a ledger.</summary>
    public Accounts? Accounts { get; init; }

    /// <summary>Null where no target is dead, or nobody knows what it was asked.</summary>
    public DeadTarget? Dead { get; init; }

    public int Attempts => Arrived.Sum() + (NotArrived ?? 0);

    public double Amplification => (double)Attempts / Requests;

    public double Availability => (double)Correct / Requests;

    public double AvailabilityWithoutCuts => (double)Correct / (Requests - CutAfterContent);
}

internal sealed record Quantiles(double P50, double P99, double P999, double Max)
{
    public static Quantiles Of(IEnumerable<TimeSpan> times)
    {
        var sorted = times.Select(time => time.TotalMilliseconds).Order().ToList();
        double At(double quantile) => sorted.Count == 0 ? 0 : sorted[Math.Max(0, (int)Math.Ceiling(quantile * sorted.Count) - 1)];
        return new Quantiles(At(0.5), At(0.99), At(0.999), At(1));
    }
}

/// <summary>What became of the requests that met a fault. Those that met two count for both.</summary>
internal sealed record FaultOutcome(Fault Fault, int Met, int Correct, int FailedVisibly, int Wrong);

internal sealed record FailureCount(string Detail, int Count);

/// <summary>Whether what was charged adds up.</summary>
/// <param name="LedgerNanoUsd">Over all rows.</param>
/// <param name="BudgetNanoUsd">What was taken from the budget; null where the gateway does not tell.</param>
/// <param name="NotTheSum">Rows whose cost is not that of their attempts.</param>
/// <param name="Unpaid">Rows of which text went out, without a cost.</param>
internal sealed record Accounts(long LedgerNanoUsd, long? BudgetNanoUsd, int NotTheSum, int Unpaid);

/// <summary>Whether the ledger's outcomes are what the client saw.</summary>
/// <param name="Missing">Exchanges that the client has an id of and the ledger no row.</param>
/// <param name="CompletedNotCorrect">Recorded as completed, and the client got no correct answer.</param>
/// <param name="CorrectNotCompleted">The other way round.</param>
internal sealed record LedgerAgreement(int Rows, int Missing, int CompletedNotCorrect, int CorrectNotCompleted);

/// <summary>How often a target was asked that was down for the whole run.</summary>
/// <param name="BeforePause">Attempts before it was first left alone for half a second; all of them where it never was.</param>
/// <param name="ShortestPauseMs">Between two of the attempts after that; null with fewer than two.</param>
internal sealed record DeadTarget(int Attempts, int BeforePause, double? ShortestPauseMs)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    public static DeadTarget Of(IEnumerable<TimeSpan> attempts)
    {
        var sorted = attempts.Order().ToList();
        var gaps = sorted.Zip(sorted.Skip(1), (one, next) => next - one).ToList();
        var pause = gaps.FindIndex(gap => gap >= Pause);
        var before = pause < 0 ? sorted.Count : pause + 1;
        var later = gaps.Skip(before).ToList();
        return new DeadTarget(sorted.Count, before, later.Count == 0 ? null : later.Min().TotalMilliseconds);
    }
}
