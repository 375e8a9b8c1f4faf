using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Dialects.Anthropic;
using Gatehouse.Protocols.Dialects.Bedrock;
using Gatehouse.Protocols.Dialects.Cohere;
using Gatehouse.Protocols.Dialects.Gemini;
using Gatehouse.Protocols.Dialects.Mistral;
using Gatehouse.Protocols.Dialects.Ollama;
using Gatehouse.Protocols.Dialects.OpenAi;
using Gatehouse.Protocols.Dialects.OpenAiResponses;
using Gatehouse.Protocols.Tests.Aligned;
using Gatehouse.Protocols.Tests.Recorded;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Protocols.Tests.Dialects;

/// <summary>What the rules that are shipped make of requests.</summary>
public sealed class TargetRulesTests
{
    private static readonly ChatRequest Question = new()
    {
        Dialect = Dialect.Anthropic,
        Model = "asked",
        Messages = [new ChatMessage(Role.User, [new TextPart("q")])],
    };

    [Theory]
    [InlineData("openai", "gpt-5-mini", "none", "minimal", true)]
    [InlineData("openai", "gpt-5-mini", "minimal", "minimal", false)]
    [InlineData("openai", "gpt-5-mini", "max", "high", false)]
    [InlineData("openai", "gpt-5", "xhigh", "high", false)]
    [InlineData("openai", "o3", "minimal", "low", false)]
    [InlineData("openai", "gpt-5.1", "none", "none", false)]
    [InlineData("openai", "gpt-5.1", "minimal", "low", false)]
    [InlineData("openai", "gpt-5.2", "max", "xhigh", false)]
    [InlineData("azure-openai", "gpt-5-pro", "low", "high", false)]
    [InlineData("azure-openai", "gpt-4o", "max", null, true)]
    [InlineData("azure-openai", "gpt-4o", "none", null, false)]
    [InlineData("vllm", "some", "xhigh", "high", false)]
    [InlineData("vllm", "some", "none", null, true)]
    public void An_effort_is_told_in_a_word_that_the_model_knows(string kind, string model, string effort, string? expected, bool isDropped)
    {
        var request = Question with { Reasoning = new ReasoningOptions { Effort = effort } };

        var (chat, dropped) = Write(OpenAiChatCodec.Instance, request, kind, model);
        var (responses, _) = Write(ResponsesCodec.Instance, request, kind, model);

        Assert.Equal(expected, chat.TryGetProperty("reasoning_effort", out var word) ? word.GetString() : null);
        Assert.Equal(expected, responses.TryGetProperty("reasoning", out var options) ? options.GetProperty("effort").GetString() : null);
        Assert.Equal(isDropped ? ["reasoning_effort"] : [], dropped);
    }

