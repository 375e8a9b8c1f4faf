namespace Gatehouse.Expressions.Tests;

/// <summary>What the corpus does not cover, or covers with protobuf only.</summary>
public sealed class EvaluationTests
{
    [Theory]
    [InlineData("request.model == 'gpt-5' && principal.labels.team == 'research'")]
    [InlineData("principal.labels['team'] in ['research', 'sales']")]
    [InlineData("request.model in ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'gpt-5']")]
    [InlineData("!('x' in principal.labels) && 'team' in principal.labels")]
    [InlineData("has(principal.labels.team) && !has(principal.labels.cost)")]
    [InlineData("request.headers.?x.orValue('none') == 'none'")]
    [InlineData("request.headers[?'x-region'].orValue('none') == 'eu'")]
    [InlineData("request.tools.exists(t, t.startsWith('se'))")]
    [InlineData("request.tools.map(t, t.upperAscii()) == ['SEARCH', 'FETCH']")]
    [InlineData("principal.labels.exists(k, v, k == 'tier' && v == 'gold')")]
    [InlineData("principal.labels.transformMapEntry(k, v, {v: k}) == {'research': 'team', 'gold': 'tier'}")]
    [InlineData("has(request.model) && !has(request.user)")]
    [InlineData("time > timestamp('2026-02-28T00:00:00Z') && time - timestamp('2026-03-01T00:00:00Z') < duration('13h')")]
    [InlineData("time.getHours('Europe/Berlin') == 13 && time.getHours() == 12")]
    [InlineData("request.size > 19999.5 && request.size < 20001u")]
    [InlineData("math.sqrt(16) == 4.0")]
    [InlineData("'été🐱'.reverse() == '🐱été' && '🐱x'.indexOf('x') == 1 && '🐱x'.charAt(0) == '🐱' && '🐱xy'.substring(1, 2) == 'x'")]
    [InlineData("'a🐱b'.size() == 3 && 'a🐱b'.split('') == ['a', '🐱', 'b'] && 'abc'.split('', 2) == ['a', 'bc']")]
    [InlineData("'abc'.replace('', '-') == '-a-b-c-' && 'abc'.replace('', '-', 2) == '-a-bc' && 'a.b.c'.split('.', 2) == ['a', 'b.c']")]
    [InlineData("'%d|%x|%o|%b'.format([-255, -255, -8, -5]) == '-255|-ff|-10|-101'")]
    [InlineData("string(1e21) == '1e+21' && string(1e20) == '100000000000000000000' && string(0.00001) == '1e-05' && string(0.1 + 0.2) == '0.30000000000000004'")]
    [InlineData("duration('1h30m') == duration('5400s') && duration('1.5s') == duration('1500ms') && string(duration('-1.5s')) == '-1.5s'")]
    [InlineData("timestamp('2026-01-01T01:00:00+01:00') == timestamp('2026-01-01T00:00:00Z')")]
    [InlineData("type(1) == int && type(time) == google.protobuf.Timestamp && type([]) == list && type(body) == map")]
    public void A_condition_holds(string source)
    {
        Assert.True(Conditions.IsTrue(source));
    }

    /// <summary>The corpus has these with protobuf messages in them.</summary>
    [Theory]
    [InlineData("[ 17 ] [ 0 ] == ( 18 - 1 ) && ! false ? true : false")]
    [InlineData("[\t17\t]\t[\t0\t]\t==\t(\t18\t-\t1\t)\t&&\t!\tfalse")]
    [InlineData("[\n17\r\n]\f[\r0\n]\n==\n(\n18\n-\n1\n)")]
    [InlineData("[ // @\n17 // ]\n] // @\n[0] == 17 // the end")]
    [InlineData("request . model == 'gpt-5'")]
    [InlineData(".request.model == 'gpt-5'")]
    public void Blanks_and_comments_mean_nothing(string source)
    {
        Assert.True(Conditions.IsTrue(source));
    }

    [Theory]
    [InlineData("principal.labels.cost == 'x' || request.model == 'gpt-5'", true)]
    [InlineData("request.model == 'gpt-5' || principal.labels.cost == 'x'", true)]
    [InlineData("principal.labels.cost == 'x' && request.model == 'other'", false)]
    [InlineData("request.model == 'other' && principal.labels.cost == 'x'", false)]
    [InlineData("request.stream ? principal.labels.cost == 'x' : true", true)]
    public void An_error_counts_only_where_its_value_is_needed(string source, bool expected)
    {
        Assert.True(Conditions.Compile(source).TryEvaluate(Conditions.Request(), out var value, out var error));
        Assert.Null(error);
        Assert.Equal(expected, value);
    }

    [Fact]
    public void Of_several_errors_the_first_is_told()
    {
        Assert.Equal("1:17: no such key: \"a\"", Conditions.Evaluate("principal.labels.a == 'x' || principal.labels.b == 'x'").Error);
    }

