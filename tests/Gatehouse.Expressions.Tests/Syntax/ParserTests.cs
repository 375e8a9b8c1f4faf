using FsCheck.Fluent;
using Gatehouse.Expressions.Syntax;
using Gatehouse.Expressions.Tests.Conformance;
using Gatehouse.Expressions.Tests.Generators;
using Gatehouse.Protocols.Tests.Generators;

namespace Gatehouse.Expressions.Tests.Syntax;

/// <summary>Sources into trees.</summary>
public sealed class ParserTests
{
    [Theory]
    [InlineData("a || b && c", "(a || (b && c))")]
    [InlineData("a && b || c && d || e", "((a && b) || (c && d) || e)")]
    [InlineData("a + b * c - d", "((a + (b * c)) - d)")]
    [InlineData("a == b in c", "((a == b) in c)")]
    [InlineData("a ? b : c ? d : e", "(a ? b : (c ? d : e))")]
    [InlineData("-a.b[0].c()", "-(((a.b)[0]).c())")]
    [InlineData("!!!a", "!(a)")]
    [InlineData("- -1", "-(-1)")]
    [InlineData("1 - -1", "(1 - -1)")]
    [InlineData("a.?b[?c]", "(a.?b)[?c]")]
    [InlineData("m.map(x, x > 1, x)", "(m).map(x, (x > 1), x)")]
    public void Operators_bind_as_the_language_says(string source, string expected)
    {
        Assert.Equal(expected, Print(source));
    }

    [Fact]
    public void Any_text_gives_a_tree_or_an_error()
    {
        Properties.Hold(Sources.Text, AssertTreeOrError, count: 2000);
        Properties.Hold(Sources.TokenRow, AssertTreeOrError, count: 5000);
    }

    [Fact]
    public void A_printed_tree_reads_as_the_same_tree()
    {
        Properties.Hold(Sources.Expression, AssertSameTree, count: 2000);
    }

    [Fact]
    public void The_trees_of_the_corpus_read_back_as_they_were_printed()
    {
        foreach (var test in CorpusCase.Of(CorpusCase.Conformance).Where(test => test.ProtobufType is null))
        {
            AssertSameTree(test.Source);
        }
    }

    /// <summary>
    /// cel-go's parser tests say which sources have a tree. They run without the syntax of optionals and quoted names, and with lower limits;
    /// messages are none of this language's; and no accumulator has a name here that a variable could take.
    /// </summary>
    [Fact]
    public void A_source_has_an_error_where_the_corpus_has_one()
    {
        string[] differences = ["unsupported syntax", "recursion", "iteration variable overwrites accumulator"];
        var compared = 0;
        foreach (var test in CorpusCase.Of("parsing"))
        {
            var parser = new Parser(test.Source, maxDepth: 100);
            var hasTree = parser.Parse() is not null;
            var isDifferent = differences.Any(difference => !test.HasTree && test.Error!.Contains(difference, StringComparison.Ordinal))
                || parser.Error?.Message.StartsWith("messages cannot be made", StringComparison.Ordinal) == true;
            Assert.True(hasTree == test.HasTree || isDifferent, $"{test.Source}: {parser.Error}, {test.Error}");
            compared += isDifferent ? 0 : 1;
        }

        Assert.Equal(151, compared);
    }

    private static void AssertTreeOrError(string source)
    {
        foreach (var isUnchecked in new[] { false, true })
        {
            var compiled = ExpressionCompiler.Compile(source, Conditions.Schema, null, new CompilerOptions { IsUnchecked = isUnchecked });

            Assert.Equal(compiled.Expression is null, compiled.Errors.Count > 0);
            Assert.All(compiled.Errors, error => Assert.True(error is { Line: > 0, Column: > 0, Message.Length: > 0 }));
            compiled.Expression?.Evaluate(Conditions.Request());
        }
    }

    private static void AssertSameTree(string source)
    {
        var printed = Print(source);
        Assert.Equal(printed, Print(printed));
    }

    private static string Print(string source)
    {
        var parser = new Parser(source, maxDepth: 150);
        var tree = parser.Parse();
        Assert.True(tree is not null, $"{source}: {parser.Error}");
        return SyntaxPrinter.Print(tree);
    }
}
