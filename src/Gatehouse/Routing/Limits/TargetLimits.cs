using Gatehouse.Protocols.Chat;

namespace Gatehouse.Routing.Limits;

/// <summary>
/// What one target of one route may still use. Thread-safe. It outlives a reload of the configuration: what was counted stays for limits whose
/// amount alone is changed.
/// </summary>
/// <param name="time">Windows go by its timestamps, so that a clock that is set does not matter.</param>
internal sealed class TargetLimits(LimitModel model, TimeProvider time)
{
    /// <summary>Nobody uses as much; a provider that says so must not make a sum turn around.</summary>
    private const long MostTokens = 1_000_000_000_000;

    private readonly Lock _lock = new();
    private readonly long _origin = time.GetTimestamp();
    private LimitModel _model = model;
    private LimitWindow[] _windows = [.. model.Rules.Select(rule => new LimitWindow(rule))];
    private int _inFlight;

    /// <summary>The use that is expected of a request matters.</summary>
    public bool CountsTokens => Volatile.Read(ref _model).CountsTokens;

    // Within the lock only: so no two calls see time run backwards.
    private TimeSpan Now => time.GetElapsedTime(_origin);

    /// <summary>Of the configuration from now on.</summary>
    public void Apply(LimitModel changed)
    {
        lock (_lock)
        {
            var before = _windows;
            _windows = [.. changed.Rules.Select(rule => Kept(before, rule) ?? new LimitWindow(rule))];
            Volatile.Write(ref _model, changed);
        }
    }

    /// <summary>Lets one attempt in and sets its use aside, or says why not.</summary>
    public LimitRefusal TryEnter(ExpectedUse use, out LimitPass? pass)
    {
        lock (_lock)
        {
            var now = Now;
            var refusal = RefusalAt(now, use);
            pass = refusal.IsRefused ? null : Admit(now, use);
            return refusal;
        }
    }

    /// <summary>What <see cref="TryEnter"/> would say.</summary>
    public LimitRefusal Check(ExpectedUse use)
    {
        lock (_lock)
        {
            return RefusalAt(Now, use);
        }
    }

    /// <summary>The attempt that was let in begins only now: it is counted now, and not then.</summary>
    /// <returns>False when there is no room for it any more. It is over then.</returns>
    internal bool Renew(LimitPass pass)
    {
        lock (_lock)
        {
            if (pass.IsOver)
            {
                return false;
            }

            var now = Now;
            _inFlight--;
            TakeBack(now, pass, tokensOnly: false);
            if (RefusalAt(now, pass.Use).IsRefused)
            {
                pass.IsOver = true;
                return false;
            }

            var renewed = Admit(now, pass.Use);
            (pass.At, pass.Reserved) = (renewed.At, renewed.Reserved);
            return true;
        }
    }

    /// <summary>The attempt is over. Only the first word of it counts.</summary>
    internal void End(LimitPass pass, LimitEnd end, Usage? usage)
    {
        lock (_lock)
        {
            if (pass.IsOver)
            {
                return;
            }

            pass.IsOver = true;
            _inFlight--;
            var now = Now;
            switch (end)
            {
                case LimitEnd.NotMade:
                    TakeBack(now, pass, tokensOnly: false);
                    break;
                case LimitEnd.Refused:
                    TakeBack(now, pass, tokensOnly: true);
                    break;
                default:
                    Settle(now, pass, usage, isWhole: end == LimitEnd.Completed);
                    break;
            }
        }
    }

    private static LimitWindow? Kept(LimitWindow[] before, LimitRule rule)
    {
        var window = Array.Find(before, window => window.Rule.Unit == rule.Unit && window.Rule.Period == rule.Period);
        if (window is not null)
        {
            window.Rule = rule;
        }

        return window;
    }

    private static void TakeBack(TimeSpan now, LimitPass pass, bool tokensOnly)
    {
        foreach (var (window, amount) in pass.Reserved)
        {
            if (!tokensOnly || window.Rule.Unit != LimitUnit.Requests)
            {
                window.Remove(now, pass.At, amount);
            }
        }
    }

    /// <summary>What was set aside too much is given back where it was taken; what was too little counts from now on.</summary>
    private static void Settle(TimeSpan now, LimitPass pass, Usage? usage, bool isWhole)
    {
        foreach (var (window, amount) in pass.Reserved)
        {
            if (Used(window.Rule.Unit, usage) is { } used && (isWhole || used > amount))
            {
                if (used < amount)
                {
                    window.Remove(now, pass.At, amount - used);
                }
                else
                {
                    window.Add(now, used - amount);
                }
            }
        }
    }

    /// <returns>Null where it was not told.</returns>
    private static long? Used(LimitUnit unit, Usage? usage)
    {
        var input = usage?.InputTokens is { } uncached ? Told(uncached) + Told(usage.CacheReadTokens ?? 0) + Told(usage.CacheWriteTokens ?? 0) : (long?)null;
        var output = usage?.OutputTokens is { } all ? Told(all) : (long?)null;
        return unit switch
        {
            LimitUnit.InputTokens => input,
            LimitUnit.OutputTokens => output,
            LimitUnit.TotalTokens => input is null ? null : input + (output ?? 0),
            _ => null,
        };

        static long Told(long tokens) => Math.Clamp(tokens, 0, MostTokens);
    }

    private LimitPass Admit(TimeSpan now, ExpectedUse use)
    {
        _inFlight++;
        var reserved = new (LimitWindow, long)[_windows.Length];
        for (var i = 0; i < reserved.Length; i++)
        {
            var amount = use.Of(_windows[i].Rule);
            _windows[i].Add(now, amount);
            reserved[i] = (_windows[i], amount);
        }

        return new LimitPass(this, use) { At = now, Reserved = reserved };
    }

    /// <summary>Of several limits that are reached, the one that is so for longest.</summary>
    private LimitRefusal RefusalAt(TimeSpan now, ExpectedUse use)
    {
        var worst = default(LimitRefusal);
        foreach (var window in _windows)
        {
            var amount = use.Of(window.Rule);
            if (!window.HasRoomFor(now, amount))
            {
                var wait = window.WaitFor(now, amount);
                if (!worst.IsRefused || (!worst.IsForever && (wait is null || wait > worst.Wait)))
                {
                    worst = new LimitRefusal { Rule = window.Rule, IsForever = wait is null, Wait = wait };
                }
            }
        }

        return worst.IsRefused || _model.Concurrency is not { } most || _inFlight < most ? worst : new LimitRefusal { Concurrency = most };
    }
}
