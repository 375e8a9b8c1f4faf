using System.Text;
using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Dialects.Gemini;
using Gatehouse.Protocols.Tests.Recorded;

namespace Gatehouse.Protocols.Tests.Dialects.Gemini;

/// <summary>The recorded traffic of the Gemini API and of Gemini on Vertex AI.</summary>
public sealed class GeminiRecordedTests
{
    private static readonly GeminiCodec Codec = GeminiCodec.Instance;

    public static TheoryData<string> Requests => RecordedCases.Ids(c => IsGemini(c) && c.Request is not null);

    public static TheoryData<string> Answers => RecordedCases.Ids(c =>
        IsGemini(c) && c is { IsSuccess: true, IsJson: true, Endpoint: "generateContent" } && !c.Id.EndsWith("invalid-response-0", StringComparison.Ordinal));

    public static TheoryData<string> Streams => RecordedCases.Ids(c =>
        IsGemini(c) && c is { IsSuccess: true, IsStream: true } && !IsBroken(c.Id));

    public static TheoryData<string> BrokenStreams => RecordedCases.Ids(c => IsGemini(c) && c is { IsSuccess: true, IsStream: true } && IsBroken(c.Id));

    public static TheoryData<string> Lists => RecordedCases.Ids(c => IsGemini(c) && c is { IsSuccess: true, IsJson: true, Endpoint: "streamGenerateContent" });

    public static TheoryData<string> Errors => RecordedCases.Ids(c => IsGemini(c) && !c.IsSuccess);

    [Theory]
    [MemberData(nameof(Requests))]
    public void A_request_read_and_written_is_the_same(string id)
    {
        var recorded = RecordedCases.Get(id);
        var request = Codec.ReadRequest(recorded.RequestJson);
        var dropped = new DroppedParameters();
        var context = new RequestContext(recorded.Model ?? "", TargetRules.None, dropped);
        var written = RoundTrip.Write(writer => Codec.WriteRequest(request, context, writer));
        // Counting takes a whole request, wrapped.
        var expected = GeminiNormalForm.Of(recorded.RequestJson);
        expected = expected.TryGetProperty("generateContentRequest", out var wrapped) ? wrapped : expected;
        var differences = JsonDifference.Between(expected, written)
            .Where(d => !RoundTripExceptions.Covers(id, "request", d)).ToList();
        Assert.True(differences.Count == 0, string.Join('\n', differences.Take(20)));
        Assert.Empty(dropped.Names);
    }

    [Theory]
    [MemberData(nameof(Answers))]
    public void An_answer_read_and_written_is_the_same(string id) => RoundTrip.Response(Codec, RecordedCases.Get(id));

    [Theory]
    [MemberData(nameof(Answers))]
    public void Usage_adds_up_to_what_was_recorded(string id)
    {
        var recorded = RecordedCases.Get(id).ResponseJson;
        var usage = Codec.ReadResponse(recorded, "fallback").Usage;
        if (recorded.TryGetProperty("usageMetadata", out var metadata) && metadata.TryGetProperty("totalTokenCount", out var total)
            && metadata.TryGetProperty("candidatesTokenCount", out _))
        {
            Assert.NotNull(usage);
            Assert.Equal(total.GetInt64(), usage.InputTokens + (usage.CacheReadTokens ?? 0) + usage.OutputTokens);
        }
    }

    [Theory]
    [MemberData(nameof(Streams))]
    public void A_stream_read_and_written_is_the_same_answer(string id) => RoundTrip.Stream(Codec, RecordedCases.Get(id));

