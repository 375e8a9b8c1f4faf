using System.Buffers;
using System.Text;
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;
using Gatehouse.Protocols.Tests.Generators;
using Gatehouse.Protocols.Tests.Recorded;

namespace Gatehouse.Protocols.Tests.Dialects;

/// <summary>
/// What was recorded, with a value changed for any other, or a few bytes, and told in every other dialect: it is read and written, or
/// refused as what it is.
/// </summary>
public sealed class AcrossDialectsFuzzTests
{
    public static TheoryData<Dialect> Names => AllDialects.Names;

    [Theory, MemberData(nameof(Names))]
    public void A_request_is_told_or_refused(Dialect dialect)
    {
        var codec = AllDialects.CodecOf(dialect);
        Properties.Hold(Changed(AllDialects.Bodies(dialect, c => c.Request)), text =>
        {
            if (Parse(text) is not { } body || Try(() => codec.ReadRequest(body)) is not { } request)
            {
                return;
            }

            foreach (var target in AllDialects.Codecs)
            {
                _ = Try(() => Write(w => target.WriteRequest(request, new RequestContext("m", TargetRules.None, new DroppedParameters()), w)));
            }
        });
    }

    [Theory, MemberData(nameof(Names))]
    public void An_answer_is_told_or_refused(Dialect dialect)
    {
        var codec = AllDialects.CodecOf(dialect);
        Properties.Hold(Changed(AllDialects.Bodies(dialect, c => c.IsJson ? c.Response : null)), text =>
        {
            if (Parse(text) is not { } body)
            {
                return;
            }

            var error = Try(() => codec.ReadError(400, body));
            Assert.True(error is null || error.Message.Length > 0);
            if (Try(() => codec.ReadResponse(body, "f")) is not { } response)
            {
                return;
            }

            foreach (var caller in AllDialects.Codecs)
            {
                _ = Try(() => Write(w => caller.WriteResponse(response, RoundTrip.Context(caller.Dialect), w)));
                _ = Try(() => AnswerEvents.Of(response).Aggregate(caller.NewStreamWriter(RoundTrip.Context(caller.Dialect)), Told));
            }
        });
    }

    /// <summary>In whatever order its frames come, and with some of them twice.</summary>
    [Theory, MemberData(nameof(Names))]
    public void A_stream_is_told_or_refused(Dialect dialect)
    {
        var codec = AllDialects.CodecOf(dialect);
        var frames = AllDialects.Frames(dialect);
        var changed = from frame in Gen.Elements<(string Name, string Data)>(frames) from data in Changed([frame.Data]) select (frame.Name, data);
        var streams = Gen.Frequency((4, Gen.Elements<(string Name, string Data)>(frames)), (1, changed)).ListOf().Resize(12);
        Properties.Hold(streams, stream =>
        {
            var reader = codec.NewStreamReader("f");
            List<ChatStreamEvent> events = [];
            foreach (var (name, data) in stream)
            {
                if (Try(() => { reader.Read(Encoding.UTF8.GetBytes(name), Encoding.UTF8.GetBytes(data), events); return events; }) is null)
                {
                    break;
                }
            }

            _ = RoundTrip.Collect(dialect, events).ToResponse();
            foreach (var caller in AllDialects.Codecs)
            {
                _ = Try(() => events.Aggregate(caller.NewStreamWriter(RoundTrip.Context(caller.Dialect)), Told));
            }
        }, 1000);
    }

    private static ChatStreamWriter Told(ChatStreamWriter writer, ChatStreamEvent streamEvent)
    {
        writer.Write(streamEvent, new ArrayBufferWriter<byte>());
        return writer;
    }

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
