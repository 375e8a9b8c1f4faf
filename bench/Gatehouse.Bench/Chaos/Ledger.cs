using System.Net.Http.Headers;
using System.Text.Json;

namespace Gatehouse.Bench.Chaos;

/// <summary>What Gatehouse's ledger says of an exchange.</summary>
internal sealed record LedgerRow(string Outcome, DateTimeOffset Time, IReadOnlyList<(string Target, TimeSpan Started)> Attempts);

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

    private static LedgerRow Read(JsonElement row) => new(
        row.GetProperty("outcome").GetString()!,
        row.GetProperty("time").GetDateTimeOffset(),
        [.. row.GetProperty("attempts").EnumerateArray().Select(attempt =>
            (attempt.GetProperty("target").GetString()!, TimeSpan.FromMicroseconds(attempt.GetProperty("started_us").GetInt64())))]);
}
