namespace Gatehouse.Admin.Contract;

/// <summary>A list; <see cref="Next"/> is what to pass as <c>before</c> for the next page, null at the end.</summary>
internal sealed record ListOf<T>(IReadOnlyList<T> Data, string? Next = null);
