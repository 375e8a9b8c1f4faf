using System.Text.Json.Nodes;
using Gatehouse.Tests.Compatibility.Clients;
using Gatehouse.Tests.Compatibility.Providers;

namespace Gatehouse.Tests.Compatibility;

/// <summary>
/// Every feature through every pair of dialects, end to end: a request as a client of one dialect writes it must reach a provider of the
/// other as that provider wants it, and the provider's answer must reach the client in the client's own form.
/// </summary>
public sealed class PairTests(CompatibilityHost host) : IClassFixture<CompatibilityHost>
{
    public static TheoryData<string, string, string, bool> Cells
    {
        get
        {
            var cells = new TheoryData<string, string, string, bool>();
            foreach (var client in Client.All)
            {
                foreach (var provider in Provider.All)
                {
                    foreach (var feature in Enum.GetValues<Feature>())
                    {
                        foreach (var stream in Modes(feature))
                        {
                            cells.Add(client.Name, provider.Name, feature.ToString(), stream);
                        }
                    }
                }
            }

            return cells;
        }
    }

    [Theory]
    [MemberData(nameof(Cells))]
    public async Task Every_feature_comes_through(string clientName, string providerName, string featureName, bool stream)
    {
        var client = Client.All.Single(c => c.Name == clientName);
        var provider = Provider.All.Single(p => p.Name == providerName);
        var feature = Enum.Parse<Feature>(featureName);
        var expectation = Expectation.Of(client, provider, feature);
        if (expectation.Result == Result.Absent)
        {
            return;
        }

        var request = client.Request(feature, CompatibilityHost.ModelOf(provider), stream);
        switch (feature)
        {
            case Feature.Error:
                await ErrorAsync(client, provider, request, stream);
                return;
            case Feature.MidStreamError:
                await MidStreamErrorAsync(client, provider, request);
                return;
        }

        var answer = Answer.To(feature, turn: 1);
        var reply = await host.SendAsync(client, provider, request, stream, CompatibilityHost.Answering(provider, answer, stream));
        if (expectation.Result == Result.Refused)
        {
            CheckRefusal(client, expectation, reply);
            return;
        }

        if (feature != Feature.ServerTool)
        {
            CheckPrompt(client, feature, provider.ReadRequest(reply.Upstream!), stream);
        }

        var seen = reply.ReadWith(client, stream);
        CheckAnswer(provider, answer, seen);
        if (feature == Feature.ReasoningRoundTrip)
        {
            Assert.Equal(expectation.Names.Where(name => name != "reasoning").Order(StringComparer.Ordinal), NamesIn(reply.Dropped), StringComparer.Ordinal);
            await SecondTurnAsync(client, provider, expectation, request, seen, stream);
            return;
        }

        Assert.Equal(expectation.Names.Order(StringComparer.Ordinal), NamesIn(reply.Dropped), StringComparer.Ordinal);
    }

    private static IEnumerable<string> NamesIn(string header) => header.Split(", ", StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal);

    private static IEnumerable<bool> Modes(Feature feature) => feature switch
    {
        Feature.Text => [false],
        Feature.Stream or Feature.MidStreamError => [true],
        _ => [false, true],
    };

    private static void CheckRefusal(Client client, Expectation expectation, Reply reply)
    {
        Assert.Equal(422, reply.Status);
        Assert.Null(reply.Upstream);
        Assert.Contains(Assert.Single(expectation.Names), client.ReadError(422, reply.Json).Message, StringComparison.Ordinal);
    }

    private static void CheckPrompt(Client client, Feature feature, SeenPrompt prompt, bool stream)
    {
        const string png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
        string[] lines = feature switch
        {
            Feature.Tools or Feature.ParallelTools or Feature.ZeroArgumentTool or Feature.ReasoningRoundTrip => ["user: What is the weather in Paris?"],
            Feature.ToolResults =>
            [
                "user: Weather and time in Paris?", "assistant: #1 get_weather {\"city\":\"Paris\"}", "assistant: #2 get_time {}",
                "user: result #1 18 degrees", "user: result #2 noon", "user: Thank you. And tomorrow?",
            ],
            Feature.Images => ["user: What is this?", $"user: image image/png {png}"],
            Feature.SystemTurns when client.HasLaterSystemTurns => ["user: Hello", "assistant: Hi.", "system: Answer in French.", "user: Who are you?"],
            Feature.SystemTurns => ["user: Hello", "assistant: Hi.", "user: Who are you?"],
            Feature.StructuredOutput => ["user: The weather in Paris"],
            _ => ["user: Hello"],
        };
        var hasTools = feature is Feature.Tools or Feature.ParallelTools or Feature.ZeroArgumentTool or Feature.ReasoningRoundTrip or Feature.ToolResults;
        Assert.Equal(lines, prompt.Lines, StringComparer.Ordinal);
        Assert.Equal(feature == Feature.SystemTurns ? ["Be brief."] : [], prompt.System);
        Assert.Equal(hasTools ? ["get_weather(city)", "get_time()"] : [], prompt.Tools);
        Assert.Equal(feature == Feature.ReasoningRoundTrip ? 8192 : 64, prompt.MaxTokens);
        Assert.Equal(stream, prompt.IsStream);
        Assert.Equal(feature == Feature.StructuredOutput, prompt.Schema is not null);
        if (prompt.Schema is { } schema)
        {
            Assert.Equal(["city", "celsius"], schema["properties"]!.AsObject().Select(property => property.Key), StringComparer.Ordinal);
            Assert.Equal("integer", schema["properties"]!["celsius"]!["type"].Text(), ignoreCase: true);
            Assert.Equal(["city", "celsius"], schema["required"].Items().Select(name => name.Text()), StringComparer.Ordinal);
        }
    }