    [Fact]
    public void Variables_are_read_only_where_the_expression_goes()
    {
        var reads = new CountingVariables(Conditions.Request());
        var expression = Conditions.Compile("request.stream && request.model == 'x' && request.size > 1");

        Assert.False(expression.Evaluate(reads).Value.AsBool());
        Assert.Equal(1, reads.Count);
    }

    [Fact]
    public void The_longest_declared_name_is_the_variable_and_locals_hide_it()
    {
        var schema = new ExpressionSchema();
        var values = new Values();
        values.Set(schema.Declare("a", CelType.MapOf(CelType.String, CelType.String)), Map("b", "field"));
        values.Set(schema.Declare("a.b", CelType.String), CelValue.From("variable"));

        Assert.Equal("variable", Evaluate("a.b").AsString());
        Assert.Equal("field", Evaluate("a['b']").AsString());
        Assert.Equal("local", Evaluate("cel.bind(a, {'b': 'local'}, a.b)").AsString());
        Assert.Equal("variable", Evaluate("cel.bind(a, {'b': 'local'}, .a.b)").AsString());

        CelValue Evaluate(string source) => ExpressionCompiler.Compile(source, schema).Expression!.Evaluate(values).Value;
    }

    [Theory]
    [InlineData("a-b", "r'^\\w-\\w$'", true)]
    [InlineData("é", "r'^\\w$'", false)]
    [InlineData("٣", "r'\\d'", false)]
    [InlineData("x\n", "'x$'", false)]
    [InlineData("abc", "'(?P<first>a)b'", true)]
    [InlineData("ABC", "'(?i)abc'", true)]
    [InlineData("a.b", "r'\\Qa.b\\E'", true)]
    [InlineData("axb", "r'^\\Qa.b\\E$'", false)]
    [InlineData("Z", "'[[:upper:]]'", true)]
    [InlineData("]", "'[]x]'", true)]
    [InlineData("é", "r'\\pL'", true)]
    [InlineData("192.168.0.17", @"r'^(\d{1,3}\.){3}\d{1,3}$'", true)]
    [InlineData("a.example.com", @"r'^([a-z0-9-]+\.){1,10}[a-z]{2,63}$'", true)]
    [InlineData("x{a}", "'x{a}'", true)]
    [InlineData("gpt-5-mini", "'^gpt-[0-9]{1,3}(-(mini|nano))?$'", true)]
    public void Regular_expressions_are_those_of_re2(string text, string pattern, bool isMatch)
    {
        var schema = new ExpressionSchema();
        var values = new Values();
        values.Set(schema.Declare("text", CelType.String), CelValue.From(text));
        var literal = ExpressionCompiler.Compile($"text.matches({pattern})", schema).Expression!;
        var computed = ExpressionCompiler.Compile($"cel.bind(pattern, {pattern}, text.matches(pattern))", schema).Expression!;

        Assert.Equal(new EvaluationResult(CelValue.From(isMatch), null), literal.Evaluate(values));
        Assert.Equal(new EvaluationResult(CelValue.From(isMatch), null), computed.Evaluate(values));
    }

    [Fact]
    public async Task One_expression_serves_many_threads()
    {
        var expression = Conditions.Compile(
            "request.tools.map(t, t + body.name).exists(t, t == 'search' + body.name) && cel.bind(n, body.name, n + n).size() == 2 * size(body.name)");
        var slot = Conditions.Schema.Variables.Single(v => v.Name == "body").Slot;

        var results = await Task.WhenAll(Enumerable.Range(0, 8).Select(worker => Task.Run(() =>
        {
            var values = Conditions.Request();
            values.Set(slot, Map("name", new string('x', worker)));
            return Enumerable.Range(0, 2000).All(_ => expression.TryEvaluate(values, out var value, out var _) && value);
        })));

        Assert.All(results, Assert.True);
    }

    [Fact]
    public void An_evaluation_within_an_evaluation_does_not_disturb_it()
    {
        var inner = Conditions.Compile("request.tools.map(t, t + '!')[0] == 'search!'");
        var values = new NestedVariables(inner, Conditions.Request());

        Assert.True(Conditions.Compile("['a', 'b'].map(x, x + (request.stream ? '1' : '0')) == ['a1', 'b1']").Evaluate(values).Value.AsBool());
    }

    private static CelValue Map(string key, string value) =>
        CelValue.From(CelMap.Of([KeyValuePair.Create(CelValue.From(key), CelValue.From(value))]));

    private sealed class CountingVariables(IVariables variables) : IVariables
    {
        public int Count { get; private set; }

        public CelValue Read(int slot)
        {
            Count++;
            return variables.Read(slot);
        }
    }

    /// <summary>request.stream is what another expression gives.</summary>
    private sealed class NestedVariables(Expression inner, IVariables variables) : IVariables
    {
        private static readonly int Stream = Conditions.Schema.Variables.Single(v => v.Name == "request.stream").Slot;

        public CelValue Read(int slot) => slot == Stream ? inner.Evaluate(variables).Value : variables.Read(slot);
    }
}
