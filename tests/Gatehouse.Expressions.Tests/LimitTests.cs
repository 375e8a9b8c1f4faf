using System.Text;

namespace Gatehouse.Expressions.Tests;

/// <summary>Whoever may write a condition may not stop the gateway with it.</summary>
public sealed class LimitTests
{
    /// <summary>A third of what .NET gives a thread.</summary>
    private const int SmallStack = 512 * 1024;

    [Fact]
    public void A_long_source_is_refused()
    {
        var limits = new ExpressionLimits { MaxSourceLength = 10 };

        Assert.Equal("1:1: the expression has more than 10 characters", Conditions.Error("1 + 1 + 1 + 1", limits).ToString());
        Assert.Equal("1:1: the expression has more than 16384 characters", Conditions.Error(new string('1', 20_000)).ToString());
    }

    public static TheoryData<string, string> Nestings => new()
    {
        { "parentheses", Repeat("(", "1", ")") },
        { "lists", Repeat("[", "1", "]") },
        { "maps", Repeat("{1:", "1", "}") },
        { "indexes", Repeat("[0][", "0", "]") },
        { "index chains", "[0]" + Many("[0]") },
        { "selections", "body" + Many(".a") },
        { "optional selections", "body" + Many(".?a") },
        { "functions", Repeat("size(", "''", ")") },
        { "member functions", "''" + Many(".trim()") },
        { "additions", "1" + Many("+1") },
        { "comparisons", "true" + Many("==true") },
        { "conditionals", Many("true?1:") + "1" },
        { "conditions of conditionals", Repeat("(", "true", "?true:true)") },
        { "signs within parentheses", Repeat("-(", "1", ")") },
        { "negations", Repeat("!(", "true", ")") },
        { "comprehensions", Repeat("[1].all(x,", "true", ")") },
        { "comprehensions over comprehensions", "[1]" + Many(".map(x,x)") },
        { "bindings", Repeat("cel.bind(x,1,", "x", ")") },
        { "bindings in bindings", Repeat("cel.bind(x,", "1", ",x)") },
        { "blocks", "cel.block([1" + Many(",cel.index(0)", 1000) + "],cel.index(900))" },
        { "ands and ors", Repeat("true&&(false||", "true", ")") },
        { "has", Repeat("has({}[", "1", "].a)") },
        { "open brackets", Many("[") },
        { "open braces", Many("{") },
        { "open calls", Many("f(") },
    };

