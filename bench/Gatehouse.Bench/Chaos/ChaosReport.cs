using System.Text.Json;
using System.Text.Json.Serialization;

namespace Gatehouse.Bench.Chaos;

/// <summary>Turns the results of a run into Markdown.</summary>
internal static class ChaosReport
{
    private const string Bursts = "two";

    public static JsonSerializerOptions Json { get; } = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
        IgnoreReadOnlyProperties = true,
    };

    public static void Run(Arguments arguments)
    {
        var results = File.ReadLines(arguments.Text("results")).Select(line => JsonSerializer.Deserialize<ChaosResult>(line, Json)!).ToList();
        WriteTargets([.. results.Where(result => result.Gateway == "gatehouse")]);
        WriteAnswers(results);
        WriteTimes(results);
        WriteOutages(results);
        WriteLedger([.. results.Where(result => result.Ledger is not null)]);
        WriteAccounts([.. results.Where(result => result.Accounts is not null)]);
        WriteFailures(results);
        WriteFaults(results);
    }

    private static void WriteTargets(List<ChaosResult> results)
    {
        Console.WriteLine("""
            ### Targets

            | measure | measured | target | |
            |---|---:|---:|---|
            """);
        void Row(string measure, string measured, string target, bool isMet) =>
            Console.WriteLine($"| {measure} | {measured} | {target} | {(isMet ? "met" : "**missed**")} |");

        var healthy = results.Find(result => result.Scenario == "healthy");
        foreach (var result in results.Where(result => result.Scenario is Bursts))
        {
            Row("answered correctly, two targets, streams cut after content aside", Percent(result.AvailabilityWithoutCuts), ">= 99.990 %", result.AvailabilityWithoutCuts >= 0.9999);
            Row("attempts per request", $"{result.Amplification:N3}", "<= 1.1", result.Amplification <= 1.1);
            if (healthy is not null)
            {
                Row("p99 / p99 of the healthy run", $"{result.Latency.P99 / healthy.Latency.P99:N2}", "<= 2", result.Latency.P99 <= 2 * healthy.Latency.P99);
            }
        }

        if (results.Count > 0)
        {
            var wrong = results.Sum(result => result.Wrong);
            Row("wrong or truncated answers that looked complete, all scenarios", $"{wrong:N0}", "0", wrong == 0);
            var recorded = results.Sum(result => result.Ledger?.CompletedNotCorrect ?? 0);
            Row("of these, or of failed ones, recorded as completed", $"{recorded:N0}", "0", recorded == 0);
            var hung = results.Sum(result => result.Hung);
            Row("answers without an end", $"{hung:N0}", "0", hung == 0);
        }
    }

    private static void WriteAnswers(List<ChaosResult> results)
    {
        Console.WriteLine("""

            ### Answers

            | scenario | gateway | requests | correct | failed visibly | of these cut after content | wrong | hung | availability | without cuts after content | attempts per request | all targets down at once |
            |---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|
            """);
        foreach (var result in results)
        {
            var amplification = (result.NotArrived is null ? ">= " : "") + $"{result.Amplification:N3}";
            Console.WriteLine($"| {result.Scenario} | {result.Gateway} | {result.Requests:N0} | {result.Correct:N0} | {result.FailedVisibly:N0} "
                + $"| {result.CutAfterContent:N0} | {result.Wrong:N0} | {result.Hung:N0} | {Percent(result.Availability)} "
                + $"| {Percent(result.AvailabilityWithoutCuts)} | {amplification} | {result.AllDownMs:N0} ms |");
        }
    }

    private static void WriteTimes(List<ChaosResult> results)
    {
        Console.WriteLine("""

            ### Times, in milliseconds

            | scenario | gateway | p50 | p99 | p99.9 | longest | p99 / healthy | first content p50 | p99 |
            |---|---|---:|---:|---:|---:|---:|---:|---:|
            """);
        foreach (var result in results)
        {
            var healthy = results.Find(other => other.Scenario == "healthy" && other.Gateway == result.Gateway);
            var ratio = healthy is null ? "" : $"{result.Latency.P99 / healthy.Latency.P99:N2}";
            Console.WriteLine($"| {result.Scenario} | {result.Gateway} | {result.Latency.P50:N0} | {result.Latency.P99:N0} | {result.Latency.P999:N0} "
                + $"| {result.Latency.Max:N0} | {ratio} | {result.FirstContent.P50:N0} | {result.FirstContent.P99:N0} |");
        }
    }

    private static void WriteOutages(List<ChaosResult> results)
    {
        Console.WriteLine("""

            ### A target that is dead for the whole run

            | scenario | gateway | requests | seconds | attempts at the dead target | before it was first left alone for 0.5 s | after that | shortest pause between two of these |
            |---|---|---:|---:|---:|---:|---:|---:|
            """);
        foreach (var result in results.Where(result => result.Scenario.StartsWith("outage", StringComparison.Ordinal)))
        {
            var attempts = result.Dead is { } dead
                ? $"{dead.Attempts:N0} | {dead.BeforePause:N0} | {dead.Attempts - dead.BeforePause:N0} | {(dead.ShortestPauseMs is { } pause ? $"{pause:N0} ms" : "")}"
                : "not recorded | | |";
            Console.WriteLine($"| {result.Scenario} | {result.Gateway} | {result.Requests:N0} | {result.Requests / result.PerSecond:N0} | {attempts} |");
        }
    }

    private static void WriteLedger(List<ChaosResult> results)
    {
        Console.WriteLine("""

            ### The ledger against the client

            | scenario | exchanges compared | without a row | completed, but not correct at the client | correct at the client, but not completed |
            |---|---:|---:|---:|---:|
            """);
        foreach (var result in results)
        {
            var ledger = result.Ledger!;
            Console.WriteLine($"| {result.Scenario} | {ledger.Rows:N0} | {ledger.Missing:N0} | {ledger.CompletedNotCorrect:N0} | {ledger.CorrectNotCompleted:N0} |");
        }
    }

    private static void WriteAccounts(List<ChaosResult> results)
    {
        if (results.Count == 0)
        {
            return;
        }

        Console.WriteLine("""

            ### What was charged

            | scenario | ledger, USD | budget, USD | rows that are not the sum of their attempts | rows with text and without a cost |
            |---|---:|---:|---:|---:|
            """);
        foreach (var result in results)
        {
            var accounts = result.Accounts!;
            var budget = accounts.BudgetNanoUsd is { } used ? $"{used / 1e9:N9}" : "not told";
            Console.WriteLine($"| {result.Scenario} | {accounts.LedgerNanoUsd / 1e9:N9} | {budget} | {accounts.NotTheSum:N0} | {accounts.Unpaid:N0} |");
        }
    }

    private static void WriteFailures(List<ChaosResult> results)
    {
        Console.WriteLine("""

            ### How requests failed

            | scenario | gateway | what the client saw | requests |
            |---|---|---|---:|
            """);
        foreach (var result in results)
        {
            foreach (var failure in result.Failures)
            {
                Console.WriteLine($"| {result.Scenario} | {result.Gateway} | {failure.Detail} | {failure.Count:N0} |");
            }
        }
    }

    private static void WriteFaults(List<ChaosResult> results)
    {
        Console.WriteLine("""

            ### What became of the requests that met a fault

            All scenarios with bursts together. A request that met two faults counts for both; one that was refused a connection is not seen by a target.

            | gateway | fault | met by | correct | failed visibly | wrong |
            |---|---|---:|---:|---:|---:|
            """);
        foreach (var gateway in results.Where(result => result.Scenario is Bursts or "balanced" or "three").GroupBy(result => result.Gateway, StringComparer.Ordinal))
        {
            foreach (var fault in gateway.SelectMany(result => result.Faults).GroupBy(outcome => outcome.Fault).OrderBy(group => group.Key))
            {
                Console.WriteLine($"| {gateway.Key} | {Faults.Describe(fault.Key)} | {fault.Sum(outcome => outcome.Met):N0} | {fault.Sum(outcome => outcome.Correct):N0} "
                    + $"| {fault.Sum(outcome => outcome.FailedVisibly):N0} | {fault.Sum(outcome => outcome.Wrong):N0} |");
            }
        }
    }

    private static string Percent(double share) => $"{share * 100:N3} %";
}
