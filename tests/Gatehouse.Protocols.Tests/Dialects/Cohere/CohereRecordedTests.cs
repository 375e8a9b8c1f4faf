using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Dialects.Cohere;
using Gatehouse.Protocols.Json;
using Gatehouse.Protocols.Tests.Dialects.OpenAi;
using Gatehouse.Protocols.Tests.Recorded;

namespace Gatehouse.Protocols.Tests.Dialects.Cohere;

/// <summary>Everything that was recorded in this dialect, read and written again.</summary>
public sealed class CohereRecordedTests
{
    private static readonly CohereCodec Codec = CohereCodec.Instance;

    public static TheoryData<string> Requests => RecordedCases.Ids(c => IsChat(c) && c.Request is not null);

    /// <summary>One recording of an embedding is filed among the chats.</summary>
    public static TheoryData<string> Answers => RecordedCases.Ids(c => IsChat(c) && c.IsSuccess && c.IsJson && c.ResponseJson.Object("message") is not null);

    public static TheoryData<string> Streams => RecordedCases.Ids(c => IsChat(c) && c.IsSuccess && c.Kind == "sse");

    public static TheoryData<string> Errors => RecordedCases.Ids(c => IsChat(c) && !c.IsSuccess && c.IsJson);

    [Theory, MemberData(nameof(Requests))]
    public void Keeps_a_request(string id) => RoundTrip.Request(Codec, RecordedCases.Get(id));

    [Theory, MemberData(nameof(Answers))]
    public void Keeps_an_answer(string id) => RoundTrip.Response(Codec, RecordedCases.Get(id));

    [Theory, MemberData(nameof(Answers))]
    public void Reads_what_an_answer_tells(string id)
    {
        var body = RecordedCases.Get(id).ResponseJson;
        var response = Codec.ReadResponse(body, "fallback");
        var message = body.GetProperty("message");
        var billed = body.GetProperty("usage").GetProperty("billed_units");
        var parts = response.Choices[0].Parts;
        Assert.Equal(body.Text("id"), response.Id);
        Assert.Equal(body.Text("finish_reason"), response.Choices[0].Stop!.Raw);
        Assert.NotEqual(StopReason.Other, response.Choices[0].Stop!.Reason);
        Assert.Equal(billed.Integer("input_tokens"), response.Usage!.InputTokens);
        Assert.Equal(billed.Integer("output_tokens"), response.Usage.OutputTokens);
        Assert.Equal(message.Array("content")?.GetArrayLength() ?? 0, parts.Count(p => p is TextPart or ReasoningPart && !CohereMessageReader.IsPlan(p)));
        Assert.Equal(message.Array("tool_calls")?.GetArrayLength() ?? 0, parts.Count(p => p is ToolCallPart));
        Assert.Equal(message.Array("citations")?.GetArrayLength() ?? 0, parts.OfType<TextPart>().Sum(p => p.Citations.Count));
        // What is quoted is what stands there.
        Assert.All(parts.OfType<TextPart>(), p => Assert.All(p.Citations, c => Assert.Equal(c.Value.Text("text"), p.Text[(int)c.Start!.Value..(int)c.End!.Value])));
    }

    [Theory, MemberData(nameof(Streams))]
    public void Keeps_a_stream(string id) => RoundTrip.Stream(Codec, RecordedCases.Get(id));

    [Theory, MemberData(nameof(Streams))]
    public void Reads_a_stream_in_order(string id)
    {
        var events = RoundTrip.ReadStream(Codec, RecordedCases.Get(id).Response!);
        StreamRules.CheckEvents(events);
        _ = Assert.IsType<AnswerEnded>(events[^1]);
        _ = Assert.Single(events.OfType<UsageReported>());
    }

    [Theory, MemberData(nameof(Streams))]
    public void A_stream_written_anew_keeps_the_order_of_events(string id) =>
        CohereStreamCheck.Whole(CohereStreamCheck.Write(RoundTrip.ReadStream(Codec, RecordedCases.Get(id).Response!)));

    [Theory, MemberData(nameof(Errors))]
    public void Keeps_an_error(string id)
    {
        var recorded = RecordedCases.Get(id);
        var error = Codec.ReadError(recorded.Status, recorded.ResponseJson);
        Assert.Equal(recorded.Status, error.Status);
        Assert.Equal(ChatError.KindOf(recorded.Status), error.Kind);
        Assert.Empty(JsonDifference.Between(recorded.ResponseJson, RoundTrip.Write(w => Codec.WriteError(error, w))));
    }

    private static bool IsChat(RecordedCase c) => c is { Provider: "cohere", Endpoint: "v2-chat" };
}
