namespace Gatehouse.Runs;

/// <summary>A run is one of its tenant: the same id said by another is another run.</summary>
internal readonly record struct RunKey(string Tenant, string Run);

/// <summary>That a run has been stopped, and why.</summary>
/// <param name="Message">Why, as the end of a sentence: <c>it has made 200 calls, and may make 200 (runs[0])</c>.</param>
internal sealed record RunStop(RunReason Reason, string Message, DateTimeOffset At);

/// <summary>What is known of a run while it lasts. Changed under the lock of its <see cref="RunTracker"/>.</summary>
internal sealed class RunState(RunKey key, string agent, DateTimeOffset now)
{
    /// <summary>Calls that can be found as parents.</summary>
    public const int MostCalls = 64;

    private readonly List<KnownCall> _calls = [];

    public RunKey Key { get; } = key;

    /// <summary>Whose baseline it counts for.</summary>
    public string Agent { get; } = agent;

    /// <summary>Of its first call, or since when its limits count.</summary>
    public DateTimeOffset StartedAt { get; set; } = now;

    public DateTimeOffset LastAt { get; set; } = now;

    /// <summary>Its id was made here and no policy is about it: unless further calls join it, nobody will ever ask for it.</summary>
    public bool IsLone { get; init; }

    /// <summary>Id of its first exchange.</summary>
    public string? First { get; set; }

    /// <summary>That were let in.</summary>
    public long Calls { get; set; }

    public long Tokens { get; set; }

    public long CostNanoUsd { get; set; }

    public int InFlight { get; set; }

    /// <summary>Tokens of the first request that was counted by its provider; 0 while there is none.</summary>
    public long FirstTokens { get; private set; }

    /// <summary>Tokens spent for each token of the first request; null while that is not known.</summary>
    public double? Amplification => FirstTokens > 0 ? (double)Tokens / FirstTokens : null;

    /// <summary>How many of its calls have been slowed.</summary>
    public int Slowed { get; set; }

    /// <summary>Null until a policy asks for loops.</summary>
    public LoopWatch? Loops { get; set; }

    /// <summary>Alerts that have been raised for it; null for none.</summary>
    public HashSet<string>? Alerted { get; set; }

    /// <summary>Its place in the order of use; null once it is not tracked any more.</summary>
    public LinkedListNode<RunState>? Place { get; set; }

    private string? _firstCounted;

    /// <summary>The first request is the one that began first, whenever its answer came: ids begin with their time.</summary>
    public void CountFirst(string exchange, long tokens)
    {
        if (tokens > 0 && (_firstCounted is null || string.CompareOrdinal(exchange, _firstCounted) < 0))
        {
            (_firstCounted, FirstTokens) = (exchange, tokens);
        }
    }

    /// <summary>Remembers a call: what it makes upstream may come back as calls within it.</summary>
    /// <param name="span">That the gateway sent upstream.</param>
    public void Know(string exchange, ulong span, int depth)
    {
        if (_calls.Count == MostCalls)
        {
            _calls.RemoveAt(0);
        }

        _calls.Add(new KnownCall(exchange, span, depth));
    }

    public KnownCall? Find(string exchange) => Use(_calls.FindLastIndex(call => call.Exchange == exchange));

    public KnownCall? Find(ulong span) => span == 0 ? null : Use(_calls.FindLastIndex(call => call.Span == span));

    /// <summary>Its limits count from now on.</summary>
    public void Restart(DateTimeOffset at)
    {
        (StartedAt, Calls, Tokens, CostNanoUsd, Slowed) = (at, 0, 0, 0, 0);
        (FirstTokens, _firstCounted, Loops, Alerted) = (0, null, null, null);
    }

    /// <summary>One that others are made within is remembered longest.</summary>
    private KnownCall? Use(int index)
    {
        if (index < 0)
        {
            return null;
        }

        var call = _calls[index];
        _calls.RemoveAt(index);
        _calls.Add(call);
        return call;
    }
}

/// <param name="Depth">1 for a call that has no parent.</param>
internal readonly record struct KnownCall(string Exchange, ulong Span, int Depth);

/// <summary>An exchange among those of its run.</summary>
/// <param name="Tail">For the loops; null when nobody asks for them, or it cannot be compared.</param>
internal sealed record RunPlace(RunState Run, int Depth, RequestTail? Tail);
