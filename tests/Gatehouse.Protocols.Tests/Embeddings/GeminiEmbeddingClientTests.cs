using System.Buffers;
using System.Text;
using FsCheck.Fluent;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Embeddings;
using Gatehouse.Protocols.Tests.Generators;

namespace Gatehouse.Protocols.Tests.Embeddings;

/// <summary>A client of Gemini's format, whose call can go to a provider of any format.</summary>
public sealed class GeminiEmbeddingClientTests
{
    public static TheoryData<string> Calls => RecordedCall.Rows(call => call.Url.Contains(":batchEmbedContents", StringComparison.Ordinal));

    [Theory]
    [MemberData(nameof(Calls))]
    public void A_recorded_batch_is_read_with_nothing_left_out(string id)
    {
        var call = RecordedCall.All[id];
        var items = call.Request!["requests"]!.AsArray();
        var model = ((string)items[0]!["model"]!)["models/".Length..];

        var request = GeminiEmbeddingRequestReader.Read(Cuts.Sequence(call.RequestBytes!, [6]), model, isBatch: true, out var error);

        Assert.Null(error.Message);
        Assert.Equal(items.Select(item => new TextInput((string)item!["content"]!["parts"]![0]!["text"]!)), request!.Inputs);
        Assert.Equal((int?)(items[0]!["outputDimensionality"] ?? items[0]!["output_dimensionality"]), request.Dimensions);
        Assert.Equal(items[0]!["taskType"] is null ? null : EmbeddingInputType.Query, request.InputType);
        Assert.Empty(request.OtherMembers);
    }

    [Fact]
    public void A_single_request_is_read_with_all_its_members()
    {
        var request = Accepted("""
            {"model":"models/m","content":{"role":"user","parts":[{"text":"a\u00e9"}]},"taskType":"CLUSTERING","title":"t",
             "output_dimensionality":256,"autoTruncate":false}
            """);

        Assert.Equal("m", request.Model);
        Assert.Equal([new TextInput("aé")], request.Inputs);
        Assert.Equal(EmbeddingInputType.Clustering, request.InputType);
        Assert.Equal(256, request.Dimensions);
        Assert.Equal(EmbeddingTruncation.None, request.Truncation);
        Assert.Equal(["title"], request.OtherMembers);
    }

    [Theory]
    [InlineData("\"TASK_TYPE_UNSPECIFIED\"", null, 0)]
    [InlineData("null", null, 0)]
    [InlineData("\"CODE_RETRIEVAL_QUERY\"", EmbeddingInputType.Query, 0)]
    [InlineData("\"RETRIEVAL_DOCUMENT\"", EmbeddingInputType.Document, 0)]
    [InlineData("\"SOMETHING_NEW\"", null, 1)]
    [InlineData("3", null, 1)]
    public void A_task_that_others_do_not_know_is_a_hint_that_is_left_out(string task, EmbeddingInputType? type, int leftOut)
    {
        var request = Accepted($$"""{"content":{"parts":[{"text":"a"}]},"taskType":{{task}}}""");
        Assert.Equal(type, request.InputType);
        Assert.Equal(leftOut, request.OtherMembers.Count);
    }

    [Theory]
    [InlineData("""{"parts":[{"inlineData":{"mimeType":"image/png","data":"AA=="}}]}""", "an input that is not a text")]
    [InlineData("""{"parts":[{"text":"a","fileData":{"fileUri":"https://example.com/a"}}]}""", "an input that is not a text")]
    [InlineData("""{"parts":[{"text":"a"},{"text":"b"}]}""", "an input of several parts")]
    public void What_is_no_text_is_refused_by_every_target(string content, string feature)
    {
        var request = Accepted($$"""{"content":{{content}}}""");
        Assert.All(Enum.GetValues<EmbeddingFormat>(), format => Assert.Equal(feature, EmbeddingFormats.Check(format, request, [])!.Feature));
    }

    [Fact]
    public void Of_two_lists_of_requests_the_last_one_counts()
    {
        var body = Encoding.UTF8.GetBytes("""
            {"requests":[{"content":{"parts":[{"text":"a"}]},"taskType":"CLUSTERING"}],"requests":[{"content":{"parts":[{"text":"b"}]}}]}
            """);
        var request = GeminiEmbeddingRequestReader.Read(new ReadOnlySequence<byte>(body), "m", isBatch: true, out _);
        Assert.Equal([new TextInput("b")], request!.Inputs);
        Assert.Null(request.InputType);
    }

