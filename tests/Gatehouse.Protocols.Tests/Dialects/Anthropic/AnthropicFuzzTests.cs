using System.Buffers;
using System.Text;
using System.Text.Json;
using FsCheck.Fluent;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Dialects.Anthropic;
using Gatehouse.Protocols.Json;
using Gatehouse.Protocols.Tests.Generators;
using Gatehouse.Protocols.Tests.Recorded;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Protocols.Tests.Dialects.Anthropic;

/// <summary>Bodies with a few bytes changed are refused as malformed or unsupported, or mean something: never anything else.</summary>
public class AnthropicFuzzTests
{
    private static readonly AnthropicCodec Codec = AnthropicCodec.Instance;

    /// <summary>Kept short, so that a change hits something.</summary>
    private const int MaxLength = 20_000;

    private static readonly Lazy<string[]> RequestBodies = new(() => Texts(c => c.Endpoint == "messages" && c.Request is not null, c => c.Request!));

    private static readonly Lazy<string[]> AnswerBodies = new(() => Texts(c => c.Endpoint == "messages" && c.IsJson, c => c.Response!));

    private static readonly Lazy<string[]> FrameTexts = new(() =>
        [.. Texts(c => c.Endpoint == "messages" && c.Kind == "sse", c => c.Response!).SelectMany(s => s.Split('\n')).Where(l => l.StartsWith("data: {", StringComparison.Ordinal)).Select(l => l["data: ".Length..])]);

    [Fact]
    public void Requests() => Hold(RequestBodies, body =>
    {
        var request = Codec.ReadRequest(body);
        _ = AnthropicBodies.Write(request);
        _ = AnthropicBodies.Write(request with { Dialect = Dialect.Bedrock, Extensions = null, Tools = [.. request.Tools.OfType<FunctionTool>()] }, "thinking_adaptive");
    });

    [Fact]
    public void Answers() => Hold(AnswerBodies, body =>
    {
        var response = Codec.ReadResponse(body, "f");
        _ = AnthropicBodies.Answer(response);
        _ = AnthropicBodies.Answer(response with { Dialect = Dialect.Bedrock });
    });

    [Fact]
    public void Errors() => Hold(AnswerBodies, body => _ = RoundTrip.Write(w => Codec.WriteError(Codec.ReadError(400, body), w)));

    /// <summary>Some frames of one stream, of which each may be broken.</summary>
    [Fact]
    public void Frames()
    {
        Require.Present(FrameTexts.Value.Length > 0, "the recorded traffic");
        var frame = Gen.OneOf(
            Gen.Elements(FrameTexts.Value).Select(Encoding.UTF8.GetBytes), JsonTexts.Mutated(Gen.Elements(FrameTexts.Value)),
            Gen.Elements(FrameTexts.Value).Select(WithHalfASurrogate));
        Properties.Hold(frame.ListOf(), frames =>
        {
            var reader = Codec.NewStreamReader("f");
            var writer = Codec.NewStreamWriter(RoundTrip.Context(Dialect.Anthropic));
            var events = new List<ChatStreamEvent>();
            var output = new ArrayBufferWriter<byte>();
            Expected(() =>
            {
                foreach (var data in frames)
                {
                    reader.Read([], data, events);
                }
            });
            foreach (var streamEvent in events)
            {
                writer.Write(streamEvent, output);
            }

            writer.WriteFailure(ChatError.Of(502, "the stream broke off"), output);
            AnthropicStreamCheck.Whole(AnthropicStreamCheck.Frames(output.WrittenSpan));
        }, 1000);
    }

    private static void Hold(Lazy<string[]> bodies, Action<JsonElement> check)
    {
        Require.Present(bodies.Value.Length > 0, "the recorded traffic");
        Properties.Hold(Gen.OneOf(JsonTexts.Mutated(Gen.Elements(bodies.Value)), Gen.Elements(bodies.Value).Select(WithHalfASurrogate)), bytes =>
        {
            JsonDocument body;
            try
            {
                body = JsonDocument.Parse(bytes, JsonWriting.ReadOptions);
            }
            catch (JsonException)
            {
                return;
            }

            Expected(() => check(body.RootElement));
        }, 2000);
    }

    private static void Expected(Action read)
    {
        try
        {
            read();
        }
        catch (Exception exception) when (exception is MalformedException or UnsupportedException)
        {
            // What is wrong was told.
        }
    }

    /// <summary>JSON, but not Unicode: in a text or in a name, wherever the first "e" of a body's middle stands.</summary>
    private static byte[] WithHalfASurrogate(string text)
    {
        var at = text.IndexOf('e', text.Length / 2);
        return Encoding.UTF8.GetBytes(at < 0 ? text : $"{text[..at]}\\ud800{text[(at + 1)..]}");
    }

    private static string[] Texts(Func<RecordedCase, bool> filter, Func<RecordedCase, byte[]> body) =>
        [.. RecordedCases.Ids(c => c.Provider == "anthropic" && filter(c)).Select(row => (string)row)
            .Where(id => id != "absent").Select(id => Encoding.UTF8.GetString(body(RecordedCases.Get(id)))).Where(t => t.Length < MaxLength)];
}
