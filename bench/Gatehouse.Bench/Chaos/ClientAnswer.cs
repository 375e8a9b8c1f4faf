namespace Gatehouse.Bench.Chaos;

internal enum Verdict
{
    /// <summary>Status 200, whole, and every character of the right answer.</summary>
    Correct,

    /// <summary>The client was told: by a status, an error in the answer, bytes that no client can read, or a broken connection.</summary>
    FailedVisibly,

    /// <summary>It looked like a whole answer and was not the right one.</summary>
    Wrong,

    /// <summary>There was no end to it within a minute.</summary>
    Hung,
}

/// <summary>What came back to the client.</summary>
/// <param name="Detail">How it failed, in few words, to be counted by.</param>
internal readonly record struct Judgement(Verdict Verdict, string Detail = "")
{
    public static Judgement Correct => new(Verdict.Correct);

    public static Judgement Failed(string detail) => new(Verdict.FailedVisibly, detail);

    public static Judgement Wrong(string detail) => new(Verdict.Wrong, detail);
}

/// <param name="Exchange">The gateway's id of it; null where it gave none.</param>
/// <param name="Latency">To the end of the answer, from the time at which the request was due, not from when it could be sent.</param>
/// <param name="FirstContent">To the first content of a stream; null for JSON and where none came.</param>
internal sealed record ClientAnswer(int Number, Judgement Judgement, string? Exchange, TimeSpan Latency, TimeSpan? FirstContent);
