using Gatehouse.Configuration.Binding;

namespace Gatehouse.Routing.Attempts;

[KeyDoc("A second attempt beside one that is slow to answer: whichever target answers first is used, the other is given up. It costs what the provider charges for the given up one.")]
internal sealed record HedgeOptions
{
    /// <summary>Of so few exchanges that their share is none.</summary>
    public const int FreeHedges = 1;

    public static readonly TimeSpan BudgetWindow = TimeSpan.FromMinutes(1);

    [KeyDoc("Part of the route's exchanges of the last minute that may have one, 0 to 1; one a minute is always free. 0 switches it off.")]
    public decimal Share { get; set; }

    [KeyDoc("How late the head of an answer must be.", Default = "the target's 95th percentile of the last minutes, once 20 answers are known")]
    public TimeSpan? After { get; set; }
}

/// <summary>Hedging of one route with every value decided.</summary>
/// <param name="Budget">It outlives a reload.</param>
internal sealed record HedgeModel(double Share, TimeSpan? After, Health.RetryBudget Budget)
{
    public void Activate() => Budget.Apply(Share, HedgeOptions.FreeHedges, HedgeOptions.BudgetWindow);
}
