using Gatehouse.Expressions.Library;
using Gatehouse.Expressions.Syntax;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Expressions.Tests;

/// <summary>docs/expressions.md is true.</summary>
public sealed class DocumentationTests
{
    private static readonly string Page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "expressions.md"));

    [Fact]
    public void Every_function_is_named()
    {
        foreach (var name in FunctionTable.Names.Where(name => Operators.Written(name) == name && !name.StartsWith('_')))
        {
            Assert.True(Page.Contains($"`{name}`", StringComparison.Ordinal) || Page.Contains($"`{name}(", StringComparison.Ordinal), name);
        }
    }

    [Fact]
    public void The_limits_are_those_of_the_page()
    {
        Assert.Equal(16_384, ExpressionLimits.Default.MaxSourceLength);
        Assert.Equal(100, ExpressionLimits.Default.MaxDepth);
        Assert.Equal(100_000, ExpressionLimits.Default.MaxCost);
        Assert.Equal(1024, ExpressionLimits.Default.MaxPatternLength);
        Assert.Contains("16,384 characters", Page, StringComparison.Ordinal);
        Assert.Contains("100 levels", Page, StringComparison.Ordinal);
        Assert.Contains("100,000 units", Page, StringComparison.Ordinal);
        Assert.Contains("1,024 characters", Page, StringComparison.Ordinal);
    }

    [Fact]
    public void Its_examples_hold_what_they_say()
    {
        Assert.True(Conditions.IsTrue("""request.model == "gpt-5" && principal.labels["team"] in ["research", "sales"]"""));
        Assert.False(Conditions.IsTrue("""request.size > 100000 || request.headers[?"x-priority"].orValue("low") == "high" """));
        Assert.True(Conditions.IsTrue("""request.headers.`x-region` == "eu" """));
    }
}
