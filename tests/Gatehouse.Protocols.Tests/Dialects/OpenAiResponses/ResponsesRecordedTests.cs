using Gatehouse.Protocols.Dialects.OpenAi;
using Gatehouse.Protocols.Dialects.OpenAiResponses;
using Gatehouse.Protocols.Json;
using Gatehouse.Protocols.Tests.Recorded;

namespace Gatehouse.Protocols.Tests.Dialects.OpenAiResponses;

public sealed class ResponsesRecordedTests
{
    public static TheoryData<string> Requests => RecordedCases.Ids(c => IsCall(c) && c.Request is not null);

    public static TheoryData<string> Answers => RecordedCases.Ids(c => IsCall(c) && c.IsSuccess && c.IsJson && c.ResponseJson.Array("output") is not null);

    public static TheoryData<string> Errors => RecordedCases.Ids(c => c.Endpoint == "responses" && !c.IsSuccess && c.IsJson);

    public static TheoryData<string> Streams => RecordedCases.Ids(c => IsCall(c) && c.IsSuccess && c.Kind == "sse" && c.Response is { Length: > 0 });

    [Theory, MemberData(nameof(Requests))]
    public void A_request_survives_its_own_dialect(string id) => RoundTrip.Request(ResponsesCodec.Instance, RecordedCases.Get(id));

    [Theory, MemberData(nameof(Answers))]
    public void An_answer_survives_its_own_dialect(string id) => RoundTrip.Response(ResponsesCodec.Instance, RecordedCases.Get(id));

    [Theory, MemberData(nameof(Streams))]
    public void A_stream_survives_its_own_dialect(string id) => RoundTrip.Stream(ResponsesCodec.Instance, RecordedCases.Get(id));

    [Theory, MemberData(nameof(Answers))]
    public void An_answers_usage_is_read(string id)
    {
        var body = RecordedCases.Get(id).ResponseJson;
        var expected = body.Object("usage") is { } usage ? OpenAiUsageReader.Read(usage) : null;

        Assert.Equal(expected, ResponsesCodec.Instance.ReadResponse(body, "fallback").Usage);
    }

    [Theory, MemberData(nameof(Errors))]
    public void An_error_keeps_its_words(string id)
    {
        var recorded = RecordedCases.Get(id);
        var root = recorded.ResponseJson;
        var expected = root.Object("error")?.Text("message") ?? root.Text("error") ?? root.Text("detail");

        var error = ResponsesCodec.Instance.ReadError(recorded.Status, root);
        var written = RoundTrip.Write(writer => ResponsesCodec.Instance.WriteError(error, writer));

        Assert.Equal(expected, error.Message);
        Assert.Equal(recorded.Status, error.Status);
        Assert.Equal(expected, written.GetProperty("error").Text("message"));
        Assert.Equal(root.Object("error")?.Text("code") ?? root.Text("code"), written.GetProperty("error").Text("code"));
    }

    private static bool IsCall(RecordedCase c) => c.Endpoint == "responses" && !c.Url.EndsWith("/input_items", StringComparison.Ordinal)
        && (c.Request is not null || !c.Url.Contains("/responses/resp", StringComparison.Ordinal));
}
