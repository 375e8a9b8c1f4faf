namespace Gatehouse.Runs;

/// <summary>Why a run is stopped, slowed or told of.</summary>
internal enum RunReason
{
    Calls,
    Tokens,
    Budget,
    Depth,
    FanOut,
    WallTime,
    Amplification,
    Anomaly,
    Loop,

    /// <summary>Somebody stopped it by the admin API.</summary>
    Administrator,
}

internal static class RunReasonWords
{
    /// <summary>As in the database, the admin API and metrics.</summary>
    public static string Word(this RunReason reason) => reason switch
    {
        RunReason.Calls => "calls",
        RunReason.Tokens => "tokens",
        RunReason.Budget => "budget",
        RunReason.Depth => "depth",
        RunReason.FanOut => "fan_out",
        RunReason.WallTime => "wall_time",
        RunReason.Amplification => "amplification",
        RunReason.Anomaly => "anomaly",
        RunReason.Loop => "loop",
        _ => "administrator",
    };

    public static RunReason Of(string word) => Enum.GetValues<RunReason>().FirstOrDefault(reason => reason.Word() == word, RunReason.Administrator);
}