    private static void CheckAnswer(Provider provider, Answer answer, SeenAnswer seen)
    {
        Assert.Null(seen.Failure);
        Assert.Equal(answer.Ending, seen.Ending);
        Assert.Equal(answer.Ending == Ending.Refused && !provider.RefusesWithText ? "" : answer.Text ?? "", seen.Text);
        Assert.Equal(answer.Thought ?? "", seen.Thought);
        Assert.Equal(answer.Calls.Select(call => (call.Name, Shape.Normal(call.Arguments))), seen.Calls.Select(call => (call.Name, Shape.Normal(call.Arguments))));
        var ids = seen.Calls.Select(call => call.Id).OfType<string>().ToList();
        Assert.True(ids.Count == 0 || ids.Count == seen.Calls.Count, "every call has an id, or none");
        Assert.Distinct(ids, StringComparer.Ordinal);
        if (answer.Ending != Ending.Refused || provider.RefusesWithText)
        {
            Assert.Equal(provider.Tokens, seen.Tokens);
        }
    }

    private async Task ErrorAsync(Client client, Provider provider, string request, bool stream)
    {
        const string message = "max_tokens: 5 is \"too\" big";
        var reply = await host.SendAsync(client, provider, request, stream, connection =>
            connection.RespondAsync(400, "application/json", provider.Error(400, message), [.. provider.ErrorHeaders(400)]));

        Assert.Equal((400, "application/json"), (reply.Status, reply.ContentType));
        var error = ReadError(client, provider, reply);
        Assert.Equal((400, message), (error.Status, error.Message));
    }

    private async Task MidStreamErrorAsync(Client client, Provider provider, string request)
    {
        const string message = "the model is \"on fire\"";
        var reply = await host.SendAsync(client, provider, request, stream: true, connection =>
            CompatibilityHost.StreamAsync(connection, provider, provider.FailingFrames(message)));

        var seen = reply.ReadWith(client, stream: true);
        Assert.Equal(Shape.Pieces(Answer.Hello.Text!)[0], seen.Text);
        Assert.Null(seen.Ending);
        Assert.Equal(message, seen.Failure);
    }

    private async Task SecondTurnAsync(Client client, Provider provider, Expectation expectation, string request, SeenAnswer first, bool stream)
    {
        var followUp = client.FollowUp(request, first, "18 degrees");
        var reply = await host.SendAsync(client, provider, followUp, stream, CompatibilityHost.Answering(provider, Answer.Hello, stream));

        Assert.True(reply.Upstream is not null, $"{reply.Status} {reply.Text} for {followUp}");
        if (client.Name == provider.Same)
        {
            // The client's bytes, as they are.
            Assert.Equal(200, reply.Status);
            return;
        }

        var prompt = provider.ReadRequest(reply.Upstream);
        Assert.Equal(["user: What is the weather in Paris?", "assistant: #1 get_weather {\"city\":\"Paris\"}", "user: result #1 18 degrees"], prompt.Lines);
        if (provider.CallId(0) is { } id)
        {
            Assert.Equal([id], prompt.CallIds);
        }

        Assert.Equal(provider.SealsThoughts ? [Provider.Seal] : [], prompt.Seals);
        if (provider.TakesThoughts && provider is not GeminiProvider)
        {
            Assert.Equal(["I should look it up."], prompt.Thoughts);
        }

        Assert.Equal(expectation.Names.Order(StringComparer.Ordinal), NamesIn(reply.Dropped), StringComparer.Ordinal);
        Assert.Equal(Answer.Hello.Text, reply.ReadWith(client, stream).Text);
    }

    private static SeenError ReadError(Client client, Provider provider, Reply reply) =>
        client.Name == provider.Same ? new SeenError(reply.Status, "", MessageOf(reply.Json)) : client.ReadError(reply.Status, reply.Json);

    private static string MessageOf(JsonNode envelope) => (envelope["error"]?["message"] ?? envelope["message"]).Text();
}
