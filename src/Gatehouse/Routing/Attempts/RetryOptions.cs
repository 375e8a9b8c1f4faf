using Gatehouse.Configuration.Binding;
using Gatehouse.Pipeline;

namespace Gatehouse.Routing.Attempts;

[KeyDoc("Further attempts after a failure that nobody has seen anything of. Another target is asked before the same one is asked again.")]
internal sealed record RetryOptions
{
    public static readonly IReadOnlyList<FailureKind> Transient =
        [FailureKind.RateLimited, FailureKind.Overloaded, FailureKind.ServerError, FailureKind.Timeout, FailureKind.Network];

    /// <summary>A tenth of hardly any traffic would be none.</summary>
    public const int FreeRetries = 3;

    public static readonly TimeSpan BudgetWindow = TimeSpan.FromSeconds(10);

    [KeyDoc("Attempts in all, the first one and those at other targets included.", Default = "two more than there are targets")]
    public int? Attempts { get; set; }

    [KeyDoc("Failures after which the same target may be asked again: those of the default, or some of them. Another target is asked whatever stands here.", Default = "`[rate_limited, overloaded, server_error, timeout, network]`")]
    public IReadOnlyList<FailureKind> On { get; set; } = Transient;

    [KeyDoc("The wait before the same target is asked again is random between nothing and this; doubled with each such attempt. What the target says in `retry-after` is the least.")]
    public TimeSpan Backoff { get; set; } = TimeSpan.FromMilliseconds(250);

    [KeyDoc("The longest wait. A target that says to wait longer is not asked again.")]
    public TimeSpan MaxBackoff { get; set; } = TimeSpan.FromSeconds(8);

    [KeyDoc("Attempts at a target that has been asked already or that is left alone, as a part of the route's exchanges of the last 10 seconds; 3 are always free. It keeps an outage from being multiplied. 0 to 1.")]
    public decimal Budget { get; set; } = 0.1m;
}

/// <summary>Retries with every value decided.</summary>
internal sealed record RetryModel(int Attempts, IReadOnlyList<FailureKind> On, TimeSpan Backoff, TimeSpan MaxBackoff)
{
    /// <summary>It outlives a reload. Null where nothing is tried twice.</summary>
    public Health.RetryBudget? Budget { get; init; }

    /// <summary>The part of the exchanges that <see cref="Budget"/> allows to be tried again.</summary>
    public double BudgetRatio { get; init; }

    public void Activate() => Budget?.Apply(BudgetRatio, RetryOptions.FreeRetries, RetryOptions.BudgetWindow);

    /// <summary>For a target that was named itself: whoever wants more makes a route of it.</summary>
    public static readonly RetryModel Once = new(1, [], TimeSpan.Zero, TimeSpan.Zero);

    public static RetryModel Of(RetryOptions options, int targets, Health.RetryBudget? before, TimeProvider time) =>
        new(options.Attempts ?? targets + 2, options.On, options.Backoff, options.MaxBackoff)
        {
            Budget = before ?? new Health.RetryBudget(time, (double)options.Budget, RetryOptions.FreeRetries, RetryOptions.BudgetWindow),
            BudgetRatio = (double)options.Budget,
        };

    /// <summary>
    /// Full jitter (Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog 2015): callers that failed together do not come back together.
    /// </summary>
    /// <param name="repeats">Earlier waits of the exchange.</param>
    /// <returns>Null when it is not worth the wait.</returns>
    public TimeSpan? DelayBefore(int repeats, TimeSpan? retryAfter, Random random)
    {
        if (retryAfter > MaxBackoff)
        {
            return null;
        }

        var ceiling = Math.Min(Backoff.Ticks * Math.Pow(2, Math.Min(repeats, 30)), MaxBackoff.Ticks);
        var jittered = TimeSpan.FromTicks((long)(random.NextDouble() * ceiling));
        return retryAfter > jittered ? retryAfter : jittered;
    }
}
