using System.Net.Http.Headers;
using System.Text.Json;

namespace Gatehouse.Bench.Chaos;

/// <summary>What Gatehouse's ledger says of an exchange.</summary>
/// <param name="Cost">Nano-USD; null where it is not known, or nothing was used.</param>
/// <param name="AttemptsCost">The sum of what its attempts say; null where they say nothing, as one alone does not.</param>
internal sealed record LedgerRow(
    string Outcome, DateTimeOffset Time, IReadOnlyList<(string Target, TimeSpan Started)> Attempts, bool HasText, long? Cost, long? AttemptsCost)
{
    public bool AddsUp => Cost == AttemptsCost || (Attempts.Count <= 1 && AttemptsCost is null);

    /// <summary>Something of it went out, and nobody paid.</summary>
    public bool IsUnpaid => HasText && Cost is null;
}

/// <summary>Reads the ledger over the admin API.</summary>
internal static class Ledger
{
    private const int PageSize = 1000;

    /// <returns>All exchanges by their ids.</returns>
    public static async Task<Dictionary<string, LedgerRow>> ReadAsync(Uri admin, string token)
    {
        using var http = new HttpClient { BaseAddress = admin };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        var rows = new Dictionary<string, LedgerRow>(StringComparer.Ordinal);
        var next = "";
        while (next is not null)
        {
            using var response = await http.GetAsync(new Uri($"/api/v1/exchanges?limit={PageSize}{next}", UriKind.Relative));
            _ = response.EnsureSuccessStatusCode();
            using var page = await JsonDocument.ParseAsync(await response.Content.ReadAsStreamAsync());
            foreach (var row in page.RootElement.GetProperty("data").EnumerateArray())
            {
                rows.Add(row.GetProperty("id").GetString()!, Read(row));
            }

            next = page.RootElement.TryGetProperty("next", out var before) && before.GetString() is { } id ? $"&before={id}" : null;
        }

        return rows;
    }

    /// <summary>Whether all that was charged adds up: attempts to rows, and rows to what was taken from the budget.</summary>
    public static async Task<Accounts> AccountsAsync(Uri admin, string token, Dictionary<string, LedgerRow> rows)
    {
        using var http = new HttpClient { BaseAddress = admin };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        long? budget = null;
        using var response = await http.GetAsync(new Uri("/api/v1/limits", UriKind.Relative));
        if (response.IsSuccessStatusCode)
        {
            using var page = await JsonDocument.ParseAsync(await response.Content.ReadAsStreamAsync());
            budget = page.RootElement.GetProperty("data").EnumerateArray().Where(limit => limit.GetProperty("name").ValueEquals("chaos"))
                .SelectMany(limit => limit.GetProperty("accounts").EnumerateArray())
                .Sum(account => (long)(account.GetProperty("used").GetDecimal() * 1_000_000_000));
        }

        return new Accounts(rows.Values.Sum(row => row.Cost ?? 0), budget, rows.Values.Count(row => !row.AddsUp), rows.Values.Count(row => row.IsUnpaid));
    }

    public static LedgerAgreement Compare(Dictionary<string, LedgerRow> rows, IReadOnlyList<ClientAnswer> answers)
    {
        var known = answers.Where(answer => answer.Exchange is not null).ToList();
        var joined = known.Where(answer => rows.ContainsKey(answer.Exchange!))
            .Select(answer => (IsCorrect: answer.Judgement.Verdict == Verdict.Correct, IsCompleted: rows[answer.Exchange!].Outcome == "completed")).ToList();
        return new LedgerAgreement(
            joined.Count,
            known.Count - joined.Count,
            joined.Count(row => row.IsCompleted && !row.IsCorrect),
            joined.Count(row => row.IsCorrect && !row.IsCompleted));
    }

    private static LedgerRow Read(JsonElement row)
    {
        var attempts = row.GetProperty("attempts").EnumerateArray().ToList();
        var paid = attempts.Select(CostOf).Where(cost => cost is not null).ToList();
        return new LedgerRow(
            row.GetProperty("outcome").GetString()!,
            row.GetProperty("time").GetDateTimeOffset(),
            [.. attempts.Select(attempt => (attempt.GetProperty("target").GetString()!, TimeSpan.FromMicroseconds(attempt.GetProperty("started_us").GetInt64())))],
            row.GetProperty("delivered").GetProperty("text_bytes").GetInt64() > 0,
            CostOf(row),
            paid.Count == 0 ? null : paid.Sum());
    }

    private static long? CostOf(JsonElement element) =>
        element.TryGetProperty("cost_nano_usd", out var cost) && cost.ValueKind == JsonValueKind.Number ? cost.GetInt64() : null;
}
