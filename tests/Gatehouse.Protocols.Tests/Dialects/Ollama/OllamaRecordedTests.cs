using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Dialects.Ollama;
using Gatehouse.Protocols.Json;
using Gatehouse.Protocols.Tests.Dialects.OpenAi;
using Gatehouse.Protocols.Tests.Recorded;

namespace Gatehouse.Protocols.Tests.Dialects.Ollama;

/// <summary>Everything that was recorded in this dialect, read and written again.</summary>
public sealed class OllamaRecordedTests
{
    private static readonly OllamaCodec Codec = OllamaCodec.Instance;

    public static TheoryData<string> Requests => RecordedCases.Ids(c => IsChat(c) && c.Request is not null);

    public static TheoryData<string> Answers => RecordedCases.Ids(c => IsChat(c) && c.IsSuccess && c.IsJson);

    public static TheoryData<string> Streams => RecordedCases.Ids(c => IsChat(c) && c.IsSuccess && c.Kind == "ndjson");

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
        var parts = response.Choices[0].Parts;
        Assert.Equal(body.Text("model"), response.Model);
        Assert.Equal(body.GetProperty("created_at").GetDateTimeOffset().ToUnixTimeSeconds(), response.Created);
        Assert.Equal(body.Integer("prompt_eval_count"), response.Usage!.InputTokens);
        Assert.Equal(body.Integer("eval_count"), response.Usage.OutputTokens);
        Assert.Equal(message.Text("content"), Conversation.TextOf(parts) ?? "");
        Assert.Equal(message.Text("thinking"), parts.OfType<ReasoningPart>().FirstOrDefault()?.Text);
        var calls = parts.OfType<ToolCallPart>().ToList();
        Assert.Equal(message.Array("tool_calls")?.GetArrayLength() ?? 0, calls.Count);
        var expected = body.Text("done_reason") == "length" ? StopReason.MaxTokens : calls.Count > 0 ? StopReason.ToolUse : StopReason.EndTurn;
        Assert.Equal(expected, response.Choices[0].Stop!.Reason);
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
    public void A_stream_written_anew_is_lines_of_which_the_last_is_done(string id) =>
        OllamaStreamCheck.Whole(OllamaStreamCheck.Write(RoundTrip.ReadStream(Codec, RecordedCases.Get(id).Response!)));

    [Theory, MemberData(nameof(Errors))]
    public void Keeps_an_error(string id)
    {
        var recorded = RecordedCases.Get(id);
        var error = Codec.ReadError(recorded.Status, recorded.ResponseJson);
        Assert.Equal(recorded.Status, error.Status);
        Assert.Equal(ChatError.KindOf(recorded.Status), error.Kind);
        Assert.Empty(JsonDifference.Between(recorded.ResponseJson, RoundTrip.Write(w => Codec.WriteError(error, w))));
    }

    private static bool IsChat(RecordedCase c) => c is { Provider: "ollama", Endpoint: "api-chat" };
}
