using System.Net;
using Gatehouse.Catalog;
using Gatehouse.Expressions;
using Gatehouse.Routing;
using Gatehouse.Routing.Capabilities;
using Gatehouse.Routing.Semantic;
using Gatehouse.Routing.Strategies;
using Gatehouse.Routing.Traits;
using Gatehouse.Tests.Harness;
using Gatehouse.Tests.Routing.Strategies;
using Gatehouse.Tests.Translation;

namespace Gatehouse.Tests.Routing.Capabilities;

/// <summary>A request goes only to models that have what it needs.</summary>
public sealed class CapabilityTests
{
    private const string Pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

    private static readonly string[] All = ["vision", "reasoning", "tools", "structured_output", "tool_choice", "pdf"];

    [Theory]
    [InlineData("chat")]
    [InlineData("responses")]
    [InlineData("anthropic")]
    [InlineData("gemini")]
    public async Task Images_go_only_to_models_that_see(string client)
    {
        await using var mock = new ProviderMock();
        // gpt-3.5-turbo reads text alone, says the catalogue.
        await using var gateway = await StartAsync(mock, "openai/gpt-3.5-turbo, claude/claude-haiku-4-5");
        var caller = new Caller(client);

        using var text = await caller.AskAsync(gateway, "r");
        using var image = await caller.SendAsync(gateway, caller.PathFor("r"), WithImage(client));

        Assert.Equal("openai/gpt-3.5-turbo", text.Header("x-gatehouse-target"));
        Assert.Equal((HttpStatusCode.OK, "claude/claude-haiku-4-5", "1"), (image.StatusCode, image.Header("x-gatehouse-target"), image.Header("x-gatehouse-attempts")));
    }

    [Fact]
    public async Task When_no_target_can_the_caller_is_told_what_is_missing_where()
    {
        await using var mock = new ProviderMock();
        await using var gateway = await StartAsync(mock, "openai/gpt-3.5-turbo, { target: chat/m, cannot: [vision, tools] }");

        using var response = await gateway.PostAsync("/v1/chat/completions", WithImage("chat").Replace("\"messages\"", "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\"}}],\"messages\"", StringComparison.Ordinal));

        var error = await response.ShouldFailAsync(HttpStatusCode.UnprocessableEntity, "unsupported_feature");
        Assert.Equal(
            "No target of route 'r' can take this request: openai/gpt-3.5-turbo: its model lacks vision; chat/m: its model lacks vision, tools.",
            error.GetProperty("message").GetString());
        Assert.Empty(mock.Requests);
    }

    [Fact]
    public async Task The_configuration_knows_better()
    {
        await using var mock = new ProviderMock();
        await using var gateway = await StartAsync(mock, "{ target: openai/gpt-3.5-turbo, can: [vision] }");

        using var response = await gateway.PostAsync("/v1/chat/completions", WithImage("chat"));

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Fact]
    public async Task A_target_that_failed_is_not_followed_by_one_that_cannot()
    {
        await using var mock = new ProviderMock(async (request, connection) =>
        {
            await connection.RespondAsync(500, "application/json", "{}");
            return true;
        });
        await using var gateway = await StartAsync(mock, "claude/m, openai/gpt-3.5-turbo", ", retry: { attempts: 3, on: [timeout] }");

        using var response = await gateway.PostAsync("/v1/chat/completions", WithImage("chat"));

        Assert.Equal(HttpStatusCode.InternalServerError, response.StatusCode);
        Assert.Single(mock.Requests);
    }

