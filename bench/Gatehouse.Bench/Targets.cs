namespace Gatehouse.Bench;

/// <summary>
/// The ratios by which the gateway is judged. Each is taken within a round, where its two sides ran seconds apart, and then the
/// median of the rounds is shown with its range: a machine that drifts between rounds moves both sides.
/// </summary>
internal static class Targets
{
    private const string Gateway = "gatehouse";

    public static void Write(List<Measurement> results)
    {
        if (!results.Exists(result => result.Target is Gateway))
        {
            Console.WriteLine("\nNo ratios: the gateway was left out of this run.");
            return;
        }

        Console.WriteLine("""

            ## Ratios

            | measure | measured (range of the rounds) | target |
            |---|---:|---|
            """);

        Row("CPU per request / nginx, 16 connections", "x", "<= 4",
            Rounds<RequestLoad>(results, "nginx", 16, (gateway, nginx) => gateway.CpuUsEach / nginx.CpuUsEach));
        Row("added p50, 1 connection, over direct", " ms", "<= 0.25", Added<RequestLoad>(results, "direct", 1));
        Row("added p50, 1 connection, over nginx", " ms", "", Added<RequestLoad>(results, "nginx", 1));
        Row("added first token p50, 1 connection, over direct", " ms", "<= 0.5", Added<StreamLoad>(results, "direct", 1));
        Row("added first token p50, 1 connection, over nginx", " ms", "", Added<StreamLoad>(results, "nginx", 1));
        Row("added first token p50, 16 connections, over direct", " ms", "", Added<StreamLoad>(results, "direct", 16));
        Row("added first token p50, 16 connections, over nginx", " ms", "", Added<StreamLoad>(results, "nginx", 16));
        Row("CPU per stream / nginx, 16 connections", "x", "",
            Rounds<StreamLoad>(results, "nginx", 16, (gateway, nginx) => gateway.CpuUsEach / nginx.CpuUsEach));

        foreach (var memory in results.OfType<Memory>().Where(memory => memory.Target is Gateway))
        {
            Row("peak resident memory under load", " MB", "<= 200", [memory.PeakKb.Megabytes()]);
        }

        foreach (var idle in results.OfType<Idle>().Where(idle => idle.Target is Gateway))
        {
            Row($"peak resident memory with {idle.Open:N0} idle streams", " MB", "< 400", [idle.PeakKb.Megabytes()]);
        }
    }

    private static List<double> Added<T>(List<Measurement> results, string baseline, int connections)
        where T : Load => Rounds<T>(results, baseline, connections, (gateway, other) => (gateway.P50Us - other.P50Us) / 1000);

    private static List<double> Rounds<T>(List<Measurement> results, string baseline, int connections, Func<T, T, double> compare)
        where T : Load
    {
        var loads = results.OfType<T>().Where(load => load.Connections == connections).ToList();
        return
        [
            .. from gateway in loads
               where gateway.Target is Gateway
               join other in loads on (gateway.Round, baseline) equals (other.Round, other.Target)
               select compare(gateway, other)
        ];
    }

    private static void Row(string measure, string unit, string target, List<double> rounds)
    {
        var format = unit is " MB" ? "N1" : "N2";
        var range = rounds.Count > 1 ? $" ({rounds.Min().ToString(format)}-{rounds.Max().ToString(format)})" : "";
        var median = rounds.Median(value => value).ToString(format);
        Console.WriteLine($"| {measure} | {median}{unit}{range} | {(target.Length > 0 ? target + unit : "")} |");
    }
}
