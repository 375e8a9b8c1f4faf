using Gatehouse.Bench;
using Gatehouse.Bench.Chaos;

const string Usage = """
    usage: Gatehouse.Bench mock   --listen HOST:PORT [--frame-delay MS]
           Gatehouse.Bench ttft   --url URL --key KEY --model MODEL --connections N --requests R
           Gatehouse.Bench idle   --url URL --key KEY --model MODEL --streams N
           Gatehouse.Bench report --results FILE
           Gatehouse.Bench translation --rounds N
           Gatehouse.Bench expressions --rounds N
           Gatehouse.Bench limits --rounds N
           Gatehouse.Bench vectors --rounds N
           Gatehouse.Bench usage --rounds N
           Gatehouse.Bench cache-key --rounds N
           Gatehouse.Bench chaos  --gateway NAME --url URL (--key KEY [--admin URL --admin-token TOKEN] | [--retries N])
                                  --scenario NAME --seed N --requests N --rate N --ports A,B,C --results FILE
           Gatehouse.Bench chaos-report --results FILE
    """;

try
{
    switch (args)
    {
        case ["mock", .. var rest]:
            await new MockUpstream(TimeProvider.System).RunAsync(new Arguments(rest));
            return 0;
        case ["ttft", .. var rest]:
            new TimeToFirstToken(TimeProvider.System).Run(new Arguments(rest));
            return 0;
        case ["idle", .. var rest]:
            await IdleStreams.RunAsync(new Arguments(rest));
            return 0;
        case ["report", .. var rest]:
            Report.Run(new Arguments(rest));
            return 0;
        case ["translation", .. var rest]:
            Translation.Run(new Arguments(rest));
            return 0;
        case ["expressions", .. var rest]:
            Expressions.Run(new Arguments(rest));
            return 0;
        case ["limits", .. var rest]:
            LimitCosts.Run(new Arguments(rest));
            return 0;
        case ["vectors", .. var rest]:
            Vectors.Run(new Arguments(rest), TimeProvider.System);
            return 0;
        case ["usage", .. var rest]:
            UsageReports.Run(new Arguments(rest));
            return 0;
        case ["cache-key", .. var rest]:
            CacheKeys.Run(new Arguments(rest));
            return 0;
        case ["chaos", .. var rest]:
            await new ChaosRun(TimeProvider.System).RunAsync(new Arguments(rest));
            return 0;
        case ["chaos-report", .. var rest]:
            ChaosReport.Run(new Arguments(rest));
            return 0;
        default:
            await Console.Error.WriteLineAsync(Usage);
            return 2;
    }
}
catch (ArgumentException error)
{
    await Console.Error.WriteLineAsync($"{error.Message}\n{Usage}");
    return 2;
}
catch (BenchException error)
{
    await Console.Error.WriteLineAsync(error.Message);
    return 1;
}
