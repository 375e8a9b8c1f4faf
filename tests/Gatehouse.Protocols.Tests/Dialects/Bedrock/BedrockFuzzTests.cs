using System.Text;
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Dialects.Bedrock;
using Gatehouse.Protocols.Json;
using Gatehouse.Protocols.Tests.Generators;
using Gatehouse.Protocols.Tests.Recorded;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Protocols.Tests.Dialects.Bedrock;

/// <summary>Recorded bodies with a few bytes changed, or with values in the wrong places: told as malformed, never a crash.</summary>
public sealed class BedrockFuzzTests
{
    [Fact]
    public void A_broken_request_is_malformed_or_is_read_and_written() => Check(
        Bodies(c => c.Request),
        body =>
        {
            var request = BedrockCodec.Instance.ReadRequest(body);
            _ = RoundTrip.Write(w => BedrockCodec.Instance.WriteRequest(request, new RequestContext("anthropic.claude", TargetRules.None, new DroppedParameters()), w));
        });

    [Fact]
    public void A_broken_answer_is_malformed_or_is_read_and_written() => Check(
        Bodies(c => c.IsJson ? c.Response : null),
        body =>
        {
            _ = BedrockCodec.Instance.ReadError(400, body);
            var response = BedrockCodec.Instance.ReadResponse(body, "x");
            _ = RoundTrip.Write(w => BedrockCodec.Instance.WriteResponse(response, RoundTrip.Context(Dialect.Bedrock), w));
            _ = BedrockStreams.Written(AnswerEvents.Of(response with { Choices = [response.Choices[0] with { Parts = [.. response.Choices[0].Parts.Where(p => p is not OpaquePart)] }] }));
        });

    [Fact]
    public void A_broken_stream_is_malformed_or_is_read_and_written()
    {
        Require.Present(SharedData.IsPresent("wire.tar.gz"), "the recorded traffic");
        var streams = BedrockRecordedTests.Streams.Select(row => BedrockStreams.Messages(RecordedCases.Get(row.Data).Response!)).ToArray();
        Properties.Hold(
            from stream in Gen.Elements(streams)
            from at in Gen.Choose(0, stream.Count - 1)
            from broken in Gen.OneOf(JsonTexts.Mutated(Gen.Constant(stream[at].Json)).Select(Encoding.UTF8.GetString), Swapped(stream[at].Json))
            select (stream, at, broken),
            value =>
            {
                try
                {
                    var messages = value.stream.ToList();
                    messages[value.at] = (messages[value.at].Name, value.broken);
                    _ = RoundTrip.Collect(Dialect.Bedrock, BedrockStreams.Events(messages)).ToResponse();
                }
                catch (MalformedException)
                {
                    // Told.
                }
            });
    }

    private static void Check(byte[][] bodies, Action<JsonElement> check) => Properties.Hold(
        from body in Gen.Elements(bodies).Select(Encoding.UTF8.GetString)
        from broken in Gen.OneOf(JsonTexts.Mutated(Gen.Constant(body)), Swapped(body).Select(Encoding.UTF8.GetBytes))
        select broken,
        broken =>
        {
            try
            {
                using var document = JsonDocument.Parse(broken, JsonWriting.ReadOptions);
                check(document.RootElement);
            }
            catch (Exception exception) when (exception is JsonException or MalformedException or UnsupportedException)
            {
                // Told.
            }
        });

    /// <summary>One of its values is another.</summary>
    private static Gen<string> Swapped(string json) =>
        from place in Gen.Choose(0, 1_000_000)
        from other in Gen.Elements("null", "1", "\"\"", "\"x\"", "[]", "{}", "[{}]", "[null]", "{\"a\":{\"b\":[1]}}", "true", "\"\\ud800\"", "1e400")
        select Swap(json, place, other);

    private static string Swap(string json, int place, string other)
    {
        using var document = JsonDocument.Parse(json);
        var values = new List<string>();
        Collect(document.RootElement, values);
        var chosen = values[place % values.Count];
        var start = json.IndexOf(chosen, StringComparison.Ordinal);
        return string.Concat(json.AsSpan(0, start), other, json.AsSpan(start + chosen.Length));
    }

    private static void Collect(JsonElement element, List<string> values)
    {
        values.Add(element.GetRawText());
        foreach (var inner in element.ValueKind switch
        {
            JsonValueKind.Object => element.EnumerateObject().Select(m => m.Value),
            JsonValueKind.Array => element.EnumerateArray(),
            _ => [],
        })
        {
            Collect(inner, values);
        }
    }

    /// <summary>Small ones: breaking a picture tells nothing.</summary>
    private static byte[][] Bodies(Func<RecordedCase, byte[]?> body)
    {
        Require.Present(SharedData.IsPresent("wire.tar.gz"), "the recorded traffic");
        var bodies = BedrockRecordedTests.Requests.Select(row => body(RecordedCases.Get(row.Data))).OfType<byte[]>().Where(b => b.Length is > 0 and < 8192).ToArray();
        Assert.NotEmpty(bodies);
        return bodies;
    }
}
