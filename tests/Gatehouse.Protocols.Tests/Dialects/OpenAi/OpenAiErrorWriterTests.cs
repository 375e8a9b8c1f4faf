using System.Buffers;
using System.Text;
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Dialects.OpenAi;
using Gatehouse.Protocols.Sse;
using Gatehouse.Protocols.Tests.Generators;
using Gatehouse.Protocols.Tests.Sse;

namespace Gatehouse.Protocols.Tests.Dialects.OpenAi;

public sealed class OpenAiErrorWriterTests
{
    private static readonly Gen<string> Text = JsonTexts.String.Select(text => JsonSerializer.Deserialize<string>(text)!);

    [Fact]
    public void Any_words_come_back_from_a_parser() => Properties.Hold(
        from message in Text from type in Text from param in Gen.OneOf(Text.Select(text => (string?)text), Gen.Constant<string?>(null)) from code in Text select (message, type, param, code),
        error =>
        {
            var output = new ArrayBufferWriter<byte>();
            OpenAiErrorWriter.Write(output, error.message, error.type, error.param, error.code);
            AssertIs(error, output.WrittenSpan);
        },
        count: 300);

    [Fact]
    public void The_event_is_one_frame_whatever_the_words() => Properties.Hold(
        from message in Text select (message + "\r\n\r\ndata: [DONE]\n\n", "type", (string?)null, "code"),
        error =>
        {
            var output = new ArrayBufferWriter<byte>();
            OpenAiErrorWriter.WriteEvent(output, error.Item1, error.Item2, error.Item3, error.Item4);

            var text = Encoding.UTF8.GetString(output.WrittenSpan);
            Assert.Equal([text], SseReference.Frames(text), StringComparer.Ordinal);
            AssertIs(error, SseFrame.Parse(output.WrittenSpan).Data);
            Assert.True(new OpenAiAnswerFacts().Read(SseFrame.Parse(output.WrittenSpan).Data, out var traits));
            Assert.Equal(ChunkTraits.Error, traits);
        },
        count: 300);

    [Fact]
    public void The_envelope_has_all_four_members_in_the_order_of_the_provider()
    {
        var output = new ArrayBufferWriter<byte>();
        OpenAiErrorWriter.Write(output, "m", "t", param: null, "c");
        Assert.Equal("""{"error":{"message":"m","type":"t","param":null,"code":"c"}}""", Encoding.UTF8.GetString(output.WrittenSpan));
    }

    private static void AssertIs((string Message, string Type, string? Param, string Code) expected, ReadOnlySpan<byte> json)
    {
        using var document = JsonDocument.Parse(json.ToArray());
        var error = document.RootElement.GetProperty("error");
        Assert.Equal(expected, (error.GetProperty("message").GetString()!, error.GetProperty("type").GetString()!, error.GetProperty("param").GetString(), error.GetProperty("code").GetString()!));
    }
}