    [Theory]
    [MemberData(nameof(Streams))]
    public void A_stream_says_what_its_chunks_say_together(string id)
    {
        var stream = RecordedCases.Get(id).Response!;
        var chunks = Encoding.UTF8.GetString(stream).Split('\n').Where(l => l.StartsWith("data:", StringComparison.Ordinal))
            .Select(l => JsonDocument.Parse(l[5..]).RootElement).ToList();
        var parts = chunks.SelectMany(c => c.TryGetProperty("candidates", out var candidates) ? candidates.EnumerateArray() : default)
            .Select(c => c.TryGetProperty("content", out var content) && content.TryGetProperty("parts", out var list) ? list : default)
            .Where(p => p.ValueKind == JsonValueKind.Array).SelectMany(p => p.EnumerateArray()).ToList();
        var answer = RoundTrip.Collect(Dialect.Gemini, RoundTrip.ReadStream(Codec, stream)).ToResponse();
        var read = answer.Choices.SelectMany(c => c.Parts).ToList();

        Assert.Equal(string.Concat(parts.Where(p => !IsThought(p)).Select(Text)), string.Concat(read.OfType<TextPart>().Select(t => t.Text)));
        Assert.Equal(string.Concat(parts.Where(IsThought).Select(Text)), string.Concat(read.OfType<ReasoningPart>().Select(t => t.Text)));
        Assert.Equal(
            parts.Where(p => p.TryGetProperty("functionCall", out var call) && call.TryGetProperty("name", out _)).Select(p => p.GetProperty("functionCall").GetProperty("name").GetString()),
            read.OfType<ToolCallPart>().Select(c => c.Name), StringComparer.Ordinal);
        Assert.All(read.OfType<ToolCallPart>(), c => Assert.Equal(JsonValueKind.Object, JsonDocument.Parse(c.Arguments).RootElement.ValueKind));
        Assert.Equal(
            parts.Where(p => p.TryGetProperty("thoughtSignature", out _)).Select(p => p.GetProperty("thoughtSignature").GetString()),
            read.Select(SignatureOf).OfType<Signature>().Select(s => s.Value), StringComparer.Ordinal);
        if (chunks.LastOrDefault(c => c.TryGetProperty("usageMetadata", out var u) && u.TryGetProperty("totalTokenCount", out _)) is { ValueKind: JsonValueKind.Object } last
            && last.GetProperty("usageMetadata").TryGetProperty("candidatesTokenCount", out _))
        {
            Assert.Equal(
                last.GetProperty("usageMetadata").GetProperty("totalTokenCount").GetInt64(),
                answer.Usage!.InputTokens + (answer.Usage.CacheReadTokens ?? 0) + answer.Usage.OutputTokens);
        }
    }

    [Theory]
    [MemberData(nameof(BrokenStreams))]
    public void A_stream_without_a_reason_to_end_has_not_ended(string id) =>
        Assert.DoesNotContain(RoundTrip.ReadStream(Codec, RecordedCases.Get(id).Response!), e => e is AnswerEnded);

    [Theory]
    [MemberData(nameof(Lists))]
    public void A_list_is_a_stream_too(string id)
    {
        var events = new List<ChatStreamEvent>();
        var reader = Codec.NewStreamReader("fallback");
        reader.Read([], RecordedCases.Get(id).Response!, events);
        reader.EndOfStream(events);
        var answer = RoundTrip.Collect(Dialect.Gemini, events);
        Assert.True(answer.HasEnded);
        Assert.Equal(StopReason.EndTurn, answer.ToResponse().Choices[0].Stop!.Reason);
        Assert.NotEmpty(Assert.IsType<TextPart>(Assert.Single(answer.ToResponse().Choices[0].Parts)).Text);
    }

    [Theory]
    [MemberData(nameof(Errors))]
    public void An_error_keeps_its_status_message_and_kind(string id)
    {
        var recorded = RecordedCases.Get(id);
        var expected = recorded.ResponseJson.GetProperty("error");
        var error = Codec.ReadError(recorded.Status, recorded.ResponseJson);
        Assert.Equal(recorded.Status, error.Status);
        Assert.Equal(expected.GetProperty("message").GetString(), error.Message);
        Assert.Equal(expected.GetProperty("status").GetString(), error.ProviderType);
        var written = RoundTrip.Write(writer => Codec.WriteError(error, writer)).GetProperty("error");
        Assert.Equal(expected.GetProperty("code").GetInt32(), written.GetProperty("code").GetInt32());
        Assert.Equal(expected.GetProperty("message").GetString(), written.GetProperty("message").GetString());
        Assert.Equal(expected.GetProperty("status").GetString(), written.GetProperty("status").GetString());
    }

    private static bool IsGemini(RecordedCase recorded) =>
        recorded.Provider is "gemini" or "vertex" && recorded.Endpoint is "generateContent" or "streamGenerateContent" or "countTokens";

    private static bool IsBroken(string id) => id is "vertex/streamGenerateContent-streaming-failure-invalid-json-0"
        or "vertex/streamGenerateContent-streaming-failure-malformed-content-0";

    private static bool IsThought(JsonElement part) => part.TryGetProperty("thought", out var thought) && thought.ValueKind == JsonValueKind.True;

    private static string? Text(JsonElement part) => part.TryGetProperty("text", out var text) ? text.GetString() : null;

    private static Signature? SignatureOf(Part part) => part switch
    {
        TextPart text => text.Signature,
        ReasoningPart reasoning => reasoning.Signature,
        ToolCallPart call => call.Signature,
        ImagePart image => image.Signature,
        OpaquePart opaque when opaque.Value.TryGetProperty("thoughtSignature", out var own) => new Signature(Dialect.Gemini, own.GetString()!),
        _ => null,
    };
}
