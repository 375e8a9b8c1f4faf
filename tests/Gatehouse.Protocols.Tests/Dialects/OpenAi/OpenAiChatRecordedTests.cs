using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Dialects.Anthropic;
using Gatehouse.Protocols.Dialects.Mistral;
using Gatehouse.Protocols.Dialects.OpenAi;
using Gatehouse.Protocols.Tests.Recorded;

namespace Gatehouse.Protocols.Tests.Dialects.OpenAi;

/// <summary>The recorded traffic of all providers of the format, Mistral's in its own dialect.</summary>
public sealed class OpenAiChatRecordedTests
{
    public static TheoryData<string> Requests => RecordedCases.Ids(c => IsChat(c) && c.Request is not null && HasMessages(c.RequestJson));

    public static TheoryData<string> Responses => RecordedCases.Ids(c => IsChat(c) && c is { IsSuccess: true, IsJson: true } && c.ResponseJson.TryGetProperty("choices", out _));

    public static TheoryData<string> Streams => RecordedCases.Ids(c => IsChat(c) && c is { IsSuccess: true, IsStream: true });

    public static TheoryData<string> Errors => RecordedCases.Ids(c => IsChat(c) && c is { IsSuccess: false, IsJson: true });

    public static TheoryData<string> AnthropicRequests => RecordedCases.Ids(c => c is { Provider: "anthropic", Endpoint: "messages", Request: not null, IsSuccess: true });

    [Theory, MemberData(nameof(Requests))]
    public void A_request_is_the_same_after_reading_and_writing(string id)
    {
        var recorded = RecordedCases.Get(id);
        RoundTrip.Request(CodecOf(recorded), recorded);
    }

    [Theory, MemberData(nameof(Responses))]
    public void An_answer_is_the_same_after_reading_and_writing(string id)
    {
        var recorded = RecordedCases.Get(id);
        RoundTrip.Response(CodecOf(recorded), recorded);
    }

    [Theory, MemberData(nameof(Streams))]
    public void A_stream_is_the_same_after_reading_and_writing(string id)
    {
        var recorded = RecordedCases.Get(id);
        RoundTrip.Stream(CodecOf(recorded), recorded);
    }

    [Theory, MemberData(nameof(Streams))]
    public void A_stream_keeps_the_order_of_events_and_is_written_well(string id)
    {
        var recorded = RecordedCases.Get(id);
        var codec = CodecOf(recorded);
        var events = RoundTrip.ReadStream(codec, recorded.Response!);
        StreamRules.CheckEvents(events);
        _ = ChatStreamRules.Write(codec, events);
    }

    [Theory, MemberData(nameof(Responses))]
    public void Usage_is_what_the_provider_reports(string id)
    {
        var recorded = RecordedCases.Get(id);
        var read = CodecOf(recorded).ReadResponse(recorded.ResponseJson, "x").Usage;
        if (!recorded.ResponseJson.TryGetProperty("usage", out var usage) || usage.ValueKind != JsonValueKind.Object || !usage.TryGetProperty("prompt_tokens", out var prompt))
        {
            return;
        }

        Assert.NotNull(read);
        // Azure's Grok reports more from the cache than there was.
        var cached = (read.CacheReadTokens ?? 0) + (read.CacheWriteTokens ?? 0);
        Assert.Equal(Math.Max(prompt.GetInt64(), cached), read.InputTokens + cached);
        Assert.True(read.OutputTokens >= usage.GetProperty("completion_tokens").GetInt64());
    }

    [Theory, MemberData(nameof(Responses))]
    public void Anothers_answer_says_the_same_in_this_dialect(string id)
    {
        // Written for a caller of another dialect's provider: nothing comes from what was kept as written.
        var recorded = RecordedCases.Get(id);
        var codec = CodecOf(recorded);
        var answer = codec.ReadResponse(recorded.ResponseJson, "x");
        var other = codec == OpenAiChatCodec.Instance ? (DialectCodec)MistralCodec.Instance : OpenAiChatCodec.Instance;
        var written = RoundTrip.Write(writer => other.WriteResponse(answer, RoundTrip.Context(other.Dialect), writer));
        var again = other.ReadResponse(written, "x");
        foreach (var (first, second) in answer.Choices.Zip(again.Choices))
        {
            Assert.Equal(TextOf<TextPart>(first, p => p.Text), TextOf<TextPart>(second, p => p.Text));
            Assert.Equal(TextOf<ReasoningPart>(first, p => p.Text), TextOf<ReasoningPart>(second, p => p.Text));
            Assert.Equal(first.Parts.OfType<ToolCallPart>().Select(c => (c.Id, c.Name, c.Arguments)), second.Parts.OfType<ToolCallPart>().Select(c => (c.Id, c.Name, c.Arguments)));
        }
    }

    [Theory, MemberData(nameof(AnthropicRequests))]
    public void A_request_of_another_dialect_is_written_or_refused(string id)
    {
        var recorded = RecordedCases.Get(id);
        var request = AnthropicCodec.Instance.ReadRequest(recorded.RequestJson);
        foreach (var codec in new DialectCodec[] { OpenAiChatCodec.Instance, MistralCodec.Instance })
        {
            try
            {
                var written = RoundTrip.Write(writer => codec.WriteRequest(request, new RequestContext("m", TargetRules.None, new DroppedParameters()), writer));
                var again = codec.ReadRequest(written);
                Assert.Equal(Calls(request), Calls(again));
                Assert.Equal(Results(request).Count, Results(again).Count);
                foreach (var (first, second) in Results(request).Zip(Results(again)))
                {
                    // One of images only refers to the user's message that has them.
                    Assert.Equal(Conversation.TextOf(first.Content) ?? (first.Content.Count == 0 ? null : "The result is in the next user message."), Conversation.TextOf(second.Content));
                }
            }
            catch (UnsupportedException refusal)
            {
                Assert.NotEmpty(refusal.Message);
            }
        }
    }

    [Theory, MemberData(nameof(Errors))]
    public void An_error_keeps_its_message_and_status(string id)
    {
        var recorded = RecordedCases.Get(id);
        var codec = CodecOf(recorded);
        var error = codec.ReadError(recorded.Status, recorded.ResponseJson);
        Assert.Equal(recorded.Status, error.Status);
        Assert.DoesNotContain("no message", error.Message, StringComparison.Ordinal);
        var again = codec.ReadError(recorded.Status, RoundTrip.Write(writer => codec.WriteError(error, writer)));
        Assert.Equal((error.Kind, error.Message, error.Code, error.Param), (again.Kind, again.Message, again.Code, again.Param));
    }

    internal static DialectCodec CodecOf(RecordedCase recorded) =>
        recorded.Provider == "mistral" ? MistralCodec.Instance : OpenAiChatCodec.Instance;

    internal static bool IsChat(RecordedCase recorded) => recorded is { Endpoint: "chat/completions", Response: not null };

    private static bool HasMessages(JsonElement request) =>
        request.TryGetProperty("messages", out var messages) && messages.ValueKind == JsonValueKind.Array;

    private static IEnumerable<(string Name, string Arguments)> Calls(ChatRequest request) =>
        request.Messages.SelectMany(m => m.Parts).OfType<ToolCallPart>().Select(c => (c.Name, c.Arguments));

    private static List<ToolResultPart> Results(ChatRequest request) => [.. request.Messages.SelectMany(m => m.Parts).OfType<ToolResultPart>()];

    private static string TextOf<T>(ChatChoice choice, Func<T, string> text) => string.Concat(choice.Parts.OfType<T>().Select(text));
}
