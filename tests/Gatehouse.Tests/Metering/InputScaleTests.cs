using Gatehouse.Metering.Sizes;

namespace Gatehouse.Tests.Metering;

public sealed class InputScaleTests
{
    private readonly InputScale _scale = new();

    [Fact]
    public void An_unknown_model_counts_as_is_estimated()
    {
        Assert.Equal(1000, _scale.Tokens("nobody/knows", 1000));
        Assert.Equal(0, _scale.Tokens("nobody/knows", 0));
        Assert.Equal(1000, _scale.Tokens(new string('x', 300), 1000));
    }

    [Fact]
    public void A_family_has_its_ratio_and_the_prompts_that_its_providers_add()
    {
        Assert.Equal(1100, _scale.Tokens("us.anthropic.CLAUDE-haiku-4-5", 1000));
        Assert.Equal(1650, _scale.Tokens("claude-haiku-4-5", 1000, usesTools: true));
        Assert.Equal(0, _scale.Tokens("gemini-2.5-flash", 1));
        for (var i = 0; i < 100; i++)
        {
            _scale.Learn("claude-haiku-4-5", 1000, 1850, usesTools: true);
        }

        Assert.InRange(_scale.Tokens("claude-haiku-4-5", 1000, usesTools: true), 1845, 1850);
        Assert.InRange(_scale.Tokens("claude-haiku-4-5", 1000), 1295, 1300);
    }

    [Theory]
    [InlineData(0.8)]
    [InlineData(1.3)]
    public void A_ratio_is_learned_within_a_dozen_calls(double ratio)
    {
        for (var i = 0; i < 12; i++)
        {
            _scale.Learn("model", 4000, (long)(4000 * ratio));
        }

        Assert.InRange(_scale.Tokens("model", 10_000), 10_000 * ratio * 0.95, 10_000 * ratio * 1.05);
        Assert.Equal(10_000, _scale.Tokens("another", 10_000));
    }

    [Fact]
    public void One_strange_report_moves_little()
    {
        for (var i = 0; i < 50; i++)
        {
            _scale.Learn("model", 1000, 1000);
        }

        _scale.Learn("model", 1000, 1_000_000);
        Assert.InRange(_scale.Tokens("model", 1000), 1000, 1200);
    }

    [Theory]
    [InlineData(1, 1_000_000, 4000)]
    [InlineData(1_000_000, 1, 250)]
    public void The_ratio_stays_within_a_quarter_and_four(long estimated, long reported, long expected)
    {
        for (var i = 0; i < 5000; i++)
        {
            _scale.Learn("model", estimated, reported);
        }

        Assert.InRange(_scale.Tokens("model", 1000), Math.Min(1000, expected), Math.Max(1000, expected));
        Assert.NotEqual(1000, _scale.Tokens("model", 1000));
    }

    [Fact]
    public void Calls_of_a_few_tokens_say_little()
    {
        _scale.Learn("small", 10, 40);
        _scale.Learn("large", 10_000, 40_000);
        Assert.InRange(_scale.Tokens("small", 1000), 1000, 1100);
        Assert.InRange(_scale.Tokens("large", 1000), 2400, 2600);
    }

    [Theory]
    [InlineData(0, 5)]
    [InlineData(-1, 5)]
    [InlineData(5, 0)]
    [InlineData(5, -5)]
    public void What_cannot_be_is_not_learned(long estimated, long reported)
    {
        _scale.Learn("model", estimated, reported);
        Assert.Equal(1000, _scale.Tokens("model", 1000));
    }

    [Fact]
    public void Asking_and_learning_allocate_nothing()
    {
        _scale.Learn("model", 100, 110);
        _ = _scale.Tokens("model", 100) + _scale.Tokens("unknown", 100);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
        {
            _scale.Learn("model", 1000, 900);
            _ = _scale.Tokens("model", 1000);
            _ = _scale.Tokens("unknown", 1000);
        }

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public async Task Threads_learn_at_the_same_time()
    {
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
        {
            for (var i = 0; i < 5000; i++)
            {
                _scale.Learn("model", 1000, 1500);
            }
        })));
        Assert.InRange(_scale.Tokens("model", 1000), 1490, 1501);
    }
}
