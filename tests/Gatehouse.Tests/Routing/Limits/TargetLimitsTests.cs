using FsCheck.Fluent;
using Gatehouse.Configuration.Binding;
using Gatehouse.Protocols.Chat;
using Gatehouse.Routing.Limits;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests.Routing.Limits;

/// <summary>No target is used past its limits, whatever happens.</summary>
public sealed class TargetLimitsTests
{
    private static readonly ExpectedUse Small = new(10, 10);

    private readonly ManualTime _time = new();

    [Fact]
    public void As_many_requests_start_as_are_allowed_and_then_no_more_for_as_long_as_the_window_is()
    {
        var limits = Limits(Rule(LimitUnit.Requests, LimitPeriod.Minute, 2));
        Assert.False(limits.TryEnter(Small, out _).IsRefused);
        _time.Advance(TimeSpan.FromSeconds(30));
        Assert.False(limits.TryEnter(Small, out _).IsRefused);

        var refusal = limits.TryEnter(Small, out var pass);

        Assert.Null(pass);
        Assert.InRange(refusal.Wait!.Value, TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(31));
        Assert.Equal($"its limit of 2 requests per minute is used up for another {Math.Ceiling(refusal.Wait.Value.TotalSeconds * 10) / 10:0.#} s", refusal.Text());
        _time.Advance(refusal.Wait.Value);
        Assert.False(limits.TryEnter(Small, out _).IsRefused);
        Assert.True(limits.TryEnter(Small, out _).IsRefused);
    }

    [Fact]
    public void What_runs_at_the_same_time_is_counted_to_its_end()
    {
        var limits = new Gatehouse.Routing.Limits.TargetLimits(new LimitModel([], Concurrency: 2), _time);
        _ = limits.TryEnter(Small, out var first);
        _ = limits.TryEnter(Small, out _);

        var refusal = limits.TryEnter(Small, out _);
        Assert.Equal(("its limit of 2 at the same time is reached", null), (refusal.Text(), refusal.Wait));

        first!.End(LimitEnd.Completed);
        first.End(LimitEnd.Completed);
        Assert.False(limits.TryEnter(Small, out _).IsRefused);
        Assert.True(limits.TryEnter(Small, out _).IsRefused);
    }

    [Theory]
    [InlineData("InputTokens", 60)]
    [InlineData("OutputTokens", 25)]
    [InlineData("TotalTokens", 85)]
    public void Tokens_are_set_aside_by_estimate_and_settled_by_what_was_used(string name, int used)
    {
        var unit = Enum.Parse<LimitUnit>(name);
        var limits = Limits(Rule(unit, LimitPeriod.Minute, 100));
        _ = limits.TryEnter(new ExpectedUse(100, 100), out var pass);
        Assert.True(limits.Check(new ExpectedUse(1, 1)).IsRefused);

        pass!.End(LimitEnd.Completed, new Usage { InputTokens = 10, CacheReadTokens = 20, CacheWriteTokens = 30, OutputTokens = 25 });

        var left = 100 - used;
        Assert.False(limits.Check(Exactly(left)).IsRefused);
        Assert.True(limits.Check(Exactly(left + 1)).IsRefused);

        ExpectedUse Exactly(int tokens) => unit == LimitUnit.OutputTokens ? new(0, tokens) : new(tokens, 0);
    }

    [Fact]
    public void What_is_used_beyond_the_estimate_counts_from_when_it_is_known()
    {
        var limits = Limits(Rule(LimitUnit.OutputTokens, LimitPeriod.Minute, 100));
        _ = limits.TryEnter(new ExpectedUse(0, 10), out var pass);
        _time.Advance(TimeSpan.FromMinutes(5));

        pass!.End(LimitEnd.Completed, new Usage { OutputTokens = 500 });

        var refusal = limits.Check(new ExpectedUse(0, 1));
        Assert.InRange(refusal.Wait!.Value, TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(61));
        _time.Advance(refusal.Wait.Value);
        Assert.False(limits.Check(new ExpectedUse(0, 100)).IsRefused);
    }

    [Fact]
    public void An_attempt_that_was_refused_gives_its_tokens_back_but_was_a_request()
    {
        var limits = Limits(Rule(LimitUnit.TotalTokens, LimitPeriod.Minute, 100), Rule(LimitUnit.Requests, LimitPeriod.Minute, 2));
        _ = limits.TryEnter(new ExpectedUse(100, 0), out var pass);
        pass!.End(LimitEnd.Refused);

        Assert.False(limits.TryEnter(new ExpectedUse(100, 0), out _).IsRefused);
        Assert.Equal(LimitUnit.TotalTokens, limits.Check(new ExpectedUse(1, 0)).Rule.Unit);
        Assert.Equal(LimitUnit.Requests, limits.Check(new ExpectedUse(0, 0)).Rule.Unit);
    }