    [Fact]
    public async Task What_can_and_cannot_be_is_a_mistake()
    {
        var yaml = ProviderMock.ProvidersAt(new Uri("http://127.0.0.1:9")) + "routes:\n  r: { targets: [{ target: chat/m, can: [vision, tools], cannot: [vision] }] }\n";

        var error = await Assert.ThrowsAsync<Configuration.ConfigurationException>(() => GatewayHost.StartAsync(yaml));

        Assert.Contains("vision stands under can, too (routes.r.targets[0].cannot", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    // Input that is listed tells what is not in it; capabilities may tell better.
    [InlineData("text", "", "vision, audio, video, documents")]
    [InlineData("text", "vision", "audio, video")]
    [InlineData("text image", "", "audio, video")]
    [InlineData("text pdf", "", "vision, audio, video")]
    [InlineData("text image audio video pdf", "tools", "")]
    [InlineData("text audio", "video_input", "vision, documents")]
    // No list of input says nothing.
    [InlineData("", "tools reasoning", "")]
    // Tools are missed only in a long list.
    [InlineData("", "a b c d e f", "tools")]
    [InlineData("", "a b c d tools f", "")]
    public void The_catalogue_is_believed_where_it_is_sure(string input, string capabilities, string lacks)
    {
        var facts = new CatalogEntry("a/m") { Input = Words(input), Capabilities = Words(capabilities) };

        Assert.Equal(lacks, TargetCapabilities.Of(facts, default, default).Lacks.ToString());
    }

    [Fact]
    public void A_model_that_is_not_known_lacks_nothing() =>
        Assert.Same(TargetCapabilities.Unknown, TargetCapabilities.Of(facts: null, default, default));

    [Theory]
    [InlineData("chat", 1000, 2000, false)]
    [InlineData("chat", 1000, 2001, true)]
    [InlineData("embedding", 1000, 9999, false)]
    public void A_request_is_too_long_only_beyond_doubt(string mode, int context, int tokens, bool isTooLong)
    {
        var facts = new CatalogEntry("a/m") { Mode = mode, Context = context, Input = ["text", "image"], Capabilities = All };
        var capabilities = TargetCapabilities.Of(facts, default, default);

        var missing = capabilities.MissingFor(new Strategies.TestContext { Input = tokens, Request = new RequestTraits { BodyBytes = tokens * 5, InputTokens = tokens } });

        Assert.Equal(isTooLong, missing.Any);
        Assert.Equal(isTooLong ? $"the request is estimated at {tokens} tokens, and its model's context is {context}" : null, missing.Text());
    }

    [Fact]
    public void Nothing_is_read_of_a_request_where_nothing_can_be_missing()
    {
        var capabilities = TargetCapabilities.Of(new CatalogEntry("a/m") { Mode = "chat", Context = 1000 }, default, default);

        Assert.False(capabilities.MissingFor(new Unread(bodyBytes: 8000)).Any);
        Assert.False(TargetCapabilities.Unknown.MissingFor(new Unread(bodyBytes: long.MaxValue)).Any);
        Assert.Throws<InvalidOperationException>(() => capabilities.MissingFor(new Unread(bodyBytes: 8004)));
    }

    [Fact]
    public void Every_need_of_a_request_has_a_word()
    {
        var traits = new RequestTraits
        {
            Modalities = Modalities.Image | Modalities.Audio | Modalities.Video | Modalities.Document,
            UsesTools = true,
            WantsStructuredOutput = true,
            WantsReasoning = true,
        };

        Assert.Equal("vision, audio, video, documents, tools, structured_output, reasoning", CapabilitySet.NeededBy(traits).ToString());
    }

    [Fact]
    public void A_target_tells_why_it_was_passed_over_and_why_it_would_be()
    {
        var at = new DateTimeOffset(2026, 11, 20, 12, 0, 0, TimeSpan.Zero);
        var plain = TestRoute.Target("a/m");
        var target = new RouteTarget(plain.Target, TestRoute.Health()) { Capabilities = new TargetCapabilities(CapabilitySet.Of([Capability.Vision]), Context: null) };
        var image = new Strategies.TestContext { Request = new RequestTraits { Modalities = Modalities.Image } };

        Assert.Equal("its model lacks vision", target.WhyNot(image));
        Assert.Null(target.WhyNot(new Strategies.TestContext()));
        Assert.Null(target.LastSkip);

        Assert.False(target.Suits(image, at));
        Assert.Equal((at, "its model lacks vision"), (target.LastSkip!.At, target.LastSkip.Text));
    }

    [Fact]
    public void A_target_whose_breaker_is_open_says_so()
    {
        var target = TestRoute.Target("a/m", health: TestRoute.Health(isDown: true));

        Assert.StartsWith("its circuit breaker is open", target.Health!.Peek().Refusal, StringComparison.Ordinal);
        Assert.Null(target.LastSkip);
        Assert.False(target.Health.TryEnter(out _).IsOpen);
        Assert.StartsWith("its circuit breaker is open", target.LastSkip!.Text, StringComparison.Ordinal);
    }

    private static string[] Words(string words) => words.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    private static string WithImage(string client) => client switch
    {
        "chat" => $$$"""{"model":"r","messages":[{"role":"user","content":[{"type":"text","text":"what"},{"type":"image_url","image_url":{"url":"data:image/png;base64,{{{Pixel}}}"}}]}]}""",
        "responses" => $$$"""{"model":"r","input":[{"role":"user","content":[{"type":"input_text","text":"what"},{"type":"input_image","image_url":"data:image/png;base64,{{{Pixel}}}"}]}]}""",
        "anthropic" => $$$"""{"model":"r","max_tokens":9,"messages":[{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"{{{Pixel}}}"}}]}]}""",
        _ => $$$"""{"contents":[{"role":"user","parts":[{"inlineData":{"mimeType":"image/png","data":"{{{Pixel}}}"}}]}]}""",
    };

    private static Task<GatewayHost> StartAsync(ProviderMock mock, string targets, string more = "") =>
        GatewayHost.StartAsync(mock.Providers + $"routes:\n  r: {{ targets: [{targets}]{more} }}\n");

    /// <summary>Throws where the request would have to be read.</summary>
    private sealed class Unread(long bodyBytes) : RouteContext
    {
        public override Random Random => throw new InvalidOperationException();

        public override RequestTraits Traits => throw new InvalidOperationException();

        public override string LastUserText => throw new InvalidOperationException();

        public override long BodyBytes => bodyBytes;

        public override int InputTokens => throw new InvalidOperationException();

        public override int OutputTokens => throw new InvalidOperationException();

        public override IVariables Variables => throw new InvalidOperationException();

        public override SemanticChoice? Semantic(SemanticStrategy node) => throw new InvalidOperationException();

        public override string? Affinity(AffinitySource source) => throw new InvalidOperationException();
    }
}
