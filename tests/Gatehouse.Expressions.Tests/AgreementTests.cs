using Gatehouse.Expressions.Tests.Conformance;
using Gatehouse.Expressions.Tests.Generators;
using Gatehouse.Protocols.Tests.Generators;

namespace Gatehouse.Expressions.Tests;

/// <summary>An expression has one result, however it was compiled.</summary>
public sealed class AgreementTests
{
    [Fact]
    public void An_evaluation_agrees_with_and_without_folding_and_checking()
    {
        var (values, errors, compiled) = (0, 0, 0);
        Properties.Hold(
            Sources.Expression,
            source =>
            {
                var dynamic = Evaluate(source, new CompilerOptions { Folds = false, IsUnchecked = true });
                AssertSame(dynamic, Evaluate(source, new CompilerOptions { IsUnchecked = true }), source);
                values += dynamic is { IsError: false } ? 1 : 0;
                errors += dynamic is { IsError: true } ? 1 : 0;
                if (Evaluate(source, new CompilerOptions()) is { } result)
                {
                    AssertSame(result, Evaluate(source, new CompilerOptions { Folds = false }), source);
                    AssertSame(result, dynamic, source);
                    compiled++;
                }
            },
            count: 8000);

        // The property says something only where expressions have results.
        Assert.True(values > 1000 && errors > 2000 && compiled > 1000, $"{values} values, {errors} errors, {compiled} compiled");
    }

    [Fact]
    public void A_result_is_of_the_type_that_the_checker_found()
    {
        Properties.Hold(
            Sources.Expression,
            source =>
            {
                var compiled = ExpressionCompiler.Compile(source, Conditions.Schema);
                var result = compiled.Expression?.Evaluate(Conditions.Request());
                if (result is { IsError: false } value && compiled.Expression!.ResultType.RuntimeKind is { } kind && value.Value.Kind != CelKind.Null)
                {
                    Assert.True(kind == value.Value.Kind, $"{source} is {value.Value}, not {compiled.Expression.ResultType}");
                }
            },
            count: 4000);
    }

    [Fact]
    public void A_printed_value_reads_as_the_same_value()
    {
        Properties.Hold(
            Sources.Expression,
            source =>
            {
                if (Evaluate(source, new CompilerOptions()) is { IsError: false } result && result.Value.ToString() is { Length: < 900 } printed)
                {
                    var again = Evaluate(printed, new CompilerOptions { IsUnchecked = true });

                    Assert.True(again is { IsError: false } && SameValue(result.Value, again.Value.Value), $"{source} prints {printed}, which is {again}");
                }
            },
            count: 5000);
    }

    /// <summary>The examples of cel-go's comprehension tests are true, those with variables and with other results aside.</summary>
    [Fact]
    public void The_comprehensions_of_the_corpus_agree()
    {
        var holding = 0;
        foreach (var test in CorpusCase.Of("comprehension"))
        {
            var compiled = ExpressionCompiler.Compile(test.Source, new ExpressionSchema());
            if (compiled.Expression is { } expression && expression.ResultType == CelType.Bool)
            {
                var result = expression.Evaluate(new Values());
                Assert.True(result is { IsError: false } && result.Value.AsBool(), $"{test.Source}: {result}");
                holding++;
            }
        }

        Assert.Equal(49, holding);
    }

    /// <summary>
    /// The corpus has the type that cel-go's checker finds. Ours has no parameters for type values, and knows the types of a block's slots,
    /// which are dyn there.
    /// </summary>
    [Fact]
    public void The_types_of_the_corpus_agree()
    {
        var compared = 0;
        foreach (var test in CorpusCase.Of(CorpusCase.Conformance).Where(test => test is { ProtobufType: null, IsUnchecked: false, CheckedType: not null }))
        {
            // "Where the two types disagree, the type embedded in the original test should be deemed correct" (tests.d.ts of the package).
            if (test.Get("typedResult") is not null || test.Section.StartsWith("block_ext/", StringComparison.Ordinal)
                || test.CheckedType!.Contains("type(", StringComparison.Ordinal))
            {
                continue;
            }

            var schema = new ExpressionSchema { Container = test.Container };
            CorpusRun.Declare(schema, test);
            var compiled = ExpressionCompiler.Compile(test.Source, schema);

            var expected = test.CheckedType.Replace("null", "null_type", StringComparison.Ordinal);
            Assert.True(compiled.Expression?.ResultType.ToString() == expected, $"{test.Source}: {compiled.Expression?.ResultType}, {test.CheckedType}");
            compared++;
        }

        Assert.Equal(1386, compared);
    }

    private static EvaluationResult? Evaluate(string source, CompilerOptions options) =>
        ExpressionCompiler.Compile(source, Conditions.Schema, null, options).Expression?.Evaluate(Conditions.Request());

    private static void AssertSame(EvaluationResult? left, EvaluationResult? right, string source)
    {
        Assert.True(left is null == right is null, source);
        Assert.True(left?.IsError == right?.IsError, $"{source}: {left} and {right}");
        if (left is { IsError: false } one && right is { } other)
        {
            Assert.True(SameValue(one.Value, other.Value), $"{source}: {one} and {other}");
        }
    }

    /// <summary>NaN is the same as NaN here, anywhere in a value: values are compared as they print.</summary>
    private static bool SameValue(CelValue left, CelValue right) => CorpusValues.AreSame(left, right) || left.ToString() == right.ToString();
}