    [Fact]
    public void An_attempt_that_was_not_made_gives_all_back()
    {
        var limits = Limits(Rule(LimitUnit.Requests, LimitPeriod.Day, 1));
        _ = limits.TryEnter(Small, out var pass);
        _time.Advance(TimeSpan.FromHours(3));
        pass!.End(LimitEnd.NotMade);

        Assert.False(limits.TryEnter(Small, out _).IsRefused);
    }

    [Fact]
    public void A_request_that_is_larger_than_the_whole_limit_never_comes_in()
    {
        var refusal = Limits(Rule(LimitUnit.TotalTokens, LimitPeriod.Minute, 100)).Check(new ExpectedUse(101, 0));

        Assert.Equal(("the request is larger than its limit of 100 total tokens per minute", null), (refusal.Text(), refusal.Wait));
    }

    [Fact]
    public void What_the_caller_allows_as_output_is_no_reason_to_refuse_forever()
    {
        var limits = Limits(Rule(LimitUnit.TotalTokens, LimitPeriod.Minute, 100));

        Assert.False(limits.TryEnter(new ExpectedUse(50, 64_000), out _).IsRefused);
        Assert.True(limits.Check(new ExpectedUse(1, 0)).IsRefused);
    }

    [Fact]
    public void Usage_that_nobody_can_have_does_no_harm()
    {
        var limits = Limits(Rule(LimitUnit.TotalTokens, LimitPeriod.Minute, 100));
        for (var i = 0; i < 3; i++)
        {
            _ = limits.TryEnter(Small, out var pass);
            pass?.End(LimitEnd.Completed, new Usage { InputTokens = long.MaxValue, CacheReadTokens = long.MinValue, OutputTokens = long.MaxValue });
            Assert.True(limits.Check(Small).IsRefused);
            _time.Advance(TimeSpan.FromSeconds(61));
            Assert.False(limits.Check(Small).IsRefused);
        }
    }

    [Fact]
    public void An_attempt_that_waits_counts_when_it_begins()
    {
        var limits = Limits(Rule(LimitUnit.Requests, LimitPeriod.Second, 1));
        _ = limits.TryEnter(Small, out var waiting);
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.True(waiting!.Renew());
        Assert.True(limits.Check(Small).IsRefused);

        _time.Advance(TimeSpan.FromSeconds(2));
        _ = limits.TryEnter(Small, out _);
        Assert.False(waiting.Renew());
        Assert.False(waiting.Renew());
    }

    [Fact]
    public void No_window_of_any_place_has_more_than_the_limit()
    {
        var step = Gen.Frequency(
            (6, Gen.Choose(0, 40).Select(milliseconds => (Kind: 0, Value: milliseconds))),
            (1, Gen.Choose(300, 2500).Select(milliseconds => (Kind: 0, Value: milliseconds))),
            (8, Gen.Choose(0, 30).Select(tokens => (Kind: 1, Value: tokens))),
            (4, Gen.Choose(0, 3).Select(how => (Kind: 2, Value: how))),
            (1, Gen.Choose(1, 6).Select(most => (Kind: 3, Value: most))));
        Properties.Hold(step.ListOf().Resize(300), Run, count: 200);
    }

    /// <summary>Every start is written down, and every window that ends at a start is counted by hand.</summary>
    private static void Run(IList<(int Kind, int Value)> steps)
    {
        const int Tokens = 60;
        var time = new ManualTime();
        var (requests, concurrency) = (4, 3);
        var limits = new Gatehouse.Routing.Limits.TargetLimits(Model(requests, concurrency), time);
        var running = new List<(LimitPass Pass, Start Start)>();
        var starts = new List<Start>();
        foreach (var (kind, value) in steps)
        {
            switch (kind)
            {
                case 0:
                    time.Advance(TimeSpan.FromMilliseconds(value));
                    break;
                case 1:
                    if (!limits.TryEnter(new ExpectedUse(value, 5), out var pass).IsRefused)
                    {
                        var start = new Start(time.GetUtcNow()) { Tokens = value + 5 };
                        starts.Add(start);
                        running.Add((pass!, start));
                        Assert.True(running.Count <= concurrency, "concurrency");
                        Assert.True(Within(start.At, TimeSpan.FromSeconds(1)).Count(entry => entry.IsMade) <= requests, "requests");
                        Assert.True(Within(start.At, TimeSpan.FromMinutes(1)).Sum(entry => entry.Tokens) <= Tokens, "tokens");
                    }

                    break;
                case 2 when running.Count > 0:
                    var (ending, ended) = running[value % running.Count];
                    running.RemoveAt(value % running.Count);
                    (LimitEnd End, int Tokens) how = value switch
                    {
                        0 => (LimitEnd.NotMade, 0),
                        1 => (LimitEnd.Refused, 0),
                        2 => (LimitEnd.Completed, ended.Tokens / 2),
                        _ => (LimitEnd.Unknown, ended.Tokens),
                    };
                    ending.End(how.End, how.End == LimitEnd.Completed ? new Usage { InputTokens = how.Tokens, OutputTokens = 0 } : null);
                    (ended.Tokens, ended.IsMade) = (how.Tokens, how.End != LimitEnd.NotMade);
                    break;
                case 3:
                    // A reload: what was counted before it counts on.
                    (requests, concurrency) = (value, Math.Max(concurrency, value));
                    limits.Apply(Model(requests, concurrency));
                    break;
            }
        }

        IEnumerable<Start> Within(DateTimeOffset end, TimeSpan window) => starts.Where(start => start.At > end - window);

        static LimitModel Model(int requests, int concurrency) => new(
            [Rule(LimitUnit.Requests, LimitPeriod.Second, requests), Rule(LimitUnit.TotalTokens, LimitPeriod.Minute, Tokens)], concurrency);
    }

