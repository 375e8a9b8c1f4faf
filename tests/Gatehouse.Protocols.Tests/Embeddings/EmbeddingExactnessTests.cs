using System.Buffers;
using System.Text;
using System.Text.Json.Nodes;
using FsCheck;
using FsCheck.Fluent;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Embeddings;
using Gatehouse.Protocols.Tests.Generators;

namespace Gatehouse.Protocols.Tests.Embeddings;

/// <summary>Whatever the provider sends and the caller asks for, the values are the same to the last bit.</summary>
public sealed class EmbeddingExactnessTests
{
    /// <summary>Any finite value, by its bits: also -0, the smallest and the largest.</summary>
    private static readonly Gen<float> Value = Gen.OneOf(
        Gen.Elements(0f, -0f, float.Epsilon, -float.Epsilon, float.MaxValue, float.MinValue, 1e-38f, 0.1f, 16777217f, float.BitIncrement(1f)),
        from high in Gen.Choose(0, ushort.MaxValue) from low in Gen.Choose(0, ushort.MaxValue) select BitConverter.Int32BitsToSingle((high << 16) | low))
        .Where(float.IsFinite);

    private static readonly Gen<(float[][] Vectors, int[] Cuts)> Answers =
        from vectors in Value.NonEmptyListOf().Select(list => list.ToArray()).NonEmptyListOf().Resize(20)
        from cuts in Cuts.Lengths
        select (vectors.ToArray(), cuts);

    [Theory]
    [InlineData(EmbeddingEncoding.Numbers)]
    [InlineData(EmbeddingEncoding.Base64)]
    public void Vectors_that_are_written_are_read_again_to_the_last_bit(EmbeddingEncoding encoding) => Properties.Hold(Answers, answer =>
    {
        var written = Write(answer.Vectors, encoding);
        var read = EmbeddingFormats.ReadAnswer(EmbeddingFormat.OpenAi, Cuts.Sequence(written, answer.Cuts), answer.Vectors.Length, out var mistake);

        Assert.Null(mistake);
        Assert.Equal(answer.Vectors.Select(Bits), read!.Vectors.Select(Bits));
    });

    [Theory]
    [InlineData(EmbeddingEncoding.Numbers, EmbeddingEncoding.Base64)]
    [InlineData(EmbeddingEncoding.Base64, EmbeddingEncoding.Numbers)]
    public void A_provider_that_sends_one_form_to_a_caller_that_asked_for_the_other_changes_nothing(EmbeddingEncoding sent, EmbeddingEncoding asked) =>
        Properties.Hold(Answers, answer =>
        {
            var read = EmbeddingFormats.ReadAnswer(EmbeddingFormat.Voyage, new ReadOnlySequence<byte>(Write(answer.Vectors, sent)), answer.Vectors.Length, out _);
            var again = JsonNode.Parse(Write(read!.Vectors, asked))!["data"]!.AsArray();

            Assert.Equal(answer.Vectors.Select(Bits), again.Select(item => Bits(Decode(item!["embedding"]!))));
        });

    [Fact]
    public void Base64_is_the_little_endian_bytes_and_reads_with_an_escaped_slash()
    {
        // Bytes 00 00 80 3f and ff ff 7f 7f: 1 and the largest value.
        var json = JsonNode.Parse(Write([[1f, float.MaxValue]], EmbeddingEncoding.Base64))!;
        Assert.Equal("AACAP///f38=", (string?)json["data"]![0]!["embedding"]);

        var escaped = Encoding.UTF8.GetBytes("""{"data":[{"embedding":"AACAP\/\/\/f38="}]}""");
        var answer = EmbeddingFormats.ReadAnswer(EmbeddingFormat.OpenAi, new ReadOnlySequence<byte>(escaped), 1, out _);
        Assert.Equal([1f, float.MaxValue], answer!.Vectors[0]);
    }

    [Fact]
    public void The_answer_is_in_the_OpenAI_format()
    {
        var output = new ArrayBufferWriter<byte>();
        var answer = new EmbeddingAnswer([[0.5f, -1f], [0.25f, 3f]]) { Usage = new Usage { InputTokens = 7 } };
        EmbeddingAnswerWriter.Write(output, answer, "m", EmbeddingEncoding.Numbers);

        Assert.Equal(
            """{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.5,-1]},{"object":"embedding","index":1,"embedding":[0.25,3]}],"model":"m","usage":{"prompt_tokens":7,"total_tokens":7}}""",
            Encoding.UTF8.GetString(output.WrittenSpan));
    }

    private static byte[] Write(IReadOnlyList<float[]> vectors, EmbeddingEncoding encoding)
    {
        var output = new ArrayBufferWriter<byte>();
        EmbeddingAnswerWriter.Write(output, new EmbeddingAnswer(vectors), "m", encoding);
        return output.WrittenSpan.ToArray();
    }

    private static int[] Bits(float[] vector) => [.. vector.Select(BitConverter.SingleToInt32Bits)];

    private static float[] Decode(JsonNode vector)
    {
        if (vector is JsonArray numbers)
        {
            return [.. numbers.Select(number => float.Parse(number!.ToJsonString(), System.Globalization.CultureInfo.InvariantCulture))];
        }

        var bytes = Convert.FromBase64String((string)vector!);
        return [.. Enumerable.Range(0, bytes.Length / 4).Select(i => System.Buffers.Binary.BinaryPrimitives.ReadSingleLittleEndian(bytes.AsSpan(i * 4)))];
    }
}
