using Gatehouse.Pipeline;
using Gatehouse.Protocols.Chat;
using Gatehouse.Routing.Traits;
using Microsoft.AspNetCore.Http;
using TestContext = Gatehouse.Tests.Routing.Strategies.TestContext;

namespace Gatehouse.Tests.Routing.Traits;

/// <summary>What conditions of routes see of a request.</summary>
public sealed class RequestVariablesTests
{
    private const string Body = """
        {"model":"smart","stream":true,"max_tokens":50,"user":"u1","metadata":{"team":"ops"},"tools":[{"type":"function","function":{"name":"f"}}],
        "response_format":{"type":"json_schema"},"reasoning_effort":"low","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"u"}}]}]}
        """;

    [Theory]
    [InlineData("request.model == 'smart' && request.route == 'r' && request.operation == 'chat' && request.dialect == 'openai'")]
    [InlineData("request.stream && request.max_tokens == 50 && request.turns == 1 && request.tools == 1")]
    [InlineData("request.input_tokens > 1000 && request.body_bytes > 200")]
    [InlineData("request.has_images && !request.has_audio && !request.has_video && !request.has_documents")]
    [InlineData("request.structured_output && request.reasoning && request.user == 'u1'")]
    [InlineData("request.metadata.team == 'ops' && !has(request.metadata.other)")]
    [InlineData("headers['x-region'] == 'eu' && headers['x-list'] == 'a, b' && 'x-region' in headers")]
    [InlineData("!('authorization' in headers) && !('x-api-key' in headers) && !('X-Region' in headers) && size(headers) == 2")]
    [InlineData("headers.all(name, name.startsWith('x-'))")]
    [InlineData("principal.key == 'dev' && principal.id == 'key_1' && principal.labels.team == 'research'")]
    [InlineData("run == 'run_1' && now > timestamp('2026-01-01T00:00:00Z') && now.getDayOfWeek('UTC') == 6")]
    public void A_condition_holds(string source)
    {
        var (condition, errors) = RequestCondition.Compile(source);
        Assert.Empty(errors);
        Assert.Equal((true, null), condition!(Context(Body)));
    }

    [Fact]
    public void What_is_not_there_is_null_or_an_error()
    {
        Assert.Equal((false, null), RequestCondition.Compile("has(request.user) || has(request.max_tokens)").Condition!(Context("""{"messages":[]}""")));
        var (holds, error) = RequestCondition.Compile("headers['x-missing'] == 'a'").Condition!(Context("{}"));
        Assert.False(holds);
        Assert.Contains("x-missing", error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_mistake_is_told_when_it_is_compiled()
    {
        var (condition, errors) = RequestCondition.Compile("request.modle == 'a'");
        Assert.Null(condition);
        Assert.Contains("request.model", Assert.Single(errors).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Every_variable_can_be_read_of_every_request()
    {
        foreach (var body in new[] { "{}", "", Body })
        {
            var variables = Context(body).Variables;
            foreach (var variable in RequestVariables.Schema.Variables)
            {
                _ = variables.Read(variable.Slot);
                Assert.False(string.IsNullOrEmpty(variable.Description));
            }
        }
    }

    private static TestContext Context(string json)
    {
        var body = Bodies.Of(json);
        var traits = RequestTraits.Read(Operation.Chat, body);
        var facts = new RequestFacts
        {
            Model = "smart",
            Route = "r",
            Operation = "chat",
            Dialect = Dialect.OpenAiChat,
            KeyName = "dev",
            KeyId = "key_1",
            Labels = new Dictionary<string, string>(StringComparer.Ordinal) { ["team"] = "research" },
            Run = "run_1",
            StartedAt = new DateTimeOffset(2026, 11, 21, 12, 0, 0, TimeSpan.Zero),
            Headers = new HeaderDictionary
            {
                ["Authorization"] = "Bearer secret",
                ["X-Api-Key"] = "secret",
                ["X-Region"] = "eu",
                ["x-list"] = new(["a", "b"]),
            },
        };
        return new TestContext { Values = new RequestVariables(facts, () => traits, () => traits.Metadata(body)) };
    }
}
