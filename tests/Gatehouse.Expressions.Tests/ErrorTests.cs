namespace Gatehouse.Expressions.Tests;

/// <summary>What a person reads who wrote an expression that is wrong.</summary>
public sealed class ErrorTests
{
    [Theory]
    [InlineData("", "1:1: the expression is empty")]
    [InlineData("request.model = 'x'", "1:15: '=' is no operator; write '==' to compare")]
    [InlineData("request.stream & true", "1:16: '&' is no operator; write '&&'")]
    [InlineData("request.stream | true", "1:16: '|' is no operator; write '||'")]
    [InlineData("1 + ", "1:5: the end of the expression stands where a value is expected")]
    [InlineData("(1", "1:3: the end of the expression stands where ')' is expected")]
    [InlineData("1 2", "1:3: '2' stands where an operator or the end of the expression is expected")]
    [InlineData("'abc", "1:1: the string that starts here has no closing '")]
    [InlineData("'a\\qb'", "1:3: there is no escape \\q; write \\\\ for a backslash, or r\"...\" for a string without escapes")]
    [InlineData("'\\ud800'", "1:2: the escape is no Unicode code point")]
    [InlineData("9223372036854775808", "1:1: the number 9223372036854775808 is no int of 64 bits; an uint is written 9223372036854775808u")]
    [InlineData("99999999999999999999u", "1:1: the number 99999999999999999999 does not fit 64 bits")]
    [InlineData("1e999", "1:1: the number 1e999 is too large for a double")]
    [InlineData("for", "1:1: 'for' is a reserved word and no name")]
    [InlineData("Foo{}", "1:4: messages cannot be made here; a map is written {\"key\": value}")]
    [InlineData("has(request.model == 'x')", "1:19: has() takes the selection of a field, such as has(request.labels.team)")]
    [InlineData("request.tools.all(a.b, true)", "1:20: a simple name is expected here, that of the variable")]
    [InlineData("#", "1:1: the character '#' has no meaning here")]
    public void A_syntax_error_has_its_place_and_says_what_to_do(string source, string expected)
    {
        Assert.Equal(expected, Conditions.Error(source).ToString());
    }

    [Theory]
    [InlineData("request.modle == 'x'", "1:1: there is no variable 'request.modle'; did you mean 'request.model'?")]
    [InlineData("request['model'] == 'x'", "1:1: there is no variable 'request'; there are request.model, request.path, request.size")]
    [InlineData("nothing_like_it", "1:1: there is no variable 'nothing_like_it'")]
    [InlineData("size == 3", "1:1: there is no variable 'size'; it is a function, write size(...)")]
    [InlineData("matches", "1:1: there is no variable 'matches'; it is a function, write matches(...)")]
    [InlineData("request.model.startWith('x')", "1:15: there is no function 'startWith'; did you mean 'startsWith'?")]
    [InlineData("math.seil(1.0)", "1:6: there is no function 'math.seil'; did you mean 'math.ceil'?")]
    [InlineData("request.model.startsWith(3)", "1:15: string.startsWith(int) does not fit startsWith; it is string.startsWith(string)")]
    [InlineData("startsWith(request.model, 'x')", "1:1: 'startsWith' is written string.startsWith(string)")]
    [InlineData("request.size == '3'", "1:14: '==' does not take int and string")]
    [InlineData("request.size == 3.0", "1:14: '==' does not take int and double; convert one of them, such as double(...)")]
    [InlineData("request.size && true", "1:1: a side of && is true or false, not int")]
    [InlineData("request.model.name", "1:14: string has no field 'name': fields are those of maps")]
    [InlineData("request.size.all(x, true)", "1:14: a macro goes through a list or a map, not int")]
    [InlineData("request.tools.filter(x, size(x))", "1:25: the condition of the macro is true or false, not int")]
    [InlineData("request.model.matches('[')", "1:23: the regular expression is not in RE2's syntax: a '[' is not closed")]
    [InlineData("request.model.matches('(?=x)')", "1:23: the regular expression is not in RE2's syntax: it has no look-around, atomic or conditional groups")]
    [InlineData("{1.5: 2}", "1:2: a key of a map is a string, int, uint or bool, not double")]
    [InlineData("request.stream ? 1 : 'x'", "1:16: '? :' does not take bool, int, string")]
    public void A_type_error_has_its_place_and_says_what_to_do(string source, string expected)
    {
        Assert.Equal(expected, Conditions.Error(source).ToString());
    }

