using System.Buffers;
using System.Text;
using Gatehouse.Protocols.Dialects.OpenAi;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Tests.Dialects.OpenAi;

public sealed class MultipartEnvelopeTests
{
    private const string Model = "content-disposition: form-data; name=\"model\"\r\n\r\nroute";
    private const string File = "Content-Disposition: form-data; name=\"file\"; filename=\"a;name=model.wav\"\r\nContent-Type: audio/wav\r\n\r\nRIFF--b\r\n-\r\n--B--\0";

    [Theory]
    [InlineData(Model, File)]
    [InlineData(File, Model)]
    [InlineData("Content-Disposition:form-data;name=model\r\n\r\nroute")]
    [InlineData("Content-Type: text/plain; charset=utf-8\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nroute", "content-disposition: form-data; name=empty\r\n\r\n")]
    public async Task The_model_is_found_and_exchanged_wherever_it_stands_and_however_the_body_is_cut(params string[] parts)
    {
        var body = Form(parts);
        for (var size = 1; size < body.Length; size = (size * 3) + 1)
        {
            var sequence = Cut(body, size);

            var form = MultipartEnvelope.Read(sequence, "bound"u8, out var error);

            Assert.True(form is not null, error.Message);
            Assert.Equal("route", form.Model);
            using var sent = new MemoryStream();
            await new SplicedJson(sequence, form.EditsFor("whisper-é")).WriteToAsync(sent, TestContext.Current.CancellationToken);
            Assert.Equal(Encoding.UTF8.GetString(body).Replace("\r\n\r\nroute\r\n", "\r\n\r\nwhisper-é\r\n", StringComparison.Ordinal), Encoding.UTF8.GetString(sent.ToArray()));
        }
    }

    [Fact]
    public void The_same_name_needs_no_edit() => Assert.Empty(MultipartEnvelope.Read(Cut(Form(Model), 1000), "bound"u8, out _)!.EditsFor("route"));

    [Theory]
    [InlineData("true", true)]
    [InlineData("True", true)]
    [InlineData("false", false)]
    [InlineData("truetruetruetrue", false)]
    public void The_part_stream_is_read(string value, bool isStream) => Assert.Equal(
        isStream, MultipartEnvelope.Read(Cut(Form(Model, $"content-disposition: form-data; name=stream\r\n\r\n{value}"), 7), "bound"u8, out _)!.IsStream);

    [Theory]
    [InlineData("model", File)]
    [InlineData("model", Model, Model)]
    [InlineData("model", "content-disposition: form-data; name=\"Model\"\r\n\r\nroute")]
    [InlineData("model", "content-disposition: form-data; name=\"model\"; filename=\"x\"\r\n\r\nroute")]
    [InlineData("model", "content-disposition: form-data; name=\"model\"\r\ncontent-transfer-encoding: base64\r\n\r\nroute")]
    [InlineData("model", "content-disposition: form-data; name=\"model\"\r\n\r\n")]
    [InlineData("model", "content-disposition: form-data; name=\"model\"\r\n\r\na\nb")]
    [InlineData(null, Model, "content-disposition: form-data; name=\"mod\\el\"\r\n\r\nx")]
    [InlineData(null, Model, "content-disposition: form-data; name*=UTF-8''model\r\n\r\nx")]
    [InlineData(null, Model, "content-disposition: form-data; name=\"file\"; name=\"model\"\r\n\r\nx")]
    [InlineData(null, Model, "content-disposition: form-data; name=\"file\"\r\ncontent-disposition: form-data; name=\"model\"\r\n\r\nx")]
    [InlineData(null, Model, "content-disposition: form-data;\r\n name=\"model\"\r\n\r\nx")]
    [InlineData(null, Model, "content-disposition: form-data\r\n\r\nx")]
    [InlineData(null, Model, "content-disposition: attachment; name=\"x\"\r\n\r\nx")]
    [InlineData(null, Model, "\r\nx")]
    [InlineData(null, Model, "content-disposition: form-data; name=\"file\"\r\n\r\nx\n--bound\ncontent-disposition: form-data; name=\"model\"\n\nother")]
    [InlineData(null, Model, "content-disposition: form-data; name=\"file\"\r\n\r\nx--bound\r\n")]
    [InlineData(null, Model, "content-disposition: form-data; name=\"file\"\r\n\r\nx\r\n--boundary\r\n")]
    public void What_another_parser_could_read_otherwise_is_refused(string? field, params string[] parts)
    {
        Assert.Null(MultipartEnvelope.Read(Cut(Form(parts), 5), "bound"u8, out var error));
        Assert.NotNull(error.Message);
        Assert.Equal(field, error.Field);
    }

    [Theory]
    [InlineData("")]
    [InlineData("--bound")]
    [InlineData("--bound--")]
    [InlineData("preamble\r\n--bound\r\n" + Model + "\r\n--bound--\r\n")]
    [InlineData("--bound\r\n" + Model)]
    [InlineData("--bound\r\n" + Model + "\r\n--bound")]
    [InlineData("--bound\r\n" + Model + "\r\n--bound--\r\n--bound\r\n" + Model + "\r\n--bound--")]
    public void What_is_no_whole_form_is_refused(string body) =>
        Assert.Null(MultipartEnvelope.Read(Cut(Encoding.UTF8.GetBytes(body), 4), "bound"u8, out _));

    [Fact]
    public void No_damage_to_a_form_is_more_than_a_refusal()
    {
        var damage = "\r\n-\";= model\0"u8.ToArray();
        var random = new Random(7);
        var accepted = 0;
        var whole = Form(Model, "content-disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nx");
        for (var i = 0; i < 20_000; i++)
        {
            var body = whole.ToArray();
            for (var edits = random.Next(1, 4); edits > 0; edits--)
            {
                body[random.Next(body.Length)] = damage[random.Next(damage.Length)];
            }

            var cut = body[..random.Next(body.Length / 2, body.Length + 1)];
            if (MultipartEnvelope.Read(Cut(cut, random.Next(1, 50)), "bound"u8, out var error) is { } form)
            {
                accepted++;
                // Accepted: then the model stands where it says, alone on its line.
                Assert.Contains($"\r\n\r\n{form.Model}\r\n--bound", Encoding.UTF8.GetString(cut), StringComparison.Ordinal);
            }
            else
            {
                Assert.NotNull(error.Message);
            }
        }

        Assert.InRange(accepted, 10, 19_000);
    }

    private static byte[] Form(params string[] parts) => Encoding.UTF8.GetBytes(string.Concat(parts.Select(part => $"--bound\r\n{part}\r\n")) + "--bound--\r\n");

    private static ReadOnlySequence<byte> Cut(byte[] body, int size)
    {
        var first = new Segment(ReadOnlyMemory<byte>.Empty, 0);
        var last = first;
        foreach (var chunk in body.Chunk(size))
        {
            last = last.Append(chunk);
        }

        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(ReadOnlyMemory<byte> memory, long index)
        {
            Memory = memory;
            RunningIndex = index;
        }

        public Segment Append(ReadOnlyMemory<byte> memory)
        {
            var next = new Segment(memory, RunningIndex + Memory.Length);
            Next = next;
            return next;
        }
    }
}
