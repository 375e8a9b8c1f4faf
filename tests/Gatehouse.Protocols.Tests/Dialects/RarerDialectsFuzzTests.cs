using System.Buffers;
using System.Text;
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Dialects.Cohere;
using Gatehouse.Protocols.Dialects.Ollama;
using Gatehouse.Protocols.Dialects.OpenAi;
using Gatehouse.Protocols.Json;
using Gatehouse.Protocols.Tests.Generators;
using Gatehouse.Protocols.Tests.Recorded;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Protocols.Tests.Dialects;

/// <summary>What was recorded, with a value changed for any other, or a few bytes: it is read, or refused as what it is.</summary>
public sealed class RarerDialectsFuzzTests
{
    public static TheoryData<string> Names => ["cohere", "ollama"];

    [Theory, MemberData(nameof(Names))]
    public void A_request_is_read_or_refused(string provider)
    {
        var codec = CodecOf(provider);
        Properties.Hold(Changed(Bodies(provider, c => c.Request)), text =>
        {
            if (Parse(text) is not { } body || Try(() => codec.ReadRequest(body)) is not { } request)
            {
                return;
            }

            foreach (var target in new[] { codec, OpenAiChatCodec.Instance })
            {
                _ = Try(() => Write(w => target.WriteRequest(request, new RequestContext("m", TargetRules.None, new DroppedParameters()), w)));
            }
        });
    }

    [Theory, MemberData(nameof(Names))]
    public void An_answer_is_read_or_refused(string provider)
    {
        var codec = CodecOf(provider);
        Properties.Hold(Changed(Bodies(provider, c => c.IsJson ? c.Response : null)), text =>
        {
            if (Parse(text) is not { } body)
            {
                return;
            }

            var error = Try(() => codec.ReadError(400, body));
            Assert.True(error is null || error.Message.Length > 0);
            if (Try(() => codec.ReadResponse(body, "f")) is { } response)
            {
                foreach (var target in new[] { codec, OpenAiChatCodec.Instance })
                {
                    Assert.NotNull(Parse(Write(w => target.WriteResponse(response, RoundTrip.Context(target.Dialect), w))));
                }
            }
        });
    }

    [Theory, MemberData(nameof(Names))]
    public void A_stream_is_read_or_refused(string provider)
    {
        var codec = CodecOf(provider);
        var frames = Bodies(provider, c => c.IsStream ? c.Response : null).SelectMany(Frames).Distinct(StringComparer.Ordinal).ToList();
        var streams = Gen.OneOf(Gen.Elements<string>(frames), Changed(frames)).ListOf().Resize(8);
        Properties.Hold(streams, stream =>
        {
            var reader = codec.NewStreamReader("f");
            var writers = new[] { codec, OpenAiChatCodec.Instance }.Select(c => c.NewStreamWriter(RoundTrip.Context(c.Dialect))).ToList();
            var output = new ArrayBufferWriter<byte>();
            foreach (var frame in stream)
            {
                List<ChatStreamEvent> events = [];
                if (Try(() => { reader.Read([], Encoding.UTF8.GetBytes(frame), events); return events; }) is null)
                {
                    return;
                }

                foreach (var streamEvent in events)
                {
                    writers.ForEach(w => w.Write(streamEvent, output));
                }
            }
        });
    }

    private static DialectCodec CodecOf(string provider) => provider == "cohere" ? CohereCodec.Instance : OllamaCodec.Instance;

    private static List<string> Bodies(string provider, Func<RecordedCase, byte[]?> body)
    {
        Require.Present(SharedData.IsPresent("wire.tar.gz"), "the recorded traffic");
        return [.. RecordedCases.Ids(c => c.Provider == provider && c.Endpoint is "v2-chat" or "api-chat" && body(c) is { Length: < 20_000 })
            .Select(row => RecordedCases.Get(row.Data)).Where(c => c.Provider == provider).Select(c => Encoding.UTF8.GetString(body(c)!))];
    }

    private static IEnumerable<string> Frames(string stream) => stream.Split('\n')
        .Select(line => line.StartsWith("data: ", StringComparison.Ordinal) ? line["data: ".Length..] : line).Where(line => line.StartsWith('{'));

    /// <summary>With one value, wherever it stands, changed for another; or with bytes changed.</summary>
    private static Gen<string> Changed(List<string> bodies)
    {
        var replaced =
            from body in Gen.Elements<string>(bodies)
            from at in Gen.Choose(0, 1_000_000)
            from value in Gen.OneOf(JsonTexts.Value.Resize(20), Gen.Elements("null", "\"\"", "[]", "{}", "[null]", "[{}]", "-1", "1e300", "\"\\ud800\"", "{\"\\ud800\":1}", "true", "[1]", "{\"type\":1}"))
            select Replace(body, at, value);
        return Gen.Frequency((4, replaced), (1, JsonTexts.Mutated(Gen.Elements<string>(bodies)).Select(Encoding.UTF8.GetString)));
    }

    private static string Replace(string body, int at, string value)
    {
        var bytes = Encoding.UTF8.GetBytes(body);
        var places = new List<(int Start, int End)>();
        var open = new Stack<int>();
        var reader = new Utf8JsonReader(bytes);
        while (reader.Read())
        {
            var start = (int)reader.TokenStartIndex;
            switch (reader.TokenType)
            {
                case JsonTokenType.StartObject or JsonTokenType.StartArray:
                    open.Push(start);
                    break;
                case JsonTokenType.EndObject or JsonTokenType.EndArray:
                    places.Add((open.Pop(), start + 1));
                    break;
                case not JsonTokenType.PropertyName:
                    places.Add((start, (int)reader.BytesConsumed));
                    break;
            }
        }

        var place = places[at % places.Count];
        return Encoding.UTF8.GetString(bytes[..place.Start]) + value + Encoding.UTF8.GetString(bytes[place.End..]);
    }

    private static JsonElement? Parse(string text)
    {
        try
        {
            return JsonDocument.Parse(text, JsonWriting.ReadOptions).RootElement;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string Write(Action<Utf8JsonWriter> write)
    {
        var output = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(output, JsonWriting.Options))
        {
            write(writer);
        }

        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    /// <summary>Null when it was refused; whatever else is thrown fails the test.</summary>
    private static T? Try<T>(Func<T> read)
        where T : class
    {
        try
        {
            return read();
        }
        catch (DialectException)
        {
            return null;
        }
    }
}