    [Fact]
    public void Nothing_is_lost_between_threads()
    {
        var limits = new Gatehouse.Routing.Limits.TargetLimits(new LimitModel([Rule(LimitUnit.Requests, LimitPeriod.Hour, 500)], Concurrency: 4), _time);
        var (entered, inside, most) = (0, 0, 0);

        Parallel.For(0, 2000, new ParallelOptions { MaxDegreeOfParallelism = 8 }, _ =>
        {
            if (!limits.TryEnter(Small, out var pass).IsRefused)
            {
                _ = Interlocked.Increment(ref entered);
                var now = Interlocked.Increment(ref inside);
                InterlockedMax(ref most, now);
                _ = Interlocked.Decrement(ref inside);
                pass!.End(LimitEnd.Completed);
            }
        });

        Assert.InRange(most, 1, 4);
        Assert.InRange(entered, 1, 500);
        while (!limits.TryEnter(Small, out var pass).IsRefused)
        {
            entered++;
            pass!.End(LimitEnd.Completed);
        }

        Assert.Equal(500, entered);
    }

    [Theory]
    [InlineData("[{ requests: 5 }]", "requests needs per: second, minute, hour or day (l[0], gatehouse.yaml:1)")]
    [InlineData("[{ concurrency: 5, per: minute }]", "belongs to requests, input_tokens, output_tokens and total_tokens (l[0].per")]
    [InlineData("[{ }]", "limits nothing")]
    [InlineData("[{ requests: 0, per: day }]", "must be at least 1 (l[0].requests")]
    [InlineData("[{ concurrency: -1 }]", "must be at least 1 (l[0].concurrency")]
    [InlineData("[{ budget_usd: 5, per: day }]", "unknown key 'budget_usd'; known keys here: requests, input_tokens, output_tokens, total_tokens, concurrency, per")]
    [InlineData("[{ requests: 5, per: week }]", "'week' is not one of second, minute, hour, day")]
    public void Limits_that_cannot_be_are_mistakes(string yaml, string message)
    {
        var errors = new ConfigurationErrors("gatehouse.yaml");
        var items = new YamlBinder(errors, _ => null, _ => "").Bind<Items>($"l: {yaml}").L;
        _ = LimitModel.Compile(items, "l", errors);

        Assert.Contains(message, errors.Messages[0], StringComparison.Ordinal);
    }

    [Fact]
    public void Of_two_limits_on_the_same_the_smaller_one_holds()
    {
        var errors = new ConfigurationErrors("gatehouse.yaml");
        var items = new YamlBinder(errors, _ => null, _ => "").Bind<Items>(
            "l: [{ requests: 9, total_tokens: 7, per: hour }, { requests: 5, per: hour, concurrency: 3 }, { requests: 6, per: day }, { concurrency: 2 }]").L;

        var model = LimitModel.Compile(items, "l", errors)!;

        Assert.Empty(errors.Messages);
        Assert.Equal("5 requests per hour, 7 total tokens per hour, 6 requests per day", string.Join(", ", model.Rules));
        Assert.Equal(2, model.Concurrency);
    }

    private static LimitRule Rule(LimitUnit unit, LimitPeriod period, long most) => new(unit, period, most);

    private static void InterlockedMax(ref int place, int value)
    {
        for (var seen = Volatile.Read(ref place); seen < value; seen = Volatile.Read(ref place))
        {
            _ = Interlocked.CompareExchange(ref place, value, seen);
        }
    }

    private Gatehouse.Routing.Limits.TargetLimits Limits(params LimitRule[] rules) => new(new LimitModel(rules, Concurrency: null), _time);

    private sealed record Items
    {
        public IReadOnlyList<LimitOptions> L { get; set; } = [];
    }

    private sealed class Start(DateTimeOffset at)
    {
        public DateTimeOffset At => at;

        public int Tokens { get; set; }

        public bool IsMade { get; set; } = true;
    }
}
