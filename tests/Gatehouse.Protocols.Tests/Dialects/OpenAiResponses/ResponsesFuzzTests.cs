using System.Globalization;
using System.Text;
using System.Text.Json;
using FsCheck.Fluent;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Dialects.OpenAiResponses;
using Gatehouse.Protocols.Json;
using Gatehouse.Protocols.Tests.Generators;
using Gatehouse.Protocols.Tests.Recorded;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Protocols.Tests.Dialects.OpenAiResponses;

/// <summary>Recorded bodies with some of their values replaced: nothing but a <see cref="DialectException"/> may come of them.</summary>
public sealed class ResponsesFuzzTests
{
    private static readonly string[] Values =
    [
        "null", "true", "0", "-1", "1e999", "1.5", "\"\"", "\"x\"", "\"\\ud800\"", "[]", "{}", "[null]", "[\"x\"]", "[{}]", "{\"type\":\"x\"}", "{\"\\ud800\":1}",
        "\"message\"", "\"function_call\"", "\"reasoning\"", "\"output_text\"", "\"assistant\"", "\"user\"", "\"gatehouse.gemini.>x\"", "\"gatehouse.gemini.<x\"",
    ];

    [Fact]
    public void Mutated_requests() => Fuzz(ResponsesRecordedTests.Requests, c => c.Request!, body =>
    {
        var request = ResponsesCodec.Instance.ReadRequest(body);
        Write(w => ResponsesCodec.Instance.WriteRequest(request, new RequestContext("m", TargetRules.None, new DroppedParameters()), w));
        var foreign = request with { Dialect = Dialect.Anthropic };
        Write(w => ResponsesCodec.Instance.WriteRequest(foreign, new RequestContext("m", TargetRules.None, new DroppedParameters()), w));
        ResponsesState.WithEarlierTurns(body, default);
    });

    [Fact]
    public void Mutated_answers() => Fuzz(ResponsesRecordedTests.Answers, c => c.Response!, body =>
    {
        var response = ResponsesCodec.Instance.ReadResponse(body, "fallback");
        Write(w => ResponsesCodec.Instance.WriteResponse(response, RoundTrip.Context(Dialect.OpenAiResponses), w));
        Write(w => ResponsesCodec.Instance.WriteResponse(response with { Extensions = null }, RoundTrip.Context(Dialect.OpenAiResponses), w));
        ResponsesCodec.Instance.ReadError(500, body);
    });

    [Fact]
    public void Mutated_streams()
    {
        Require.Present(SharedData.IsPresent("wire.tar.gz"), "the recorded traffic");
        var cases = ResponsesRecordedTests.Streams.Select(row => RecordedCases.Get(row.Data)).Where(c => c.Response!.Length < 100_000).ToArray();
        Properties.Hold(
            from number in Gen.Choose(0, cases.Length - 1)
            from seed in Gen.Choose(0, int.MaxValue - 1)
            select (cases[number], seed),
            pick =>
            {
                var random = new Random(pick.seed);
                var frames = Encoding.UTF8.GetString(pick.Item1.Response!).Split('\n').Select(line =>
                    line.StartsWith("data: {", StringComparison.Ordinal) && random.Next(8) == 0 ? "data: " + Mutate(JsonDocument.Parse(line["data: ".Length..]).RootElement, random) : line);
                Tolerate(() => ResponsesStreamRules.Write(RoundTrip.ReadStream(ResponsesCodec.Instance, Encoding.UTF8.GetBytes(string.Join('\n', frames)))));
            },
            300);
    }

    [Fact]
    public void Any_split_of_a_stream_into_reads_is_the_same_stream()
    {
        // Frames are cut by the frame reader; what is left is that a reader keeps no frame's memory.
        Require.Present(SharedData.IsPresent("wire.tar.gz"), "the recorded traffic");
        foreach (var row in ResponsesRecordedTests.Streams)
        {
            var stream = RecordedCases.Get(row.Data).Response!;
            var events = new List<ChatStreamEvent>();
            var reader = ResponsesCodec.Instance.NewStreamReader("fallback");
            foreach (var line in Encoding.UTF8.GetString(stream).Split('\n').Where(l => l.StartsWith("data: ", StringComparison.Ordinal)))
            {
                var data = Encoding.UTF8.GetBytes(line["data: ".Length..]);
                reader.Read(default, data, events);
                Array.Clear(data);
            }

            Assert.Equal(ResponsesStreamRules.Write(RoundTrip.ReadStream(ResponsesCodec.Instance, stream)), ResponsesStreamRules.Write(events));
        }
    }

    private static void Fuzz(TheoryData<string> ids, Func<RecordedCase, byte[]> body, Action<JsonElement> use)
    {
        Require.Present(SharedData.IsPresent("wire.tar.gz"), "the recorded traffic");
        var bodies = ids.Select(row => body(RecordedCases.Get(row.Data))).Where(b => b.Length < 50_000).ToArray();
        Properties.Hold(
            from number in Gen.Choose(0, bodies.Length - 1)
            from seed in Gen.Choose(0, int.MaxValue - 1)
            select (bodies[number], seed),
            pick =>
            {
                var mutated = Mutate(JsonDocument.Parse(pick.Item1).RootElement, new Random(pick.seed));
                Tolerate(() => use(JsonDocument.Parse(mutated, JsonWriting.ReadOptions).RootElement));
            },
            1000);
    }

    private static void Tolerate(Action use)
    {
        try
        {
            use();
        }
        catch (DialectException exception)
        {
            Assert.False(string.IsNullOrWhiteSpace(exception.Message));
        }
    }

    private static void Write(Action<Utf8JsonWriter> write) => Assert.NotEqual(JsonValueKind.Undefined, RoundTrip.Write(write).ValueKind);

    private static string Mutate(JsonElement element, Random random)
    {
        if (random.Next(40) == 0)
        {
            return Values[random.Next(Values.Length)];
        }

        return element.ValueKind switch
        {
            JsonValueKind.Object => "{" + string.Join(',', element.EnumerateObject().Where(_ => random.Next(40) != 0).Select(m =>
                string.Create(CultureInfo.InvariantCulture, $"{(random.Next(60) == 0 ? "\"\\udc00\"" : JsonSerializer.Serialize(m.Name))}:{Mutate(m.Value, random)}"))) + "}",
            JsonValueKind.Array => "[" + string.Join(',', element.EnumerateArray().Select(e => Mutate(e, random))) + "]",
            _ => element.GetRawText(),
        };
    }
}
