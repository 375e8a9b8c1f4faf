using System.Globalization;
using System.Text;
using Gatehouse.Runs;

namespace Gatehouse.Commands;

/// <summary>Runs in words, for a person at a terminal.</summary>
internal static class RunText
{
    private const decimal NanoPerUsd = 1_000_000_000;

    /// <summary>Calls within calls that are drawn further to the right.</summary>
    private const int MostIndented = 20;

    public static string Of(IReadOnlyList<RunView> runs)
    {
        var text = new StringBuilder($"{"run",-36} {"state",-8} {"calls",6} {"tokens",10} {"usd",12} {"depth",5} {"fan-out",7} {"amplif.",8}  whose");
        foreach (var run in runs)
        {
            _ = text.Append(
                CultureInfo.InvariantCulture,
                $"\n{run.Id,-36} {run.State,-8} {run.Calls,6} {run.Tokens,10} {Usd(run),12} {run.Depth,5} {run.FanOut,7} {run.Amplification,8:0.#}  {run.Tenant}{(run.Agent is null ? "" : $" ({run.Agent})")}");
        }

        return text.ToString();
    }

    public static string Of(RunView run)
    {
        var text = new StringBuilder($"run {run.Id} of {run.Tenant}: {run.State}");
        if (run.Stopped is { } stopped)
        {
            _ = text.Append(CultureInfo.InvariantCulture, $"\n  stopped    {stopped.At.UtcDateTime:yyyy-MM-dd HH:mm:ss'Z'}: {stopped.Message} ({stopped.Reason})");
        }

        if (run.Started is { } started && run.Last is { } last)
        {
            _ = text.Append(CultureInfo.InvariantCulture, $"\n  time       {started.UtcDateTime:yyyy-MM-dd HH:mm:ss'Z'}, {(last - started).TotalSeconds:0.###} s");
        }

        _ = text.Append(CultureInfo.InvariantCulture, $"\n  calls      {run.Calls}, {run.Refused} refused, {run.Depth} deep, at most {run.FanOut} at the same time");
        _ = text.Append(CultureInfo.InvariantCulture, $"\n  tokens     {run.Tokens}{(run.Amplification is { } amplification ? string.Create(CultureInfo.InvariantCulture, $", {amplification:0.#} times those of the first request") : "")}");
        return text.Append(CultureInfo.InvariantCulture, $"\n  cost       {Usd(run)} USD{(run.Unpriced > 0 ? $", without {run.Unpriced} calls whose cost is not known" : "")}").ToString();
    }

    public static string Of(RunDetailView detail)
    {
        var text = new StringBuilder(Of(detail.Run));
        if (detail.Baseline is { } usual)
        {
            _ = text.Append(CultureInfo.InvariantCulture, $"\n  usual      {usual.Median:0.#} times the tokens of the first request, give or take {usual.Deviation:0.#} ({usual.Runs} runs)");
        }

        _ = text.Append('\n');
        foreach (var node in detail.Nodes)
        {
            var indent = new string(' ', 2 * Math.Min(node.Depth - 1, MostIndented));
            var within = node.Children == 0 ? "" : $", {Usd(node.TreeCostNanoUsd)} USD with what is within";
            var what = node.Outcome == "completed" ? "" : $" {node.Outcome}";
            _ = text.Append(
                CultureInfo.InvariantCulture,
                $"\n{indent}{node.Id} {node.Target ?? node.Model}{(node.Shadow ? " (copy)" : "")} {node.Status}{what} {node.TotalMs:0} ms, {node.Tokens} tokens, {(IsNothing(node) ? "0" : Usd(node.CostNanoUsd))} USD{within}");
        }

        return detail.Truncated ? text.Append("\n... and more").ToString() : text.ToString();
    }

    /// <summary>Refused before anybody was asked: that its cost is not known would be said of it wrongly.</summary>
    private static bool IsNothing(RunNodeView node) => node is { Outcome: "refused", Target: null, CostNanoUsd: null };

    private static string Usd(RunView run) => run is { CostNanoUsd: null, Unpriced: 0 } ? "0" : Usd(run.CostNanoUsd);

    private static string Usd(long? nano) => nano is { } amount ? (amount / NanoPerUsd).ToString("0.00####", CultureInfo.InvariantCulture) : "?";
}