    [Theory]
    [InlineData(false, "{}", "content")]
    [InlineData(false, """{"content":"a"}""", "content")]
    [InlineData(false, """{"content":{"parts":[]}}""", "content")]
    [InlineData(false, """{"content":{"parts":[{"text":"a"}]},"model":"models/other"}""", "model")]
    [InlineData(false, """{"content":{"parts":[{"text":"a"}]},"model":1}""", "model")]
    [InlineData(false, """{"content":{"parts":[{"text":"a"}]},"outputDimensionality":0}""", "outputDimensionality")]
    [InlineData(false, """{"content":{"parts":[{"text":"\ud800"}]}}""", null)]
    [InlineData(false, "[]", null)]
    [InlineData(false, "{", null)]
    [InlineData(true, "{}", "requests")]
    [InlineData(true, """{"requests":[]}""", "requests")]
    [InlineData(true, """{"requests":{}}""", "requests")]
    [InlineData(true, """{"requests":[1]}""", "requests[0]")]
    [InlineData(true, """{"requests":[{"content":{"parts":[{"text":"a"}]}},{}]}""", "requests[1].content")]
    [InlineData(true, """{"requests":[{"content":{"parts":[{"text":"a"}]}},{"content":{"parts":[{"text":"a"}]},"taskType":"CLUSTERING"}]}""", "requests[1].taskType")]
    public void What_cannot_be_accepted_is_refused_with_its_field(bool isBatch, string body, string? field)
    {
        Assert.Null(GeminiEmbeddingRequestReader.Read(Cuts.Sequence(Encoding.UTF8.GetBytes(body), [4]), "m", isBatch, out var error));
        Assert.Equal(field, error.Field);
        Assert.True(field is null || error.Message!.Contains($"'{field}'", StringComparison.Ordinal), error.Message);
    }

    [Theory]
    [InlineData(false, """{"embedding":{"values":[0.5,-1]},"usageMetadata":{"promptTokenCount":3}}""")]
    [InlineData(true, """{"embeddings":[{"values":[0.5,-1]}],"usageMetadata":{"promptTokenCount":3}}""")]
    public void The_answer_is_in_Geminis_format(bool isBatch, string expected)
    {
        var answer = new EmbeddingAnswer([[0.5f, -1f]]) { Usage = new Usage { InputTokens = 3 } };
        Assert.Equal(expected, Written(answer, isBatch));
        Assert.DoesNotContain("usage", Written(answer with { Usage = null }, isBatch), StringComparison.Ordinal);
    }

    [Fact]
    public void A_written_batch_is_read_again()
    {
        var written = Encoding.UTF8.GetBytes(Written(new EmbeddingAnswer([[0.1f, 2f], [3f, -4f]]), isBatch: true));
        var read = EmbeddingFormats.ReadAnswer(EmbeddingFormat.Gemini, new ReadOnlySequence<byte>(written), 2, out _);
        Assert.Equal([[0.1f, 2f], [3f, -4f]], read!.Vectors);
    }

    [Fact]
    public void Any_bytes_are_read_or_refused() => Properties.Hold(
        from isBatch in Gen.Elements(true, false)
        from body in JsonTexts.Mutated(Gen.OneOf(
            Gen.Constant("""{"requests":[{"model":"models/m","content":{"parts":[{"text":"a"}]},"taskType":"CLUSTERING","outputDimensionality":7}]}"""),
            Gen.Constant("""{"content":{"parts":[{"text":"a"}]},"taskType":"CLUSTERING","autoTruncate":true,"x":[1]}"""),
            JsonTexts.ObjectOf(Gen.Elements("\"requests\"", "\"content\"", "\"parts\"", "\"text\"", "\"taskType\"", "\"model\""))))
        from cuts in Cuts.Lengths
        select (isBatch, body, cuts),
        sample =>
        {
            var request = GeminiEmbeddingRequestReader.Read(Cuts.Sequence(sample.body, sample.cuts), "m", sample.isBatch, out var error);
            Assert.Equal(request is null, error.Message is not null);
            Assert.True(request is null || request.Inputs.Count >= 1);
        },
        count: 3000);

    private static string Written(EmbeddingAnswer answer, bool isBatch)
    {
        var output = new ArrayBufferWriter<byte>();
        GeminiEmbeddingAnswerWriter.Write(output, answer, isBatch);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    private static EmbeddingRequest Accepted(string body)
    {
        var request = GeminiEmbeddingRequestReader.Read(Cuts.Sequence(Encoding.UTF8.GetBytes(body), [5]), "m", isBatch: false, out var error);
        Assert.Null(error.Message);
        return request!;
    }
}