    [Fact]
    public void A_model_that_does_not_think_is_not_told_to()
    {
        var request = Question with
        {
            Reasoning = new ReasoningOptions { Effort = "high" },
            MaxOutputTokens = 5000,
            Messages =
            [
                .. Question.Messages,
                new ChatMessage(Role.Assistant, [new ReasoningPart { Text = "t" }]),
                new ChatMessage(Role.Assistant, [new ReasoningPart { Text = "t" }, new TextPart("a")]),
                new ChatMessage(Role.User, [new TextPart("q2")]),
            ],
        };
        foreach (var (codec, kind, model, dialect) in ((DialectCodec, string, string, Dialect)[])[
            (GeminiCodec.Instance, "gemini", "gemini-2.0-flash", Dialect.OpenAiChat),
            (AnthropicCodec.Instance, "anthropic", "claude-3-5-haiku-20241022", Dialect.OpenAiChat),
            (BedrockCodec.Instance, "bedrock", "us.anthropic.claude-3-5-haiku-20241022-v1:0", Dialect.OpenAiChat),
            (CohereCodec.Instance, "cohere", "command-r-08-2024", Dialect.OpenAiChat),
            (CohereCodec.Instance, "cohere", "command-a-03-2025", Dialect.OpenAiChat),
            (OllamaCodec.Instance, "ollama", "llama3.2", Dialect.OpenAiChat),
            (MistralCodec.Instance, "mistral", "codestral-latest", Dialect.OpenAiChat)])
        {
            var (body, dropped) = Write(codec, request with { Dialect = dialect }, kind, model);

            var text = body.GetRawText();
            Assert.DoesNotContain("think", text, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain("reasoning", text, StringComparison.Ordinal);
            Assert.Equal(["reasoning_effort", "reasoning"], dropped);
        }
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(null, true)]
    [InlineData(false, false)]
    public void What_the_catalogue_knows_counts(bool? known, bool isTold)
    {
        var context = new RequestContext("m", TargetRules.None, new DroppedParameters()) { Reasoning = known };
        var request = Question with { Reasoning = new ReasoningOptions { Effort = "high" } };

        var body = RoundTrip.Write(writer => OpenAiChatCodec.Instance.WriteRequest(request, context, writer));

        Assert.Equal(isTold, body.TryGetProperty("reasoning_effort", out _));
        Assert.Equal(isTold ? [] : ["reasoning_effort"], context.Dropped.Names);
    }

    [Fact]
    public void A_schema_is_refused_or_made_a_tool_where_it_is_not_known()
    {
        var request = Question with
        {
            Dialect = Dialect.OpenAiChat,
            ResponseFormat = new ResponseFormat(ResponseFormatKind.JsonSchema) { Name = "n", Schema = Asked.Json("""{"type":"object"}""") },
        };

        foreach (var model in (string[])["claude-3-5-haiku-20241022", "claude-sonnet-4-20250514", "claude-opus-4-0"])
        {
            _ = Assert.Throws<UnsupportedException>(() => Write(AnthropicCodec.Instance, request, "anthropic", model));
        }

        Assert.True(Write(AnthropicCodec.Instance, request, "anthropic", "claude-sonnet-4-5").Body.TryGetProperty("output_config", out _));
        _ = Assert.Throws<UnsupportedException>(() => Write(BedrockCodec.Instance, request, "bedrock", "meta.llama3-3-70b-instruct-v1:0"));
        foreach (var model in (string[])["us.amazon.nova-pro-v1:0", "anthropic.claude-3-5-sonnet-20241022-v2:0"])
        {
            Assert.True(Write(BedrockCodec.Instance, request, "bedrock", model).Body.TryGetProperty("toolConfig", out _));
        }

        Assert.True(Write(BedrockCodec.Instance, request, "bedrock", "us.anthropic.claude-sonnet-4-5-20250929-v1:0").Body.TryGetProperty("outputConfig", out _));
    }

    [Fact]
    public void Some_JSON_is_asked_for_in_words()
    {
        var request = Question with { Dialect = Dialect.OpenAiChat, ResponseFormat = new ResponseFormat(ResponseFormatKind.JsonObject) };

        var (body, dropped) = Write(AnthropicCodec.Instance, request, "anthropic", "claude-sonnet-4-5");

        Assert.Contains("Answer with one JSON object and nothing else.", body.GetProperty("system").GetRawText(), StringComparison.Ordinal);
        Assert.Empty(dropped);
    }

    [Fact]
    public void Claude_4_5_on_Bedrock_takes_one_of_temperature_and_top_p()
    {
        var request = Question with { Dialect = Dialect.OpenAiChat, Temperature = 0.5, TopP = 0.5 };

        var (body, dropped) = Write(BedrockCodec.Instance, request, "bedrock", "us.anthropic.claude-sonnet-4-5-20250929-v1:0");

        Assert.Equal("""{"temperature":0.5}""", body.GetProperty("inferenceConfig").GetRawText());
        Assert.Equal(["top_p"], dropped);
    }

    [Fact]
    public void No_more_stop_sequences_are_told_than_a_target_takes()
    {
        var request = Question with { StopSequences = ["1", "2", "3", "4", "5", "6"] };

        var (openAi, dropped) = Write(OpenAiChatCodec.Instance, request, "openai", "gpt-4o");
        var (gemini, geminiDropped) = Write(GeminiCodec.Instance, request, "gemini", "gemini-2.5-flash");
        var (vllm, vllmDropped) = Write(OpenAiChatCodec.Instance, request, "vllm", "m");
        var (reasoning, reasoningDropped) = Write(OpenAiChatCodec.Instance, request, "openai", "gpt-5-mini");

        Assert.Equal("""["1","2","3","4"]""", openAi.GetProperty("stop").GetRawText());
        Assert.Equal("""["1","2","3","4","5"]""", gemini.GetProperty("generationConfig").GetProperty("stopSequences").GetRawText());
        Assert.Equal(6, vllm.GetProperty("stop").GetArrayLength());
        Assert.False(reasoning.TryGetProperty("stop", out _));
        Assert.All([dropped, geminiDropped, reasoningDropped], names => Assert.Equal(["stop"], names));
        Assert.Empty(vllmDropped);
    }

    /// <summary>A trait that no writer looks for has no effect, and nobody would see it.</summary>
    [Fact]
    public void Every_trait_of_the_file_is_read_and_no_rule_stands_twice()
    {
        var source = Path.Combine(Repository.Root, "src");
        using var file = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(source, "Gatehouse", "Upstream", "Translation", "target-rules.json")));
        var rules = file.RootElement.GetProperty("rules").EnumerateArray().ToList();
        var code = string.Concat(((string[])["Gatehouse.Protocols", Path.Combine("Gatehouse", "Upstream", "Translation")])
            .SelectMany(folder => Directory.EnumerateFiles(Path.Combine(source, folder), "*.cs", SearchOption.AllDirectories))
            .Select(File.ReadAllText));

        var traits = rules.SelectMany(r => r.All("traits")).Select(t => t.GetString()!).Distinct(StringComparer.Ordinal).ToList();
        Assert.NotEmpty(traits);
        Assert.DoesNotContain(traits, trait => !code.Contains($"\"{trait}\"", StringComparison.Ordinal));

        var meanings = rules.Select(r => string.Join('|', r.EnumerateObject().Where(m => m.Name is not ("source" or "checked")).Select(m => m.ToString()))).ToList();
        Assert.Equal(meanings.Count, meanings.Distinct(StringComparer.Ordinal).Count());
    }

    private static (JsonElement Body, IReadOnlyList<string> Dropped) Write(DialectCodec codec, ChatRequest request, string kind, string model)
    {
        var context = new RequestContext(model, ShippedRules.Of(kind, model), new DroppedParameters());
        var body = RoundTrip.Write(writer => codec.WriteRequest(request, context, writer));
        return (body, context.Dropped.Names);
    }
}
