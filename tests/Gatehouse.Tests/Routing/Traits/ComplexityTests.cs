using Gatehouse.Routing.Strategies;
using Gatehouse.Routing.Traits;
using Gatehouse.Tests.Routing.Strategies;
using TestContext = Gatehouse.Tests.Routing.Strategies.TestContext;

namespace Gatehouse.Tests.Routing.Traits;

/// <summary>Requests as people write them, and how much they ask of a model.</summary>
public sealed class ComplexityTests
{
    [Theory]
    [InlineData("simple", "Hi there!")]
    [InlineData("simple", "What is the capital of France?")]
    [InlineData("simple", "Thanks, that was great.")]
    [InlineData("simple", "Translate 'good morning' to Spanish.")]
    [InlineData("simple", "Who is the president of Chile?")]
    [InlineData("simple", "Was ist die Hauptstadt von Peru?")]
    [InlineData("simple", "Merci beaucoup, à demain")]
    [InlineData("simple", "你好")]
    [InlineData("simple", "Write a birthday card for my sister")]
    [InlineData("simple", "")]
    [InlineData("medium", "Write a python function that reverses a string and return it with a unit test")]
    [InlineData("medium", "Explain how a microservice architecture handles latency compared to a monolith")]
    [InlineData("medium", "What is the derivative and the integral of this polynomial equation?")]
    [InlineData("medium", "First, summarise the text. Then list the names. Finally, suggest a title of at most five words.")]
    [InlineData("medium", "Erkläre, warum eine verteilte Architektur schlecht skaliert")]
    [InlineData("medium", "Explica cómo funciona un algoritmo distribuido y compara dos de ellos")]
    [InlineData("medium", "```\nfor i in range(10): print(i)\n```\nwhat does this print")]
    [InlineData("complex", "Here is my service:\n```python\nasync def f(): ...\n```\nIt fails with\nTraceback (most recent call last):\n  File x\nRuntimeError: error: deadlock\nWhy, and how do I fix it?")]
    [InlineData("reasoning", "Design a distributed rate limiter:\n1. describe the architecture and the consistency trade-offs\n2. compare two algorithms by latency\n3. explain the migration")]
    [InlineData("complex", "Vergleiche zwei Algorithmen, begründe deine Wahl, und leite her, wie sie skalieren.")]
    [InlineData("reasoning", "Prove that the sum of two odd numbers is even, step by step, and justify each inequality by induction.")]
    [InlineData("reasoning", "Think carefully, step by step: derive the probability that the matrix is singular and prove the theorem.")]
    [InlineData("reasoning", "Find the root cause of this deadlock and weigh the trade-offs of every fix:\n```rust\nlet a = m.lock();\n```\nthread panicked: panic: poisoned, exception thrown")]
    [InlineData("reasoning", "请一步一步证明这个方程的概率积分收敛,并分析推导")]
    [InlineData("reasoning", "Beweise Schritt für Schritt, dass die Gleichung mit dieser Wahrscheinlichkeit keine Ableitung hat.")]
    public void A_text_has_its_level(string level, string text)
    {
        var complexity = Complexity.Of(Of(text), text);
        Assert.True(complexity.Level == Enum.Parse<ComplexityLevel>(level, ignoreCase: true), $"{complexity.Level} {complexity.Explain()}: {text}");
    }

    /// <summary>What a request is beside its text.</summary>
    [Fact]
    public void Size_turns_tools_and_wishes_count()
    {
        Assert.Equal(ComplexityLevel.Simple, Complexity.Of(new(), "go on").Level);
        Assert.Equal(ComplexityLevel.Medium, Complexity.Of(new() { InputTokens = 30_000 }, "go on").Level);
        Assert.Equal(ComplexityLevel.Medium, Complexity.Of(new() { ToolCount = 12, TurnCount = 10 }, "go on").Level);
        Assert.Equal(ComplexityLevel.Medium, Complexity.Of(new() { WantsReasoning = true }, "go on").Level);
        Assert.Equal(ComplexityLevel.Complex, Complexity.Of(new() { ToolCount = 12, TurnCount = 30, InputTokens = 30_000 }, "go on").Level);
        Assert.Equal(ComplexityLevel.Simple, Complexity.Of(new() { WantsStructuredOutput = true, Modalities = Modalities.Image }, "What is this?").Level);
    }

    [Theory]
    [InlineData(0, ComplexityLevel.Simple)]
    [InlineData(0.149, ComplexityLevel.Simple)]
    [InlineData(0.15, ComplexityLevel.Medium)]
    [InlineData(0.35, ComplexityLevel.Complex)]
    [InlineData(0.599, ComplexityLevel.Complex)]
    [InlineData(0.6, ComplexityLevel.Reasoning)]
    [InlineData(1, ComplexityLevel.Reasoning)]
    internal void The_borders_are_those_of_the_documentation(double score, ComplexityLevel level) => Assert.Equal(level, Complexity.LevelOf(score));

    [Fact]
    public void No_text_leaves_the_scale()
    {
        var random = new Random(7);
        var pieces = new[] { "prove ", "```", "∫", "\n1. ", "?", "hello ", "first,", "Exception", "\ud800", "證", "sharding ", " " };
        for (var i = 0; i < 2000; i++)
        {
            var text = string.Concat(Enumerable.Range(0, random.Next(0, 400)).Select(_ => pieces[random.Next(pieces.Length)]));
            var traits = new RequestTraits { InputTokens = random.Next(1, int.MaxValue), TurnCount = random.Next(), ToolCount = random.Next(500) };
            var first = Complexity.Of(traits, text);
            Assert.InRange(first.Score, 0, 1);
            Assert.Equal((first.Score, first.Explain()), (Complexity.Of(traits, text).Score, Complexity.Of(traits, text).Explain()));
        }
    }

    [Theory]
    [InlineData("hello", "s/m m/m r/m")]
    [InlineData("Explain how a microservice architecture handles latency compared to a monolith", "m/m r/m s/m")]
    // There is nothing for complex requests: the next higher level, then the nearest lower ones.
    [InlineData("Vergleiche zwei Algorithmen, begründe deine Wahl, und leite her, wie sie skalieren.", "r/m m/m s/m")]
    [InlineData("Prove step by step that the theorem holds for this polynomial equation and matrix.", "r/m m/m s/m")]
    public void The_child_of_the_level_comes_first(string text, string order)
    {
        var node = new ComplexityStrategy(
            [(ComplexityLevel.Reasoning, TestRoute.Target("r/m")), (ComplexityLevel.Simple, TestRoute.Target("s/m")), (ComplexityLevel.Medium, TestRoute.Target("m/m"))]);
        Assert.Equal(order, string.Join(' ', TestRoute.Plan(node, new TestContext { Request = Of(text), Text = text })));
    }

    [Fact]
    public void It_says_why()
    {
        const string Text = "Prove step by step that the theorem holds.";
        var node = new ComplexityStrategy([(ComplexityLevel.Simple, TestRoute.Target("s/m")), (ComplexityLevel.Complex, TestRoute.Target("c/m"))]);
        Assert.Equal("complexity: complex, 0.53 (reasoning words 0.40, mathematics 0.13): c/m, then s/m", node.Explain(new TestContext { Request = Of(Text), Text = Text }));
        Assert.Equal("complexity: simple, 0.00: s/m, then c/m", node.Explain(new TestContext()));
    }

    private static RequestTraits Of(string text) => new() { InputTokens = 1 + (text.Length / 4), TurnCount = 1 };
}