    [Theory]
    [MemberData(nameof(Nestings))]
    public void Deep_nesting_is_refused_on_any_stack(string what, string source)
    {
        var limits = new ExpressionLimits { MaxSourceLength = int.MaxValue, MaxDepth = int.MaxValue };

        var compiled = OnSmallStack(() => ExpressionCompiler.Compile(source, Conditions.Schema, limits));

        Assert.False(compiled.Succeeded, what);
        Assert.Contains("nested too deep", compiled.Errors[0].Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("(", "1", ")", 149)]
    [InlineData("[", "1", "]", 149)]
    [InlineData("-(", "1", ")", 148)]
    [InlineData("[1].map(x,", "1", ")", 140)]
    [InlineData("cel.bind(x,1,", "x", ")", 140)]
    [InlineData("{1:", "1", "}", 140)]
    [InlineData("true?1:", "1", "", 145)]
    [InlineData("[[1].map(x,x)==[1]?dyn(1):", "1", "]", 70)]
    public void The_deepest_nesting_that_is_allowed_fits_any_stack(string open, string middle, string close, int count)
    {
        var source = string.Concat(Enumerable.Repeat(open, count)) + middle + string.Concat(Enumerable.Repeat(close, count));
        var limits = new ExpressionLimits { MaxSourceLength = int.MaxValue, MaxDepth = int.MaxValue };

        foreach (var folds in new[] { true, false })
        {
            var result = OnSmallStack(() =>
            {
                var compiled = ExpressionCompiler.Compile(source, Conditions.Schema, limits, new CompilerOptions { Folds = folds });
                Assert.True(compiled.Succeeded, string.Join("; ", compiled.Errors));
                return compiled.Expression.Evaluate(Conditions.Request());
            });

            Assert.Null(result.Error);
        }
    }

    [Fact]
    public void A_chain_of_and_may_be_as_long_as_the_source()
    {
        Assert.True(Conditions.IsTrue("true" + Many(" && true", 1500)));
        Assert.True(Conditions.IsTrue("true" + Many(" || true", 1500)));
        Assert.True(Conditions.IsTrue(Many("!", 10_000) + "true"));
        Assert.Equal(1, Conditions.Value(Many("-", 10_000) + "1").AsInt());
    }

    [Theory]
    [InlineData("[1,2,3,4,5,6,7,8,9,10].all(a, [1,2,3,4,5,6,7,8,9,10].all(b, [1,2,3,4,5,6,7,8,9,10].all(c, [1,2,3,4,5,6,7,8,9,10].all(d, [1,2,3,4,5,6,7,8,9,10].all(e, true)))))")]
    [InlineData("[1,2,3,4,5,6,7,8,9,10].exists(a, [1,2,3,4,5,6,7,8,9,10].exists(b, [1,2,3,4,5,6,7,8,9,10].exists(c, [1,2,3,4,5,6,7,8,9,10].exists(d, [1,2,3,4,5,6,7,8,9,10].exists(e, 1/0 == 1))))) || true")]
    [InlineData("cel.bind(a, request.path + request.path, cel.bind(b, a+a+a+a+a+a+a+a, cel.bind(c, b+b+b+b+b+b+b+b, cel.bind(d, c+c+c+c+c+c+c+c, cel.bind(e, d+d+d+d+d+d+d+d, cel.bind(f, e+e+e+e+e+e+e+e, f+f+f+f+f+f+f+f)))))) == ''")]
    [InlineData("cel.bind(a, request.tools + request.tools, cel.bind(b, a+a+a+a+a+a+a+a, cel.bind(c, b+b+b+b+b+b+b+b, cel.bind(d, c+c+c+c+c+c+c+c, cel.bind(e, d+d+d+d+d+d+d+d, cel.bind(f, e+e+e+e+e+e+e+e, f+f+f+f+f+f+f+f)))))) == []")]
    [InlineData("cel.bind(a, [1,1,1,1,1,1,1,1], cel.bind(b, [a,a,a,a,a,a,a,a], cel.bind(c, [b,b,b,b,b,b,b,b], cel.bind(d, [c,c,c,c,c,c,c,c], cel.bind(e, [d,d,d,d,d,d,d,d], cel.bind(f, [e,e,e,e,e,e,e,e], f == f))))))")]
    [InlineData("cel.bind(a, [1,1,1,1,1,1,1,1], cel.bind(b, [a,a,a,a,a,a,a,a], cel.bind(c, [b,b,b,b,b,b,b,b], cel.bind(d, [c,c,c,c,c,c,c,c], cel.bind(e, [d,d,d,d,d,d,d,d], cel.bind(f, [e,e,e,e,e,e,e,e], '%s'.format([f]) == ''))))))")]
    [InlineData("cel.bind(a, request.path.replace('', request.path), cel.bind(b, a.replace('', a), b.replace('', b))) == ''")]
    [InlineData("cel.bind(a, request.tools + request.tools, cel.bind(b, a+a+a+a+a+a+a+a, cel.bind(c, b+b+b+b+b+b+b+b, cel.bind(d, c+c+c+c+c+c+c+c, d.join(c.join()) == '' )))) && [1,2,3].all(x, x > 0)")]
    [InlineData("cel.bind(t, request.path+request.path+request.path+request.path+request.path+request.path, cel.bind(s, t.split(''), s.all(a, s.all(b, s.all(c, a + b != c)))))")]
    public void An_evaluation_that_takes_too_much_ends_as_an_error(string source)
    {
        foreach (var folds in new[] { true, false })
        {
            var compiled = ExpressionCompiler.Compile(source, Conditions.Schema, null, new CompilerOptions { Folds = folds });
            Assert.True(compiled.Succeeded, string.Join("; ", compiled.Errors));

            Assert.Equal("the evaluation takes more work than is allowed", compiled.Expression.Evaluate(Conditions.Request()).Error);
        }
    }

    [Fact]
    public void The_budget_counts_operations_and_steps()
    {
        const string Source = "request.tools.all(tool, tool != 'shell')";

        Assert.True(Conditions.Evaluate(Source, new ExpressionLimits { MaxCost = 20 }).Value.AsBool());
        Assert.True(Conditions.Evaluate(Source, new ExpressionLimits { MaxCost = 8 }).IsError);
    }

    [Theory]
    [InlineData("'(a{1000}){1000}'")]
    [InlineData("'((a{100}){100}){100}'")]
    [InlineData("'(.*a){200}x'")]
    [InlineData("'((.a{1,}){20}){20}x'")]
    [InlineData("'a{1001}'")]
    [InlineData("'a{99999999999999999999}'")]
    [InlineData("'(((((((((a{9}){9}){9}){9}){9}){9}){9}){9}){9}'")]
    public void A_regular_expression_that_would_be_huge_is_refused(string pattern)
    {
        Assert.Contains("regular expression", Conditions.Error($"request.model.matches({pattern})").Message, StringComparison.Ordinal);
        Assert.Contains("regular expression", Conditions.Evaluate($"cel.bind(pattern, {pattern}, request.model.matches(pattern))").Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_regular_expression_takes_time_that_is_linear_in_the_text()
    {
        var schema = new ExpressionSchema();
        var values = new Values();
        values.Set(schema.Declare("text", CelType.String), CelValue.From(new string('a', 100_000) + "!"));

        var compiled = ExpressionCompiler.Compile("text.matches('^(a+)+(a|aa)+$')", schema);

        Assert.False(compiled.Expression!.Evaluate(values).Value.AsBool());
    }

    [Fact]
    public void A_long_regular_expression_is_refused()
    {
        Assert.Equal(
            "1:23: the regular expression has more than 1024 characters",
            Conditions.Error($"request.model.matches('{new string('a', 1025)}')").ToString());
    }

    [Fact]
    public void A_time_zone_is_no_path()
    {
        Assert.Contains("is no time zone", Conditions.Evaluate("time.getHours('../../../etc/passwd')").Error, StringComparison.Ordinal);
        Assert.Contains("is no time zone", Conditions.Evaluate("time.getHours('/etc/localtime')").Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_programs_own_data_may_be_nested_as_deep_as_it_likes()
    {
        var list = CelList.Of(CelValue.Null);
        for (var i = 0; i < 100_000; i++)
        {
            list = CelList.Of([CelValue.From(list)]);
        }

        var schema = new ExpressionSchema();
        var values = new Values();
        values.Set(schema.Declare("deep", CelType.Dyn), CelValue.From(list));

        var limits = new ExpressionLimits { MaxCost = long.MaxValue };
        foreach (var source in new[] { "deep == [deep][0]", "'%s'.format([deep])", "{1: deep} == {1: deep}" })
        {
            var expression = ExpressionCompiler.Compile(source, schema, limits).Expression!;

            var result = OnSmallStack(() => expression.Evaluate(values));

            Assert.True(result.IsError || !result.Value.Equals(CelValue.From(true)));
        }
    }

    private static string Repeat(string open, string middle, string close) => Many(open) + middle + Many(close);

    private static string Many(string text, int count = 5000) => new StringBuilder(text.Length * count).Insert(0, text, count).ToString();

    private static T OnSmallStack<T>(Func<T> action)
    {
        T? result = default;
        Exception? failure = null;
        var thread = new Thread(
            () =>
            {
                try
                {
                    result = action();
                }
                catch (Exception exception)
                {
                    failure = exception;
                }
            },
            SmallStack);
        thread.Start();
        thread.Join();
        return failure is null ? result! : throw new InvalidOperationException(failure.Message, failure);
    }
}
