using System.Text;
using System.Text.Json;
using Gatehouse.Catalog;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests.Catalog;

/// <summary>
/// The oracle's cases through the whole gateway: a provider tells the recorded usage, word for word, in an answer and at the end of a stream; what
/// stands in the ledger and was taken from the budget is the price that somebody else computed.
/// </summary>
public sealed class PriceOracleExchangeTests(ITestOutputHelper output)
{
    private const decimal NanoUsd = 1_000_000_000;
    private const int AtOnce = 32;

    /// <summary>The form that an answer has and the caller speaks; <see cref="Embeddings"/> has no stream.</summary>
    private enum Form
    {
        Chat,
        Responses,
        Embeddings,
        Anthropic,
        Gemini,
    }

    /// <param name="IsLent">
    /// The kind of provider does not speak the form, or asks for credentials that only its cloud gives out: a provider of another kind has its
    /// name, and the catalogue is told whose models these are.
    /// </param>
    private sealed record Call(OracleCase Case, Form Form, bool IsLent, bool IsStream, long? Expected)
    {
        public string Group => $"{Case.Name} {Case.Flavor}";
    }

    [Fact]
    public async Task Ledger_and_budget_are_charged_what_the_oracle_expects()
    {
        var calls = PriceOracle.Cases().SelectMany(CallsFor).ToArray();
        var differing = new List<(Call Call, long? Cost)>();
        foreach (var host in calls.GroupBy(call => call.IsLent))
        {
            await using var upstream = new ScriptedUpstream(AnswerAsync);
            await using var gateway = await GatewayHost.StartAsync(Configuration([.. host], upstream.Address), new TimeAtOracle());
            var answers = await Task.WhenAll(AskAllAsync(gateway, [.. host]));
            await Eventually.TrueAsync(() => gateway.Application.Limits.Accounts.All(account => account.Held == 0), "all is settled");

            var costs = await CostsAsync(gateway);
            Assert.Equal(answers.Length, costs.Count);
            differing.AddRange(answers.Where(answer => costs[answer.Exchange] != answer.Call.Expected).Select(answer => (answer.Call, costs[answer.Exchange])));
            var budget = Assert.Single(gateway.Application.Limits.Accounts);
            Assert.Equal(costs.Values.Sum(), budget.Used(gateway.Application.Limits.Now));
        }

        foreach (var (call, cost) in differing.Where(item => !IsExplained(item.Call.Group, differing)).Take(20))
        {
            output.WriteLine($"{call.Group}: {cost} and not {call.Expected}, stream {call.IsStream}, {call.Case.Usage}");
        }

        output.WriteLine($"{calls.Length - differing.Count} of {calls.Length} match");
        Assert.All(calls.CountBy(call => call.Form), form => Assert.True(form.Value > 0));
        // In a stream as in a whole answer, no more differ than where only the calculator is asked, and for no other reasons.
        Assert.All(differing, item => Assert.True(IsExplained(item.Call.Group, differing), item.Call.Group));
        Assert.True(calls.Length > 2000);
    }

    private static bool IsExplained(string group, List<(Call Call, long? Cost)> differing) => PriceOracle.Differing.TryGetValue(group, out var known)
        && differing.Where(item => item.Call.Group == group).CountBy(item => item.Call.IsStream).All(count => count.Value <= known.Count);

    private static IEnumerable<Call> CallsFor(OracleCase item)
    {
        var kind = item.Target.Kind;
        var form = item.Flavor switch
        {
            "anthropic" => Form.Anthropic,
            "default" when item.Provider == "anthropic" => Form.Anthropic,
            "default" when item.Provider == "google" => Form.Gemini,
            "responses" => Form.Responses,
            "embeddings" => Form.Embeddings,
            _ => Form.Chat,
        };
        if (form != WrittenIn(item.Usage))
        {
            // The oracle reads each usage in several forms; over the wire it can only come in its own.
            yield break;
        }

        var isLent = (form, kind) is not ((Form.Anthropic, "anthropic") or (Form.Gemini, "gemini")) && (form is Form.Anthropic or Form.Gemini || kind is "gemini" or "vertex" or "bedrock" or "anthropic");
        var call = new Call(item, form, isLent, IsStream: false, Expected(item));
        yield return call;
        if (form != Form.Embeddings)
        {
            yield return call with { IsStream = true };
        }
    }

    private static Form WrittenIn(JsonElement usage)
    {
        return Has("promptTokenCount") ? Form.Gemini : Has("cache_creation_input_tokens") ? Form.Anthropic : Has("completion_tokens") ? Form.Chat : Has("prompt_tokens") ? Form.Embeddings : Form.Responses;

        bool Has(string name) => usage.TryGetProperty(name, out _);
    }

