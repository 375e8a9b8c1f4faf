using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Dialects.Bedrock;
using Gatehouse.Protocols.Tests.Recorded;

namespace Gatehouse.Protocols.Tests.Dialects.Bedrock;

/// <summary>What was recorded of Bedrock, read and written again.</summary>
public sealed class BedrockRecordedTests
{
    public static TheoryData<string> Requests => RecordedCases.Ids(c => IsConverse(c) && c.Request is not null);

    public static TheoryData<string> Answers => RecordedCases.Ids(c => IsConverse(c) && c.IsJson && c.IsSuccess);

    public static TheoryData<string> Streams => RecordedCases.Ids(c => IsConverse(c) && IsEventStream(c));

    public static TheoryData<string> Errors => RecordedCases.Ids(c => c.Provider == "bedrock" && c.IsJson && !c.IsSuccess);

    public static TheoryData<string> Counts => RecordedCases.Ids(c =>
        c is { Provider: "bedrock", Endpoint: "count-tokens" } && c.RequestJson.GetProperty("input").TryGetProperty("converse", out _));

    [Theory]
    [MemberData(nameof(Requests))]
    public void A_request_keeps_everything(string id) => RoundTrip.Request(BedrockCodec.Instance, RecordedCases.Get(id));

    [Theory]
    [MemberData(nameof(Answers))]
    public void An_answer_keeps_everything(string id) => RoundTrip.Response(BedrockCodec.Instance, RecordedCases.Get(id));

    [Theory]
    [MemberData(nameof(Answers))]
    public void The_usage_of_an_answer_is_what_was_reported(string id)
    {
        var recorded = RecordedCases.Get(id).ResponseJson;
        AssertUsage(recorded.GetProperty("usage"), BedrockCodec.Instance.ReadResponse(recorded, "x").Usage);
    }

    [Theory]
    [MemberData(nameof(Streams))]
    public void A_stream_written_anew_is_the_same_answer(string id)
    {
        var messages = BedrockStreams.Messages(RecordedCases.Get(id).Response!);
        var events = BedrockStreams.Events(messages);
        var first = RoundTrip.Collect(Dialect.Bedrock, events);
        Assert.True(first.HasEnded);
        AssertUsage(JsonElement.Parse(messages.Single(m => m.Name == "metadata").Json).GetProperty("usage"), first.ToResponse().Usage);

        var second = RoundTrip.Collect(Dialect.Bedrock, BedrockStreams.Events(BedrockStreams.Written(events)));

        Assert.True(second.HasEnded);
        Assert.Empty(JsonDifference.Between(Json(first.ToResponse()), Json(second.ToResponse())));
    }

    /// <summary>Against the deltas themselves, put together without the reader.</summary>
    [Theory]
    [MemberData(nameof(Streams))]
    public void No_text_of_a_stream_is_lost(string id)
    {
        var messages = BedrockStreams.Messages(RecordedCases.Get(id).Response!);
        var deltas = messages.Where(m => m.Name == "contentBlockDelta").Select(m => JsonElement.Parse(m.Json).GetProperty("delta")).ToList();
        var parts = RoundTrip.Collect(Dialect.Bedrock, BedrockStreams.Events(messages)).ToResponse().Choices[0].Parts;

        Assert.Equal(
            string.Concat(deltas.Where(d => d.TryGetProperty("text", out _)).Select(d => d.GetProperty("text").GetString())),
            string.Concat(parts.OfType<TextPart>().Select(p => p.Text)));
        Assert.Equal(
            string.Concat(deltas.Where(d => d.TryGetProperty("toolUse", out _)).Select(d => d.GetProperty("toolUse").GetProperty("input").GetString())),
            string.Concat(parts.OfType<ToolCallPart>().Select(p => p.Arguments)));
        Assert.Equal(messages.Count(m => m.Name == "contentBlockStart"), parts.OfType<ToolCallPart>().Count());
    }

    [Theory]
    [MemberData(nameof(Streams))]
    public void A_stream_that_is_cut_does_not_end(string id)
    {
        var messages = BedrockStreams.Messages(RecordedCases.Get(id).Response!);
        var stop = messages.FindIndex(m => m.Name == "messageStop");
        for (var length = 0; length < messages.Count; length++)
        {
            var events = BedrockStreams.Events(messages.Take(length));
            // Only the usage is missing when all but the metadata has come.
            Assert.Equal(length > stop, events is [.., AnswerEnded]);
        }
    }

    [Theory]
    [MemberData(nameof(Errors))]
    public void An_error_keeps_its_message(string id)
    {
        var recorded = RecordedCases.Get(id);
        var error = BedrockCodec.Instance.ReadError(recorded.Status, recorded.ResponseJson);

        Assert.Equal(recorded.ResponseJson.GetProperty("message").GetString(), error.Message);
        Assert.Equal(recorded.Status, error.Status);
        Assert.Equal(ChatError.KindOf(recorded.Status), error.Kind);
        Assert.Equal(error.Message, RoundTrip.Write(w => BedrockCodec.Instance.WriteError(error, w)).GetProperty("message").GetString());
    }

    [Theory]
    [MemberData(nameof(Counts))]
    public void A_request_to_count_is_that_of_the_conversation(string id)
    {
        var recorded = RecordedCases.Get(id);
        var converse = recorded.RequestJson.GetProperty("input").GetProperty("converse");
        var dropped = new DroppedParameters();
        var context = new RequestContext(recorded.Model!, TargetRules.None, dropped);

        var written = RoundTrip.Write(w => BedrockCountTokens.WriteRequest(BedrockCodec.Instance.ReadRequest(converse), context, w));

        Assert.Equal([".input.converse.system: missing []"], JsonDifference.Between(recorded.RequestJson, written));
        Assert.Empty(dropped.Names);
        Assert.Equal(
            recorded.IsSuccess ? recorded.ResponseJson.GetProperty("inputTokens").GetInt64() : null, BedrockCountTokens.ReadAnswer(recorded.ResponseJson));
    }

    private static bool IsConverse(RecordedCase c) => c is { Provider: "bedrock", Endpoint: "converse" or "converse-stream" };

    /// <summary>Two are listed as text, and are not.</summary>
    private static bool IsEventStream(RecordedCase c) => c.Kind is "eventstream" or "text";

    private static JsonElement Json(ChatResponse response) =>
        RoundTrip.Write(w => BedrockCodec.Instance.WriteResponse(response, RoundTrip.Context(Dialect.Bedrock), w));

    private static void AssertUsage(JsonElement recorded, Usage? usage)
    {
        Assert.NotNull(usage);
        Assert.Equal(recorded.GetProperty("inputTokens").GetInt64(), usage.InputTokens);
        Assert.Equal(recorded.GetProperty("outputTokens").GetInt64(), usage.OutputTokens);
        Assert.Equal(
            recorded.GetProperty("totalTokens").GetInt64(),
            usage.InputTokens + (usage.CacheReadTokens ?? 0) + (usage.CacheWriteTokens ?? 0) + usage.OutputTokens);
    }
}
