using Gatehouse.Metering.Sizes;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests.Metering;

public sealed class OutputSizesTests
{
    private readonly ManualTime _time = new();
    private readonly OutputSizes _sizes;

    public OutputSizesTests() => _sizes = new(_time);

    [Fact]
    public void Nothing_is_known_before_three_answers()
    {
        Assert.Null(_sizes.Likely("key", "model"));
        Learn(100, 100);
        Assert.Null(_sizes.Likely("key", "model"));
        Learn(100);
        Assert.Equal(100, _sizes.Likely("key", "model"));
    }

    [Fact]
    public void A_new_key_is_taken_for_one_like_the_others_of_its_model()
    {
        _sizes.Learn("a", "model", 10);
        _sizes.Learn("b", "model", 30);
        _sizes.Learn("c", "model", 20);
        Assert.Equal(30, _sizes.Likely("new", "model"));
        Assert.Null(_sizes.Likely("new", "another model"));
        for (var i = 0; i < OutputSizes.MinAnswers; i++)
        {
            _sizes.Learn("new", "model", 5);
        }

        Assert.Equal(5, _sizes.Likely("new", "model"));
        Assert.Equal(30, _sizes.Likely("newer", "model"));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(4097)]
    [InlineData(1_234_567)]
    public void A_constant_size_is_known_exactly(long size)
    {
        for (var i = 0; i < 300; i++)
        {
            _sizes.Learn("key", "model", size);
        }

        Assert.Equal(size, _sizes.Likely("key", "model"));
    }

    [Fact]
    public void Growth_is_followed_at_once_and_shrinking_within_56_answers()
    {
        Repeat(1000, 200);
        Learn(8000);
        Assert.Equal(8000, _sizes.Likely("key", "model"));
        Repeat(500, 48);
        Assert.Equal(8000, _sizes.Likely("key", "model"));
        Repeat(500, 8);
        Assert.Equal(500, _sizes.Likely("key", "model"));
    }

    [Fact]
    public void What_is_rare_is_forgotten_after_a_week()
    {
        Learn(9000, 10, 10);
        for (var day = 0; day < 6; day++)
        {
            _time.Advance(TimeSpan.FromDays(1));
            Learn(10);
            Assert.Equal(9000, _sizes.Likely("key", "model"));
        }

        _time.Advance(TimeSpan.FromDays(1));
        Learn(10);
        Assert.Equal(10, _sizes.Likely("key", "model"));
    }

    /// <summary>The sizes of answers are about log-normal; those of tools that fail or succeed have two humps.</summary>
    [Theory]
    [InlineData("log-normal")]
    [InlineData("two humps")]
    [InlineData("uniform")]
    public void Two_answers_of_a_hundred_pass_it(string distribution)
    {
        var random = new Random(20261121);
        var (passed, asked, reserved, largest) = (0, 0, 0.0, 0L);
        for (var i = 0; i < 40_000; i++)
        {
            var size = Size();
            if (i >= 100)
            {
                var likely = _sizes.Likely("key", "model")!.Value;
                passed += size > likely ? 1 : 0;
                reserved += likely;
                asked++;
            }

            largest = Math.Max(largest, size);
            _sizes.Learn("key", "model", size);
        }

        Assert.InRange((double)passed / asked, 0.016, 0.0215);
        Assert.True(reserved / asked <= largest);

        long Size() => distribution switch
        {
            "uniform" => random.Next(0, 100_000),
            "two humps" => random.Next(5) == 0 ? random.Next(20_000, 30_000) : random.Next(10, 200),
            _ => (long)Math.Exp(6 + Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble())),
        };
    }

    [Fact]
    public void Pairs_that_are_used_stay_while_others_come_and_go()
    {
        Learn(7, 7, 7);
        for (var i = 0; i < 3 * OutputSizes.MaxPairs; i++)
        {
            _sizes.Learn($"key {i}", "another model", 1);
            if (i % 1000 == 0)
            {
                Assert.Equal(7, _sizes.Likely("key", "model"));
            }
        }

        Assert.InRange(_sizes.Count, 1, OutputSizes.MaxPairs);
    }

    [Fact]
    public void Names_that_no_model_has_are_not_kept()
    {
        var name = new string('m', 257);
        Repeat(1, 3, name);
        Assert.Null(_sizes.Likely("key", name));
        Assert.Equal(0, _sizes.Count);
    }

    [Fact]
    public void Asking_and_learning_allocate_nothing()
    {
        Repeat(5, 100);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
        {
            _ = _sizes.Likely("key", "model");
            _ = _sizes.Likely("unknown", "model");
            _sizes.Learn("key", "model", i);
        }

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public async Task Threads_learn_and_ask_at_the_same_time()
    {
        await Task.WhenAll(Enumerable.Range(0, 4).Select(thread => Task.Run(() =>
        {
            for (var i = 0; i < 20_000; i++)
            {
                _sizes.Learn($"key {i % 7}", "model", 1000 + (i % 10));
                Assert.InRange(_sizes.Likely($"key {(i + thread) % 7}", "model") ?? 1000, 1000, 1009);
            }
        })));
        Assert.Equal(1009, _sizes.Likely("key 0", "model"));
    }

    private void Learn(params ReadOnlySpan<long> sizes)
    {
        foreach (var size in sizes)
        {
            _sizes.Learn("key", "model", size);
        }
    }

    private void Repeat(long size, int times, string model = "model")
    {
        for (var i = 0; i < times; i++)
        {
            _sizes.Learn("key", model, size);
        }
    }
}