    /// <summary>
    /// In nano-USD. Where it gives no total, the oracle leaves out searches: they are added, and where their price is not known nor is the cost.
    /// </summary>
    private static long? Expected(OracleCase item)
    {
        var nano = (item.Total ?? (item.Input + item.Output)) * NanoUsd;
        if (item.Total is null && item.Read() is { WebSearchCalls: > 0 and var searches })
        {
            var price = ModelNames.Find(CatalogFile.Embedded, item.Target.Kind, item.Target.Model) is { } entry ? ModelPrice.Of(entry) : null;
            if (price?.CardFor(ServiceTier.Standard, 0, PriceOracle.At)?[PriceKind.WebSearch] is not { } each)
            {
                return null;
            }

            nano += each * searches;
        }

        return (long)decimal.Round(nano, MidpointRounding.AwayFromZero);
    }

    private static string Configuration(Call[] calls, Uri upstream)
    {
        var providers = calls.Select(call => (call.Case.Target.Kind, call.Form, call.IsLent)).DistinctBy(provider => provider.Kind, StringComparer.Ordinal).Select(provider =>
        {
            var kind = !provider.IsLent ? provider.Kind : provider.Form == Form.Anthropic ? "anthropic" : "openai-compatible";
            var version = kind is "anthropic" or "gemini" ? "" : "/v1";
            return $"  {provider.Kind}: {{ kind: {kind}, base_url: \"{upstream.ToString().TrimEnd('/')}{version}\", api_key: x }}\n";
        });
        // The name of another kind's provider does not bring its prices: these models are said to be those.
        var models = calls.Where(call => call.IsLent).Select(call => call.Case.Target).Distinct()
            .Select(target => (target, Entry: ModelNames.Find(CatalogFile.Embedded, target.Kind, target.Model)))
            .Where(model => model.Entry is not null)
            .Select(model => $"    \"{model.target.Kind}/{model.target.Model}\": {{ as: \"{model.Entry!.Id}\" }}\n");
        return $$"""
            providers:
            {{string.Concat(providers)}}
            catalog:
              models:
            {{string.Concat(models.DefaultIfEmpty("    openai/none: { input_usd_per_mtok: 1 }\n"))}}
            keys:
              - { name: test, secret: {{GatewayHost.Key}}, models: ["*"], limits: [ { budget_usd: 1000000, per: once, unknown_price: allow_and_alert } ] }
            """;
    }

    private static IEnumerable<Task<(Call Call, string Exchange)>> AskAllAsync(GatewayHost gateway, Call[] calls)
    {
        var slots = new SemaphoreSlim(AtOnce);
        return calls.Select(async call =>
        {
            await slots.WaitAsync(TestContext.Current.CancellationToken);
            try
            {
                var (path, body) = Request(call);
                using var response = await gateway.PostAsync(path, body);
                var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
                Assert.True(response.IsSuccessStatusCode, $"{call.Group}: {response.StatusCode} {text}");
                return (call, response.Headers.GetValues("x-gatehouse-exchange").Single());
            }
            finally
            {
                _ = slots.Release();
            }
        });
    }

    /// <summary>The recorded usage goes with the question, as its text, so that the provider can say it.</summary>
    private static (string Path, string Body) Request(Call call)
    {
        var model = $"{call.Case.Target.Kind}/{call.Case.Target.Model}";
        var name = JsonSerializer.Serialize(model);
        var text = JsonSerializer.Serialize(Convert.ToBase64String(Encoding.UTF8.GetBytes(call.Case.Usage.GetRawText())));
        var stream = call.IsStream ? ",\"stream\":true" : "";
        return call.Form switch
        {
            Form.Responses => ("/v1/responses", $$"""{"model":{{name}},"input":{{text}},"store":false{{stream}}}"""),
            Form.Embeddings => ("/v1/embeddings", $$"""{"model":{{name}},"input":{{text}}}"""),
            Form.Anthropic => ("/v1/messages", $$"""{"model":{{name}},"max_tokens":100,"messages":[{"role":"user","content":{{text}}}]{{stream}}}"""),
            Form.Gemini => (
                $"/v1beta/models/{Uri.EscapeDataString(model)}:{(call.IsStream ? "streamGenerateContent?alt=sse" : "generateContent")}",
                $$$"""{"contents":[{"role":"user","parts":[{"text":{{{text}}}}]}]}"""),
            _ => ("/v1/chat/completions", $$"""{"model":{{name}},"messages":[{"role":"user","content":{{text}}}]{{stream}}}"""),
        };
    }

