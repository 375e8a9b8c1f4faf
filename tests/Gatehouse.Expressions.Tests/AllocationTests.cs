namespace Gatehouse.Expressions.Tests;

/// <summary>A condition is looked at for every exchange: it must leave nothing to collect.</summary>
public sealed class AllocationTests
{
    [Theory]
    [InlineData("""
        request.model == "gpt-5" && request.size > 1000 && principal.labels["team"] == "research"
          && request.path.startsWith("/v1/") && request.model in ["gpt-4", "gpt-5", "gpt-6"]
          && has(principal.labels.tier) && !request.stream && request.max_tokens <= 4096
          && request.headers["x-region"] != "us" && size(request.tools) < 100
        """)]
    [InlineData("request.path.contains('chat') && request.path.endsWith('completions') && request.model.matches('^gpt-[0-9]+$')")]
    [InlineData("request.tools.all(tool, tool != 'shell') && time > timestamp('2026-01-01T00:00:00Z') && request.size * 2 >= 40000")]
    [InlineData("principal.labels.cost == 'high' || request.model == 'gpt-5'")]
    public void A_condition_allocates_nothing(string source)
    {
        var expression = Conditions.Compile(source);
        var values = Conditions.Request();
        Assert.True(Evaluate(expression, values));

        // The runtime itself may allocate once on this thread, where it exchanges compiled code: what an evaluation allocates shows every time.
        var least = long.MaxValue;
        for (var round = 0; round < 5; round++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            var all = Evaluate(expression, values);
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
            Assert.True(all);
        }

        Assert.Equal(0, least);
    }

    private static bool Evaluate(Expression expression, Values values)
    {
        var all = true;
        for (var i = 0; i < 10_000; i++)
        {
            all &= expression.TryEvaluate(values, out var value, out _) && value;
        }

        return all;
    }
}