    [Fact]
    public void The_place_is_line_and_column_in_code_points()
    {
        var error = Conditions.Error("request.stream\n  && '🐱🐱' == wrong");

        Assert.Equal((2, 14), (error.Line, error.Column));
    }

    [Fact]
    public void All_type_errors_are_told_at_once()
    {
        var compiled = ExpressionCompiler.Compile("first == 1 && second == 2", Conditions.Schema);

        Assert.Equal("1:1: there is no variable 'first'; 1:15: there is no variable 'second'", string.Join("; ", compiled.Errors));
    }

    [Theory]
    [InlineData("request.size", "1:1: a condition is true or false, not int; compare it with something")]
    [InlineData("request.size + 1", "1:14: a condition is true or false, not int; compare it with something")]
    public void A_condition_must_be_true_or_false(string source, string expected)
    {
        var compiled = ExpressionCompiler.CompileCondition(source, Conditions.Schema);

        Assert.Equal(expected, Assert.Single(compiled.Errors).ToString());
    }

    [Theory]
    [InlineData("request.size > 1")]
    [InlineData("body.ok")]
    public void A_condition_may_be_known_at_evaluation_only(string source)
    {
        Assert.True(ExpressionCompiler.CompileCondition(source, Conditions.Schema).Succeeded);
    }

    [Theory]
    [InlineData("principal.labels.cost", "1:17: no such key: \"cost\"")]
    [InlineData("1 / (request.size - 20000)", "1:3: division by zero")]
    [InlineData("body.n.m", "1:7: no such field: int does not support field selection")]
    [InlineData("body.n + 'x'", "1:8: no such overload: int + string")]
    [InlineData("request.tools[2]", "1:14: index 2 is not in the list of 2 elements")]
    [InlineData("size(body.n)", "1:1: no such overload: size of int")]
    [InlineData("'a'.matches(request.model + '(')", "1:5: the regular expression cannot be used: Invalid pattern 'gpt-5(' at offset 6. Not enough )'s.")]
    public void An_evaluation_error_is_a_value_with_its_place(string source, string expected)
    {
        var result = Conditions.Evaluate(source);

        Assert.True(result.IsError);
        Assert.Equal(expected, result.Error);
    }

    [Fact]
    public void A_message_does_not_repeat_a_long_text()
    {
        var error = Conditions.Evaluate($"int({string.Join(" + ", Enumerable.Repeat("request.path", 90))})").Error!;

        Assert.StartsWith("1:1: \"/v1/chat/completions/v1/chat", error, StringComparison.Ordinal);
        Assert.EndsWith("…\" is no int (type conversion error)", error, StringComparison.Ordinal);
        Assert.InRange(error.Length, 1000, 1100);
    }

    [Fact]
    public void A_condition_that_gives_no_bool_is_an_error()
    {
        var isThere = Conditions.Compile("body.n").TryEvaluate(Conditions.Request(), out var value, out var error);

        Assert.False(isThere);
        Assert.False(value);
        Assert.Equal("1:5: no such overload: int where bool is expected", error);
    }

    [Fact]
    public void A_program_that_does_not_keep_to_its_schema_gets_an_error_and_no_crash()
    {
        var values = new Values();

        Assert.Equal(
            "1:1: no such overload: null_type where string is expected",
            Conditions.Compile("request.model == 'x'").Evaluate(values).Error);
    }
}
