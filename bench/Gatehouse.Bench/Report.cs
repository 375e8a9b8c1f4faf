using System.Text.Json;

namespace Gatehouse.Bench;

/// <summary>Turns the results of a run into Markdown tables: the median of the rounds for each target.</summary>
internal static class Report
{
    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    public static void Run(Arguments arguments)
    {
        var results = File.ReadLines(arguments.Text("results"))
            .Select(line => JsonSerializer.Deserialize<Measurement>(line, Json)!)
            .ToList();

        WriteRequests([.. results.OfType<RequestLoad>()]);
        WriteStreams([.. results.OfType<StreamLoad>()]);
        WriteRoutes([.. results.OfType<RouteLoad>()]);
        WriteLimits([.. results.OfType<LimitLoad>()]);
        WriteCache([.. results.OfType<CacheLoad>()]);
        WriteMemory([.. results.OfType<Memory>()]);
        WriteIdle([.. results.OfType<Idle>()]);
        Targets.Write(results);
    }

    private static void WriteRequests(List<RequestLoad> loads)
    {
        Console.WriteLine("""
            ## Requests

            | connections | target | requests/s | p50 µs | p99 µs | CPU µs per request |
            |---:|---|---:|---:|---:|---:|
            """);
        foreach (var group in loads.GroupBy(load => (load.Connections, load.Target)).OrderBy(group => group.Key.Connections))
        {
            Console.WriteLine($"| {group.Key.Connections} | {group.Key.Target} | {group.Median(load => load.PerSecond):N0} "
                + $"| {group.Median(load => load.P50Us):N0} | {group.Median(load => load.P99Us):N0} "
                + $"| {group.Median(load => load.CpuUsEach):N1} |");
        }
    }

    private static void WriteStreams(List<StreamLoad> loads)
    {
        Console.WriteLine("""

            ## Streams of 64 frames

            | connections | target | streams/s | first token p50 µs | p99 µs | whole stream p50 µs | p99 µs | CPU µs per stream |
            |---:|---|---:|---:|---:|---:|---:|---:|
            """);
        foreach (var group in loads.GroupBy(load => (load.Connections, load.Target)).OrderBy(group => group.Key.Connections))
        {
            Console.WriteLine($"| {group.Key.Connections} | {group.Key.Target} | {group.Median(load => load.PerSecond):N0} "
                + $"| {group.Median(load => load.P50Us):N0} | {group.Median(load => load.P99Us):N0} "
                + $"| {group.Median(load => load.TotalP50Us):N0} | {group.Median(load => load.TotalP99Us):N0} "
                + $"| {group.Median(load => load.CpuUsEach):N0} |");
        }
    }

    private static void WriteRoutes(List<RouteLoad> loads)
    {
        if (loads.Count == 0)
        {
            return;
        }

        Console.WriteLine("""

            ## Ways of routing

            The same request to one and the same target, at 16 connections: named itself, and by routes. The ratio is the median of the ratios of the
            rounds.

            | way | CPU µs per request | to the target itself |
            |---|---:|---:|
            """);
        var single = loads.Where(load => load.Target == "target").ToDictionary(load => load.Round);
        foreach (var group in loads.GroupBy(load => load.Target, StringComparer.Ordinal))
        {
            Console.WriteLine($"| {group.Key} | {group.Median(load => load.CpuUsEach):N1} | {group.Median(load => load.CpuUsEach / single[load.Round].CpuUsEach):N3} |");
        }
    }

    private static void WriteCache(List<CacheLoad> loads)
    {
        if (loads.Count == 0)
        {
            return;
        }

        Console.WriteLine("""

            ## The exact cache

            The same request again and again. `hit`: on a route that keeps answers; each is authenticated, admitted, looked up by the hash of its body, and
            in the ledger before it is answered. `miss`: the same, with `cache-control: max-age=0`, so that it is looked up, not taken, sent on, recorded and
            kept. `none`: on a route without a cache.

            | cache | connections | requests/s | CPU µs per request | p50 µs | p99 µs |
            |---|---:|---:|---:|---:|---:|
            """);
        foreach (var group in loads.GroupBy(load => (load.Target, load.Connections)))
        {
            Console.WriteLine($"| {group.Key.Target} | {group.Key.Connections} | {group.Median(load => load.PerSecond):N0} | {group.Median(load => load.CpuUsEach):N1} "
                + $"| {group.Median(load => load.P50Us):N0} | {group.Median(load => load.P99Us):N0} |");
        }
    }

    private static void WriteLimits(List<LimitLoad> loads)
    {
        if (loads.Count == 0)
        {
            return;
        }

        Console.WriteLine("""

            ## Limits

            The same request at 16 connections by a key without limits, and by one with four limits (requests and tokens a minute, concurrency, requests
            of its team a day) and a budget. Ratio and difference are the medians of those of the rounds. Target: at most 15 µs more.

            | key | CPU µs per request | ratio | µs more |
            |---|---:|---:|---:|
            """);
        var without = loads.Where(load => load.Target == "unlimited").ToDictionary(load => load.Round);
        foreach (var group in loads.GroupBy(load => load.Target, StringComparer.Ordinal))
        {
            Console.WriteLine($"| {group.Key} | {group.Median(load => load.CpuUsEach):N1} | {group.Median(load => load.CpuUsEach / without[load.Round].CpuUsEach):N3} "
                + $"| {group.Median(load => load.CpuUsEach - without[load.Round].CpuUsEach):N1} |");
        }
    }

    private static void WriteMemory(List<Memory> memories)
    {
        Console.WriteLine("""

            ## Memory under load

            | target | peak resident MB | resident MB after the load |
            |---|---:|---:|
            """);
        foreach (var memory in memories)
        {
            Console.WriteLine($"| {memory.Target} | {memory.PeakKb.Megabytes():N1} | {memory.RssKb.Megabytes():N1} |");
        }
    }

    private static void WriteIdle(List<Idle> idles)
    {
        if (idles.Count == 0)
        {
            return;
        }

        Console.WriteLine("""

            ## Idle streams

            | target | streams held | resident MB before | resident MB with them | peak MB | KB per stream |
            |---|---:|---:|---:|---:|---:|
            """);
        foreach (var idle in idles)
        {
            Console.WriteLine($"| {idle.Target} | {idle.Open:N0} | {idle.BeforeKb.Megabytes():N1} | {idle.AfterKb.Megabytes():N1} "
                + $"| {idle.PeakKb.Megabytes():N1} | {(idle.AfterKb - idle.BeforeKb) * 1.024 / idle.Open:N1} |");
        }
    }
}