    private static async Task AnswerAsync(SeenRequest request, UpstreamConnection connection)
    {
        using var document = JsonDocument.Parse(request.Body);
        var asked = document.RootElement;
        string Usage(JsonElement text) => Encoding.UTF8.GetString(Convert.FromBase64String(text.GetString()!));
        var isStream = (asked.TryGetProperty("stream", out var stream) && stream.GetBoolean()) || request.Target.Contains(":stream", StringComparison.Ordinal);
        string[] whole;
        if (asked.TryGetProperty("contents", out var contents))
        {
            var answer = $$$"""{"candidates":[{"content":{"role":"model","parts":[{"text":"abc"}]},"finishReason":"STOP","index":0}],"usageMetadata":{{{Usage(contents[0].GetProperty("parts")[0].GetProperty("text"))}}},"modelVersion":"m","responseId":"r"}""";
            whole = isStream ? [Data(answer)] : [answer];
        }
        else if (request.Target.Contains("/responses", StringComparison.Ordinal))
        {
            whole = Responses(Usage(asked.GetProperty("input")), isStream);
        }
        else if (request.Target.Contains("/embeddings", StringComparison.Ordinal))
        {
            whole = [$$"""{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.5]}],"model":"m","usage":{{Usage(asked.GetProperty("input"))}}}"""];
        }
        else
        {
            var usage = Usage(asked.GetProperty("messages")[0].GetProperty("content"));
            whole = request.Target.Contains("/messages", StringComparison.Ordinal) ? Messages(usage, isStream) : Chat(usage, isStream);
        }

        if (!isStream)
        {
            await connection.RespondAsync(200, "application/json", whole[0]);
            return;
        }

        await connection.StartChunkedAsync(200, "text/event-stream");
        await connection.ChunkAsync(string.Concat(whole));
        await connection.EndChunksAsync();
    }

    private static string[] Chat(string usage, bool isStream) => !isStream
        ? [$$"""{"id":"c","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"abc"},"finish_reason":"stop"}],"usage":{{usage}}}"""]
        :
        [
            Data("""{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":"abc"},"finish_reason":null}]}"""),
            Data("""{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"""),
            Data($$"""{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[],"usage":{{usage}}}"""),
            Data("[DONE]"),
        ];

    private static string[] Responses(string usage, bool isStream)
    {
        const string Item = """{"id":"msg_1","type":"message","status":"completed","role":"assistant","content":[{"type":"output_text","text":"abc","annotations":[]}]}""";
        string Response(string status, string output, string told) =>
            $$"""{"id":"resp_1","object":"response","created_at":1,"status":"{{status}}","model":"m","output":[{{output}}],"error":null,"usage":{{told}}}""";
        var completed = Response("completed", Item, usage);
        return !isStream ? [completed]
            :
            [
                Event("response.created", $$"""{"type":"response.created","sequence_number":0,"response":{{Response("in_progress", "", "null")}}}"""),
                Event("response.output_item.added", """{"type":"response.output_item.added","sequence_number":1,"output_index":0,"item":{"id":"msg_1","type":"message","status":"in_progress","role":"assistant","content":[]}}"""),
                Event("response.output_text.delta", """{"type":"response.output_text.delta","sequence_number":2,"item_id":"msg_1","output_index":0,"content_index":0,"delta":"abc"}"""),
                Event("response.completed", $$"""{"type":"response.completed","sequence_number":3,"response":{{completed}}}"""),
            ];
    }

    private static string[] Messages(string usage, bool isStream)
    {
        string Message(string content, string told) =>
            $$"""{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[{{content}}],"stop_reason":"end_turn","stop_sequence":null,"usage":{{told}}}""";
        return !isStream ? [Message("""{"type":"text","text":"abc"}""", usage)]
            :
            [
                // At the start a stream knows the input; here it is told again, with the rest, at the end.
                Event("message_start", $$"""{"type":"message_start","message":{{Message("", """{"input_tokens":1,"output_tokens":1}""")}}}"""),
                Event("content_block_start", """{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"""),
                Event("content_block_delta", """{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"abc"}}"""),
                Event("content_block_stop", """{"type":"content_block_stop","index":0}"""),
                Event("message_delta", $$$"""{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{{{usage}}}}"""),
                Event("message_stop", """{"type":"message_stop"}"""),
            ];
    }

    private static string Data(string json) => $"data: {json}\n\n";

    private static string Event(string name, string json) => $"event: {name}\ndata: {json}\n\n";

    private static async Task<Dictionary<string, long?>> CostsAsync(GatewayHost gateway)
    {
        var costs = new Dictionary<string, long?>(StringComparer.Ordinal);
        while (true)
        {
            var rows = await gateway.ExchangesAsync("limit=1000" + (costs.Count == 0 ? "" : $"&before={costs.Keys.Order(StringComparer.Ordinal).First()}"));
            foreach (var row in rows)
            {
                costs.Add(row.GetProperty("id").GetString()!, row.GetProperty("cost_nano_usd") is { ValueKind: JsonValueKind.Number } cost ? cost.GetInt64() : null);
            }

            if (rows.Length < 1000)
            {
                return costs;
            }
        }
    }

    /// <summary>The day of the oracle's prices, in the pace of the system's clock.</summary>
    private sealed class TimeAtOracle : TimeProvider
    {
        private readonly TimeSpan _offset = PriceOracle.At - System.GetUtcNow();

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + _offset;
    }
}
