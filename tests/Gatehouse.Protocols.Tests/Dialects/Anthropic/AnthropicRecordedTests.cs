using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Dialects.Anthropic;
using Gatehouse.Protocols.Tests.Recorded;

namespace Gatehouse.Protocols.Tests.Dialects.Anthropic;

/// <summary>Everything that was recorded in this dialect, read and written again.</summary>
public class AnthropicRecordedTests
{
    private static readonly AnthropicCodec Codec = AnthropicCodec.Instance;

    public static TheoryData<string> Requests => RecordedCases.Ids(c => IsMessages(c) && c.IsSuccess && c.Request is not null);

    public static TheoryData<string> CountTokensRequests => RecordedCases.Ids(c => IsCountTokens(c) && c.Request is not null);

    public static TheoryData<string> PlatformRequests => RecordedCases.Ids(c => IsPlatform(c) && c.Request is not null);

    public static TheoryData<string> Responses => RecordedCases.Ids(c => (IsMessages(c) || IsPlatform(c)) && c.IsSuccess && c.IsJson);

    public static TheoryData<string> Streams => RecordedCases.Ids(c => (IsMessages(c) || IsPlatform(c)) && c.IsSuccess && c.Kind == "sse");

    public static TheoryData<string> Errors => RecordedCases.Ids(c => (IsMessages(c) || IsCountTokens(c)) && !c.IsSuccess && c.IsJson);

    public static TheoryData<string> PlatformErrors => RecordedCases.Ids(c => IsPlatform(c) && !c.IsSuccess && c.IsJson);

    [Theory, MemberData(nameof(Requests))]
    public void Keeps_a_request(string id) => RoundTrip.Request(Codec, RecordedCases.Get(id));

    [Theory, MemberData(nameof(CountTokensRequests))]
    public void Keeps_a_count_tokens_request(string id)
    {
        var body = RecordedCases.Get(id).RequestJson;
        var request = AnthropicCodec.ReadCountTokensRequest(body);
        AssertSame(body, RoundTrip.Write(w => AnthropicCodec.WriteCountTokensRequest(request, Context(request), w)));
    }

    /// <summary>The model is in the path, and on Bedrock so is whether the answer is streamed.</summary>
    [Theory, MemberData(nameof(PlatformRequests))]
    public void Keeps_a_request_of_bedrock_or_vertex(string id)
    {
        var recorded = RecordedCases.Get(id);
        var request = Codec.ReadRequest(recorded.RequestJson);
        var context = Context(request, recorded.Provider == "bedrock" ? "anthropic_bedrock" : "anthropic_vertex");
        AssertSame(recorded.RequestJson, RoundTrip.Write(w => Codec.WriteRequest(request, context, w)));
        Assert.Empty(context.Dropped.Names);
    }

    [Theory, MemberData(nameof(Responses))]
    public void Keeps_an_answer(string id) => RoundTrip.Response(Codec, RecordedCases.Get(id));

    [Theory, MemberData(nameof(Responses))]
    public void Reads_what_an_answer_tells(string id)
    {
        var body = RecordedCases.Get(id).ResponseJson;
        var response = Codec.ReadResponse(body, "fallback");
        var usage = body.GetProperty("usage");
        Assert.Equal(body.GetProperty("id").GetString(), response.Id);
        Assert.Equal(body.GetProperty("content").GetArrayLength(), response.Choices[0].Parts.Count);
        Assert.NotEqual(StopReason.Other, response.Choices[0].Stop!.Reason);
        Assert.Equal(usage.GetProperty("output_tokens").GetInt64(), response.Usage!.OutputTokens);
        Assert.Equal(usage.GetProperty("input_tokens").GetInt64(), response.Usage.InputTokens);
    }

    [Theory, MemberData(nameof(Streams))]
    public void Keeps_a_stream(string id) => RoundTrip.Stream(Codec, RecordedCases.Get(id));

    [Theory, MemberData(nameof(Streams))]
    public void A_stream_written_anew_keeps_the_invariants(string id)
    {
        var writer = Codec.NewStreamWriter(RoundTrip.Context(Dialect.Anthropic));
        AnthropicStreamCheck.Whole(AnthropicStreamCheck.Write(writer, RoundTrip.ReadStream(Codec, RecordedCases.Get(id).Response!)));
    }

    [Theory, MemberData(nameof(Errors))]
    public void Keeps_an_error(string id)
    {
        var recorded = RecordedCases.Get(id);
        var error = Codec.ReadError(recorded.Status, recorded.ResponseJson);
        Assert.Equal(recorded.Status, error.Status);
        AssertSame(recorded.ResponseJson, RoundTrip.Write(w => Codec.WriteError(error, w)));
    }

    [Theory, MemberData(nameof(PlatformErrors))]
    public void Reads_an_error_of_bedrock_or_vertex(string id)
    {
        var recorded = RecordedCases.Get(id);
        var error = Codec.ReadError(recorded.Status, recorded.ResponseJson);
        Assert.Equal(recorded.Status, error.Status);
        Assert.Equal(ChatError.KindOf(recorded.Status), error.Kind);
        Assert.Equal(recorded.ResponseJson.GetProperty("message").GetString(), error.Message);
    }

    private static bool IsMessages(RecordedCase c) => c.Provider is "anthropic" or "gateway" && c.Endpoint == "messages";

    private static bool IsCountTokens(RecordedCase c) => c.Provider == "anthropic" && c.Endpoint == "messages/count_tokens";

    /// <summary>Claude's chat on Bedrock and Vertex; Claude 2's older "complete" format is none.</summary>
    private static bool IsPlatform(RecordedCase c) =>
        (c.Provider == "vertex" && c.Endpoint is "rawPredict" or "streamRawPredict")
        || (c.Provider == "bedrock" && c.Endpoint.StartsWith("invoke", StringComparison.Ordinal)
            && c.Request is { } request && request.AsSpan().IndexOf("\"anthropic_version\""u8) >= 0 && !c.Id.Contains("close-before", StringComparison.Ordinal));

    private static RequestContext Context(ChatRequest request, params string[] traits) =>
        new(request.Model, TargetRules.None with { Traits = traits }, new DroppedParameters());

    private static void AssertSame(JsonElement expected, JsonElement actual)
    {
        var differences = JsonDifference.Between(expected, actual);
        Assert.True(differences.Count == 0, string.Join('\n', differences));
    }
}
