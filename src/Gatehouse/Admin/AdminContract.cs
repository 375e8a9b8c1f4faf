using System.ComponentModel;

namespace Gatehouse.Admin;

/// <summary>A list; <see cref="Next"/> is what to pass as <c>before</c> for the next page, null at the end.</summary>
internal sealed record ListOf<T>(IReadOnlyList<T> Data, string? Next = null);

internal sealed record AdminError(AdminErrorDetail Error);

internal sealed record AdminErrorDetail(string Code, string Message, string? Field);

internal sealed record ConfigurationView(
    long Revision, DateTimeOffset LoadedAt, string? File, [property: Description("Why the file as it is now was not loaded.")] IReadOnlyList<string> Errors);

internal sealed record LedgerView(string? Trouble, int Waiting, long Written);

internal sealed record HealthView(string Status, string Version, int InFlight, ConfigurationView Configuration, LedgerView Ledger);
