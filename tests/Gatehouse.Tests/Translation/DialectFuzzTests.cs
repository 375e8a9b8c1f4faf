using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Gatehouse.Tests.Harness;
using Microsoft.Extensions.Logging;

namespace Gatehouse.Tests.Translation;

/// <summary>Recorded requests of every dialect with values changed, to providers of every dialect: an answer or a refusal, never a failure of the gateway.</summary>
public sealed class DialectFuzzTests
{
    private const int Rounds = 250;
    private const int MaxLength = 32 * 1024;

    private static readonly string[] Targets =
        ["chat/m", "openai/gpt-5", "claude/m", "claude/claude-opus-4-7", "gemini/gemini-3-pro", "vertex/gemini-m", "vertex/claude-m", "bedrock/m", "cohere/m", "ollama/m", "mistral/m"];

    private static readonly string[] Oddities =
    [
        "null", "true", "0", "-1", "1e400", "99999999999999999999999", "\"\"", "\"x\"", "\"HALF-A-PAIR\"", "[]", "{}", "[null]", "[[]]", "[{}]", "{\"type\":7}", "{\"type\":\"unknown\"}",
        "[{\"type\":\"text\"}]", "[{\"text\":{}}]", "\"data:image/png;base64,!!\"", "\"gatehouse.gemini.\"", "[\"a\",1,{}]",
    ];

    private static readonly Lazy<Dictionary<string, List<byte[]>>> Recorded = new(Read);

    [Theory]
    [MemberData(nameof(Caller.All), MemberType = typeof(Caller))]
    public async Task No_mutation_of_a_recorded_request_makes_the_gateway_fail(string client)
    {
        var requests = Recorded.Value[client];
        await using var mock = new ProviderMock();
        await using var gateway = await GatewayHost.StartAsync(mock.Providers);
        var caller = new Caller(client);
        var random = new Random(client.Length);
        var answered = 0;
        for (var i = 0; i < Rounds; i++)
        {
            var target = Targets[random.Next(Targets.Length)];
            var body = Mutate(JsonNode.Parse(requests[random.Next(requests.Count)])!.AsObject(), random);
            if (!caller.IsGemini)
            {
                body["model"] = target;
            }

            var isStream = body["stream"]?.ToJsonString() == "true";
            // The test's own JSON library would not write it.
            var sent = body.ToJsonString().Replace("HALF-A-PAIR", "\\ud800", StringComparison.Ordinal);
            using var response = await caller.SendAsync(gateway, caller.PathFor(target, isStream), sent);

            var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
            var isExpected = response.StatusCode is HttpStatusCode.OK or HttpStatusCode.BadRequest or HttpStatusCode.UnprocessableEntity
                // An object that it names (a file, a conversation) is not the caller's.
                || (response.StatusCode == HttpStatusCode.NotFound && text.Contains("There is no object", StringComparison.Ordinal));
            Assert.True(isExpected, string.Create(CultureInfo.InvariantCulture, $"{(int)response.StatusCode} from {target}: {text}\n{sent}"));
            if (response.StatusCode != HttpStatusCode.OK)
            {
                Assert.NotEmpty(JsonNode.Parse(text)!["error"]!["message"]!.GetValue<string>());
            }

            answered += response.IsSuccessStatusCode ? 1 : 0;
        }

        Assert.InRange(answered, Rounds / 10, Rounds - 1);
        Assert.DoesNotContain(gateway.Logs.Entries, entry => entry.Level >= LogLevel.Error);
        var rows = await gateway.ExchangesAsync("limit=500");
        Assert.Equal(Rounds, rows.Length);
        Assert.Equal(answered, rows.Count(row => row.Outcome() == "completed"));
        Assert.Equal(0, await gateway.InFlightAsync());
    }

    /// <summary>Puts something else in one to three places.</summary>
    private static JsonObject Mutate(JsonObject body, Random random)
    {
        for (var changes = random.Next(1, 4); changes > 0; changes--)
        {
            JsonNode at = body;
            while (true)
            {
                var children = at switch
                {
                    JsonObject map => map.Where(pair => pair.Value is not null).Select(pair => pair.Value!).ToList(),
                    JsonArray list => list.Where(item => item is not null).Select(item => item!).ToList(),
                    _ => [],
                };
                if (children.Count == 0 || (at != body && random.Next(3) == 0))
                {
                    break;
                }

                at = children[random.Next(children.Count)];
            }

            if (at != body)
            {
                at.ReplaceWith(JsonNode.Parse(Oddities[random.Next(Oddities.Length)]));
            }
        }

        return body;
    }

    private static Dictionary<string, List<byte[]>> Read()
    {
        var files = SharedData.Read("wire.tar.gz");
        var requests = Caller.Names.ToDictionary(name => name, _ => new List<byte[]>(), StringComparer.Ordinal);
        foreach (var entry in JsonNode.Parse(files["wire/index.json"])!["entries"]!.AsArray())
        {
            var path = ((string?)entry!["url"] ?? "").Split('?')[0];
            var client = path switch
            {
                _ when path.EndsWith("/chat/completions", StringComparison.Ordinal) => "chat",
                _ when path.EndsWith("/responses", StringComparison.Ordinal) => "responses",
                _ when path.EndsWith("/messages", StringComparison.Ordinal) => "anthropic",
                _ when path.Contains("enerateContent", StringComparison.Ordinal) => "gemini",
                _ => null,
            };
            if (client is not null && (string?)entry["request"] is { } name && files[$"wire/{name}"] is { Length: < MaxLength } body && body.AsSpan().TrimStart(" \r\n\t"u8) is [(byte)'{', ..])
            {
                requests[client].Add(body);
            }
        }

        return requests;
    }
}
