using Gatehouse.Configuration.Binding;
using Gatehouse.Routing.Parameters;

namespace Gatehouse.Tests.Routing.Parameters;

/// <summary>From YAML to JSON values, and the mistakes that are told.</summary>
public sealed class ParameterOptionsTests
{
    private readonly ConfigurationErrors _errors = new("gatehouse.yaml");

    [Theory]
    [InlineData("0.10", "0.10")]
    [InlineData("-1", "-1")]
    [InlineData("+7", "7")]
    [InlineData("007", "7")]
    [InlineData(".5", "0.5")]
    [InlineData("5.", "5")]
    [InlineData("-.5e-3", "-0.5e-3")]
    [InlineData("123456789012345678901234567890", "123456789012345678901234567890")]
    [InlineData("0x1F", "31")]
    [InlineData("0o17", "15")]
    [InlineData("true", "true")]
    [InlineData("FALSE", "false")]
    [InlineData("yes", "\"yes\"")]
    [InlineData("null", "null")]
    [InlineData("~", "null")]
    [InlineData("", "null")]
    [InlineData("text", "\"text\"")]
    [InlineData("1.2.3", "\"1.2.3\"")]
    [InlineData("1e", "\"1e\"")]
    [InlineData("\"1\"", "\"1\"")]
    [InlineData("'true'", "\"true\"")]
    [InlineData("!!str 1", "\"1\"")]
    [InlineData("[1, a, {b: [~]}]", "[1,\"a\",{\"b\":[null]}]")]
    [InlineData("{type: json_object, strict: true}", "{\"type\":\"json_object\",\"strict\":true}")]
    [InlineData("[]", "[]")]
    [InlineData("é\"", "\"é\\\"\"")]
    [InlineData("${NUMBER}", "0.25")]
    [InlineData("\"${NUMBER}\"", "\"0.25\"")]
    [InlineData("a-${NUMBER}", "\"a-0.25\"")]
    public void Values_mean_what_the_core_schema_of_yaml_says(string written, string json)
    {
        var options = Bind($"overrides:\n  a: {written}\n");

        Assert.Empty(_errors.Messages);
        Assert.Equal(json, options.Overrides["a"].GetRawText());
    }

    [Theory]
    [InlineData("overrides: { a: .inf }", "'.inf' cannot be said in JSON (overrides.a, gatehouse.yaml:1)")]
    [InlineData("overrides: { a: [1, -.INF] }", "(overrides.a[1], gatehouse.yaml:1)")]
    [InlineData("overrides: { a: { ? [x] : 1 } }", "has a key that is no text")]
    [InlineData("overrides: { a: \"${ABSENT}\" }", "environment variable ABSENT is not set")]
    [InlineData("overrides: 5", "must be a mapping")]
    [InlineData("drop: seed", "must be a list")]
    public void What_is_no_value_is_a_mistake(string yaml, string message)
    {
        _ = Bind(yaml);

        Assert.Contains(message, Assert.Single(_errors.Messages), StringComparison.Ordinal);
    }

    [Fact]
    public void Anchors_that_multiply_are_told_and_not_followed()
    {
        var yaml = "defaults:\n  a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + string.Concat(Enumerable.Range(1, 9).Select(i =>
            $"  a{i}: &a{i} [{string.Join(", ", Enumerable.Repeat($"*a{i - 1}", 10))}]\n"));

        _ = Bind(yaml);

        Assert.Contains("is longer than 1MiB", _errors.Messages[0], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("overrides: { model: x }", "'model' is decided by the gateway and cannot be changed (p.overrides.model")]
    [InlineData("defaults: { stream: true }", "'stream' is decided by the gateway")]
    [InlineData("drop: [stream_options.include_usage]", "'stream_options' is decided by the gateway")]
    [InlineData("drop: [\"a b\"]", "'a b' is not a name such as temperature or generationConfig.temperature")]
    [InlineData("drop: [\"tools[*].strict\"]", "'tools[*].strict' is not a name")]
    [InlineData("overrides: { a..b: 1 }", "'a..b' is not a name")]
    [InlineData("overrides: { a.b.c.d.e.f.g.h.i: 1 }", "leads more than 8 levels deep")]
    [InlineData("overrides: { a: 1 }, defaults: { a: 2 }", "overlaps p.defaults.a")]
    [InlineData("overrides: { a: 1 }, drop: [a.b]", "overlaps p.overrides.a")]
    [InlineData("defaults: { a.b: 1, a: {} }", "overlaps p.defaults.a.b")]
    public void Changes_that_cannot_be_made_are_mistakes(string yaml, string message)
    {
        Assert.Null(ParameterCompiler.Compile(Bind($"{{ {yaml} }}"), isGemini: false, "p", _errors));

        Assert.Contains(message, Assert.Single(_errors.Messages), StringComparison.Ordinal);
    }

    [Fact]
    public void Names_that_begin_alike_do_not_overlap()
    {
        Assert.NotNull(ParameterCompiler.Compile(Bind("overrides: { top_k: 1, top_k2: 2, a.b: 3, a.bc: 4 }"), isGemini: false, "p", _errors));

        Assert.Empty(_errors.Messages);
    }

    private ParameterOptions Bind(string yaml) => new YamlBinder(_errors, name => name == "NUMBER" ? "0.25" : null, _ => "").Bind<ParameterOptions>(yaml);
}
