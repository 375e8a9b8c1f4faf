using System.Globalization;
using Gatehouse.Metering.Sizes;

namespace Gatehouse.Tests.Metering;

/// <summary>How far the estimates are from what providers counted. The numbers of docs/estimates.md are this test's output.</summary>
public sealed class EstimateErrorTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData("gpt-oss", 0.08, 0.20)]
    [InlineData("gpt", 0.14, 0.60)]
    [InlineData("claude", 0.15, 0.75)]
    [InlineData("gemini", 0.30, 2.5)]
    [InlineData("qwen", 0.15, 1.6)]
    [InlineData("tral", 0.25, 0.9)]
    [InlineData("grok", 0.20, 0.45)]
    [InlineData("deepseek", 0.20, 0.9)]
    [InlineData("llama", 0.55, 4.5)]
    [InlineData("command", 0.25, 0.9)]
    [InlineData("glm", 0.05, 0.10)]
    [InlineData("sonar", 0.05, 1)]
    [InlineData("kimi", 0.10, 0.15)]
    public void The_family_of_a_model_is_met(string family, double median, double ninetiethPercentile)
    {
        var calls = RecordedInputs.All.FindAll(call => TokenizerFamily.Of(call.Model).Name == family);
        var plain = new Errors(calls.ConvertAll(call => ErrorOf(call, call.Estimated)));
        var scaled = new Errors(calls.ConvertAll(call => ErrorOf(call, new InputScale().Tokens(call.Model, call.Estimated, call.UsesTools))));
        output.WriteLine($"{family} {calls.Count}: estimate {plain}, family {scaled}");

        Assert.InRange(scaled.Median, 0, median);
        Assert.InRange(scaled.NinetiethPercentile, 0, ninetiethPercentile);
    }

    /// <summary>
    /// Each call is estimated with what was learned from those of its model before it. The calls are small ones of many programs, each
    /// recorded once: there is little to learn, and it must not lead away.
    /// </summary>
    [Fact]
    public void Learning_leads_nearer_where_there_is_something_to_learn()
    {
        var scale = new InputScale();
        var (family, learned) = (new List<(RecordedInput Call, long Tokens)>(), new List<(RecordedInput Call, long Tokens)>());
        foreach (var model in RecordedInputs.All.GroupBy(call => call.Model, StringComparer.Ordinal).Where(calls => calls.Count() > 5))
        {
            foreach (var (i, call) in model.Index())
            {
                if (i >= 5)
                {
                    family.Add((call, new InputScale().Tokens(call.Model, call.Estimated, call.UsesTools)));
                    learned.Add((call, scale.Tokens(call.Model, call.Estimated, call.UsesTools)));
                }

                scale.Learn(call.Model, call.Estimated, call.Reported, call.UsesTools);
            }
        }

        var (before, after) = (new Errors(family.ConvertAll(call => ErrorOf(call.Call, call.Tokens))), new Errors(learned.ConvertAll(call => ErrorOf(call.Call, call.Tokens))));
        output.WriteLine($"{learned.Count} calls after five others of their model: family {before} of all tokens {OfAll(family):P1}, learned {after} of all tokens {OfAll(learned):P1}");
        Assert.True(learned.Count > 150);
        Assert.InRange(after.Median, 0, before.Median + 0.02);
        Assert.InRange(OfAll(learned), 0, OfAll(family));

        static double OfAll(List<(RecordedInput Call, long Tokens)> calls) =>
            (double)calls.Sum(call => Math.Abs(call.Tokens - call.Call.Reported)) / calls.Sum(call => call.Call.Reported);
    }

    [Fact]
    public void All_calls_together_are_met_better_than_by_their_bytes()
    {
        var calls = RecordedInputs.All;
        var plain = new Errors(calls.ConvertAll(call => ErrorOf(call, call.Estimated)));
        var scaled = new Errors(calls.ConvertAll(call => ErrorOf(call, new InputScale().Tokens(call.Model, call.Estimated, call.UsesTools))));
        output.WriteLine($"all {calls.Count}: estimate {plain}, family {scaled}");
        foreach (var group in calls.GroupBy(call => call.Dialect))
        {
            output.WriteLine($"{group.Key} {group.Count()}: estimate {new Errors([.. group.Select(call => ErrorOf(call, call.Estimated))])}, family "
                + $"{new Errors([.. group.Select(call => ErrorOf(call, new InputScale().Tokens(call.Model, call.Estimated, call.UsesTools)))])}");
        }

        Assert.True(calls.Count > 500);
        Assert.InRange(scaled.Median, 0, 0.16);
    }

    private static double ErrorOf(RecordedInput call, long tokens) => Math.Abs((double)tokens / call.Reported - 1);

    private sealed class Errors
    {
        private readonly List<double> _sorted;

        public Errors(List<double> errors) => _sorted = [.. errors.Order()];

        public double Median => _sorted[_sorted.Count / 2];

        public double NinetiethPercentile => _sorted[_sorted.Count * 9 / 10];

        public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"median {Median:P0} p90 {NinetiethPercentile:P0} worst {_sorted[^1]:P0}");
    }
}
