using System.ComponentModel;

namespace Gatehouse.Routing.Health;

internal sealed record BudgetView(
    [property: Description("Part of the exchanges in the window that may be spent.")] double Share,
    double WindowSeconds,
    [property: Description("Exchanges in the window.")] long Exchanges,
    [property: Description("What they have spent.")] long Spent,
    [property: Description("What would be granted now.")] long Left);
