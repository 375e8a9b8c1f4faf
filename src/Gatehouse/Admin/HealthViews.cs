using System.ComponentModel;

namespace Gatehouse.Admin;

internal sealed record ConfigurationView(
    long Revision, DateTimeOffset LoadedAt, string? File, [property: Description("Why the file as it is now was not loaded.")] IReadOnlyList<string> Errors);

internal sealed record LedgerView(string? Trouble, int Waiting, long Written);

internal sealed record HealthView(string Status, string Version, int InFlight, ConfigurationView Configuration, LedgerView Ledger);
