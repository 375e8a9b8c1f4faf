using FsCheck.Fluent;
using Gatehouse.Protocols.Tests.Generators;

namespace Gatehouse.Expressions.Tests;

/// <summary>Values and schemas as the program makes them.</summary>
public sealed class ValueTests
{
    [Fact]
    public void What_goes_in_comes_out()
    {
        var time = new DateTimeOffset(2026, 3, 1, 12, 30, 15, 250, TimeSpan.FromHours(2));

        Assert.True(CelValue.From(true).AsBool());
        Assert.Equal(-7, CelValue.From(-7L).AsInt());
        Assert.Equal(ulong.MaxValue, CelValue.From(ulong.MaxValue).AsUInt());
        Assert.Equal(1.5, CelValue.From(1.5).AsDouble());
        Assert.Equal("text", CelValue.From("text").AsString());
        Assert.Equal([1, 2], CelValue.From(new byte[] { 1, 2 }).AsBytes().ToArray());
        Assert.Equal(time, CelValue.From(time).AsTimestamp());
        Assert.Equal(DateTimeOffset.MinValue, CelValue.From(DateTimeOffset.MinValue).AsTimestamp());
        Assert.Equal(DateTimeOffset.MaxValue, CelValue.From(DateTimeOffset.MaxValue).AsTimestamp());
        Assert.Equal(TimeSpan.FromSeconds(-1.5), CelValue.From(TimeSpan.FromSeconds(-1.5)).AsDuration());
        Assert.Equal(long.MaxValue / 100, CelValue.From(TimeSpan.MaxValue).AsDuration().Ticks);
        Assert.Equal(CelKind.Null, CelValue.FromNullable(null).Kind);
        Assert.Equal("The value is int, not string.", Assert.Throws<InvalidOperationException>(() => CelValue.From(1L).AsString()).Message);
    }

    [Theory]
    [InlineData(1.0, "1")]
    [InlineData(-0.0, "-0")]
    [InlineData(0.0001, "0.0001")]
    [InlineData(0.00001, "1e-05")]
    [InlineData(123456789012345680000.0, "123456789012345680000")]
    [InlineData(1e21, "1e+21")]
    [InlineData(-1.7976931348623157e308, "-1.7976931348623157e+308")]
    [InlineData(5e-324, "5e-324")]
    [InlineData(100.5, "100.5")]
    public void A_double_is_written_as_the_shortest_text_that_reads_back(double number, string text)
    {
        Assert.Equal(text, NumberText.Double(number));
    }

    [Fact]
    public void Any_double_reads_back()
    {
        Properties.Hold(
            from high in Gen.Choose(int.MinValue, int.MaxValue) from low in Gen.Choose(int.MinValue, int.MaxValue) select BitConverter.Int64BitsToDouble(((long)high << 32) | (uint)low),
            number => Assert.True(NumberText.TryParseDouble(NumberText.Double(number), out var again) && again.Equals(number), $"{number}"),
            count: 5000);
    }

    [Fact]
    public void Equal_numbers_of_different_types_are_one_key()
    {
        var map = CelMap.Of([KeyValuePair.Create(CelValue.From(2L), CelValue.From("two"))]);

        Assert.True(map.TryGetValue(CelValue.From(2UL), out _));
        Assert.True(map.TryGetValue(CelValue.From(2.0), out _));
        Assert.False(map.TryGetValue(CelValue.From(2.5), out _));
        Assert.False(map.TryGetValue(CelValue.From("2"), out _));
    }

    [Fact]
    public void A_program_shows_its_own_data_without_copying_it()
    {
        var schema = new ExpressionSchema();
        var values = new Values();
        values.Set(schema.Declare("squares", CelType.ListOf(CelType.Int)), CelValue.From(new Squares()));

        var compiled = ExpressionCompiler.CompileCondition("squares[900] == 810000 && squares.exists(s, s == 49) && size(squares) == 1000", schema);

        Assert.True(compiled.Expression!.Evaluate(values).Value.AsBool());
    }

    [Theory]
    [InlineData("")]
    [InlineData("a..b")]
    [InlineData("1a")]
    [InlineData("a-b")]
    [InlineData("request.model")]
    public void A_variable_has_a_name_of_its_own(string name)
    {
        var schema = new ExpressionSchema();
        schema.Declare("request.model", CelType.String);

        Assert.Throws<ArgumentException>(() => schema.Declare(name, CelType.String));
    }

    [Fact]
    public void A_schema_tells_its_variables()
    {
        var model = Conditions.Schema.Variables[0];

        Assert.Equal(new ExpressionVariable(0, "request.model", CelType.String, "the model that is asked for"), model);
        Assert.Equal("map(string, list(int))", CelType.MapOf(CelType.String, CelType.ListOf(CelType.Int)).ToString());
    }

    private sealed class Squares : CelList
    {
        public override int Count => 1000;

        public override CelValue this[int index] => CelValue.From((long)index * index);
    }
}
