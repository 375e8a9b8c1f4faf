using System.Text;
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Dialects.Mistral;
using Gatehouse.Protocols.Dialects.OpenAi;
using Gatehouse.Protocols.Json;
using Gatehouse.Protocols.Tests.Generators;
using Gatehouse.Protocols.Tests.Recorded;

namespace Gatehouse.Protocols.Tests.Dialects.OpenAi;

/// <summary>Recorded bodies with some of their values replaced: whatever is in them, nothing but a refusal comes of it.</summary>
public sealed class OpenAiChatFuzzTests
{
    private static readonly DialectCodec[] Codecs = [OpenAiChatCodec.Instance, MistralCodec.Instance];

    [Fact]
    public void A_broken_request_is_read_or_refused()
    {
        Properties.Hold(Mutated(c => c.Request), text =>
        {
            foreach (var codec in Codecs)
            {
                Try(text, body =>
                {
                    var request = codec.ReadRequest(body);
                    foreach (var target in Codecs)
                    {
                        Try(() => RoundTrip.Write(writer => target.WriteRequest(request, new RequestContext("m", TargetRules.None, new DroppedParameters()), writer)));
                    }
                });
            }
        });
    }

    [Fact]
    public void A_broken_answer_is_read_or_refused()
    {
        Properties.Hold(Mutated(c => c.IsJson ? c.Response : null), text =>
        {
            foreach (var codec in Codecs)
            {
                Try(text, body =>
                {
                    var error = codec.ReadError(500, body);
                    _ = RoundTrip.Write(writer => codec.WriteError(error, writer));
                    var answer = codec.ReadResponse(body, "x");
                    foreach (var target in Codecs)
                    {
                        Try(() => RoundTrip.Write(writer => target.WriteResponse(answer, RoundTrip.Context(target.Dialect), writer)));
                        Try(() => ChatStreamRules.Write(target, AnswerEvents.Of(answer with { Choices = [.. answer.Choices.DistinctBy(c => c.Index)] })));
                    }
                });
            }
        });
    }

    [Fact]
    public void A_stream_with_a_broken_chunk_keeps_the_order_of_events()
    {
        Properties.Hold(MutatedStreams(), stream =>
        {
            foreach (var codec in Codecs)
            {
                try
                {
                    var events = RoundTrip.ReadStream(codec, Encoding.UTF8.GetBytes(stream));
                    StreamRules.CheckEvents(events);
                    if (events is [.., AnswerEnded or AnswerFailed])
                    {
                        _ = ChatStreamRules.Write(codec, events);
                    }
                }
                catch (DialectException)
                {
                    // Refused.
                }
            }
        });
    }

    private static Gen<string> Mutated(Func<RecordedCase, byte[]?> body)
    {
        var bodies = Recorded().Select(body).Where(b => b is not null).Select(b => Encoding.UTF8.GetString(b!)).Where(t => t.Length < 30_000).ToList();
        return from text in Gen.Elements<string>(bodies)
               from times in Gen.Choose(1, 3)
               from mutated in Mutate(text, times)
               select mutated;
    }

    private static Gen<string> MutatedStreams()
    {
        var streams = Recorded().Where(c => c is { IsStream: true, Response.Length: < 60_000 }).Select(c => Encoding.UTF8.GetString(c.Response!)).ToList();
        return from stream in Gen.Elements<string>(streams)
               let lines = stream.Split('\n')
               from at in Gen.Choose(0, lines.Length - 1)
               let chunk = Array.FindIndex(lines, at, l => l.StartsWith("data: {", StringComparison.Ordinal))
               from mutated in chunk < 0 ? Gen.Constant("") : Mutate(lines[chunk]["data: ".Length..], 2)
               select chunk < 0 ? stream : string.Join('\n', lines.Select((l, i) => i == chunk ? $"data: {mutated}" : l));
    }

    private static IEnumerable<RecordedCase> Recorded() => OpenAiChatRecordedTests.Requests.Concat(OpenAiChatRecordedTests.Responses)
        .Concat(OpenAiChatRecordedTests.Streams).Concat(OpenAiChatRecordedTests.Errors)
        .Select(row => row.Data).Distinct(StringComparer.Ordinal).Select(RecordedCases.Get);

    /// <summary>Replaces a value by another one, some times.</summary>
    private static Gen<string> Mutate(string json, int times)
    {
        var values = Values(json);
        return from at in Gen.Choose(0, values.Count - 1)
               from value in Gen.OneOf(
                   JsonTexts.Value.Resize(5),
                   Gen.Elements("null", "\"\"", "[]", "{}", "-1", "1e400", "9223372036854775808", "\"\\ud800\"", "{\"\\ud800\":1}", "[[{}]]", "true", "\"data:;base64,\\/\""))
               let mutated = json[..values[at].Start] + value.Replace('\n', ' ').Replace('\r', ' ') + json[values[at].End..]
               from result in times <= 1 ? Gen.Constant(mutated) : Mutate(mutated, times - 1)
               select result;
    }

    /// <summary>Where the values of a JSON text stand.</summary>
    private static List<(int Start, int End)> Values(string json)
    {
        var bytes = Encoding.UTF8.GetBytes(json);
        var reader = new Utf8JsonReader(bytes, new JsonReaderOptions { MaxDepth = 256 });
        var values = new List<(int Start, int End)>();
        while (reader.Read())
        {
            if (reader.TokenType is JsonTokenType.PropertyName or JsonTokenType.EndArray or JsonTokenType.EndObject)
            {
                continue;
            }

            var start = (int)reader.TokenStartIndex;
            var end = reader;
            end.Skip();
            values.Add((Encoding.UTF8.GetCharCount(bytes, 0, start), Encoding.UTF8.GetCharCount(bytes, 0, (int)end.BytesConsumed)));
        }

        return values;
    }

    private static void Try(string text, Action<JsonElement> act)
    {
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(text, JsonWriting.ReadOptions);
        }
        catch (JsonException)
        {
            return;
        }

        using (document)
        {
            Try(() => act(document.RootElement));
        }
    }

    private static void Try(Action act)
    {
        try
        {
            act();
        }
        catch (DialectException)
        {
            // Refused.
        }
    }
}
