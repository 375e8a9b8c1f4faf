using System.Buffers;
using System.Text;
using FsCheck.Fluent;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Rerank;
using Gatehouse.Protocols.Tests.Generators;

namespace Gatehouse.Protocols.Tests.Rerank;

public sealed class RerankTests
{
    private static readonly RerankRequest Full = new("m", "q", ["a", "b", "c\"d"]) { TopN = 2, MaxTokensPerDocument = 100, ReturnDocuments = true, OtherMembers = ["priority"] };

    [Fact]
    public void All_members_are_read()
    {
        var request = Accepted("""
            {"model":"m","query":"q","documents":["a",{"id":7,"text":"b\u00e9","text2":{"text":"no"}}],"top_n":3,"return_documents":true,
             "max_tokens_per_doc":512.0,"rank_fields":["text"],"max_chunks_per_doc":1,"priority":null}
            """);

        Assert.Equal("m", request.Model);
        Assert.Equal("q", request.Query);
        Assert.Equal(["a", "bé"], request.Documents);
        Assert.Equal(3, request.TopN);
        Assert.True(request.ReturnDocuments);
        Assert.Equal(512, request.MaxTokensPerDocument);
        Assert.False(request.HasRankFields);
        Assert.Equal(["max_chunks_per_doc"], request.OtherMembers);
    }

    [Theory]
    [InlineData("""{"query":"q","documents":["a"]}""", "model")]
    [InlineData("""{"model":"m","documents":["a"]}""", "query")]
    [InlineData("""{"model":"m","query":null,"documents":["a"]}""", "query")]
    [InlineData("""{"model":"m","query":"\ud800","documents":["a"]}""", "query")]
    [InlineData("""{"model":"m","query":"q"}""", "documents")]
    [InlineData("""{"model":"m","query":"q","documents":"a"}""", "documents")]
    [InlineData("""{"model":"m","query":"q","documents":[]}""", "documents")]
    [InlineData("""{"model":"m","query":"q","documents":["a",1]}""", "documents[1]")]
    [InlineData("""{"model":"m","query":"q","documents":["a",{"title":"b"}]}""", "documents[1]")]
    [InlineData("""{"model":"m","query":"q","documents":["a",{"text":["b"]}]}""", "documents[1]")]
    [InlineData("""{"model":"m","query":"q","documents":["a",{"text":"\udc00"}]}""", "documents[1]")]
    [InlineData("""{"model":"m","query":"q","documents":["a"],"top_n":0}""", "top_n")]
    [InlineData("""{"model":"m","query":"q","documents":["a"],"top_n":"1"}""", "top_n")]
    [InlineData("""{"model":"m","query":"q","documents":["a"],"max_tokens_per_doc":1.5}""", "max_tokens_per_doc")]
    [InlineData("""{"model":"m","query":"q","documents":["a"],"return_documents":1}""", "return_documents")]
    [InlineData("""[]""", null)]
    [InlineData("""{"model":"m","query":"q","documents":["a"]},""", null)]
    public void What_cannot_be_accepted_is_refused_with_its_field(string body, string? field)
    {
        Assert.Null(RerankRequestReader.Read(Cuts.Sequence(Encoding.UTF8.GetBytes(body), [4]), out var error));
        Assert.Equal(field, error.Field);
        Assert.True(field is null || error.Message!.Contains($"'{field}'", StringComparison.Ordinal), error.Message);
    }

    [Fact]
    public void More_documents_than_any_provider_takes_are_refused()
    {
        string Body(int count) => $$"""{"model":"m","query":"q","documents":[{{string.Join(',', Enumerable.Repeat("\"a\"", count))}}]}""";

        Assert.Equal(10_000, Accepted(Body(10_000)).Documents.Count);
        Assert.Null(RerankRequestReader.Read(new ReadOnlySequence<byte>(Encoding.UTF8.GetBytes(Body(10_001))), out var error));
        Assert.Equal("documents", error.Field);
    }

    [Theory]
    [InlineData(RerankFormat.Cohere, """{"model":"m","query":"q","documents":["a","b","c\"d"],"top_n":2,"max_tokens_per_doc":100}""", "priority")]
    [InlineData(RerankFormat.BedrockCohere, """{"api_version":2,"query":"q","documents":["a","b","c\"d"],"top_n":2,"max_tokens_per_doc":100}""", "priority")]
    [InlineData(RerankFormat.Voyage, """{"model":"m","query":"q","documents":["a","b","c\"d"],"top_k":2}""", "max_tokens_per_doc,priority")]
    [InlineData(RerankFormat.Jina, """{"model":"m","query":"q","documents":["a","b","c\"d"],"top_n":2,"return_documents":false}""", "max_tokens_per_doc,priority")]
    public void A_request_is_written_in_the_targets_words_and_what_is_left_out_is_named(RerankFormat format, string expected, string expectedDropped)
    {
        var dropped = new List<string>();
        Assert.Null(RerankFormats.Check(format, Full, dropped));
        Assert.Equal(expectedDropped, string.Join(',', dropped));

        var output = new ArrayBufferWriter<byte>();
        RerankFormats.WriteRequest(format, Full, output);
        Assert.Equal(expected, Encoding.UTF8.GetString(output.WrittenSpan));
    }

    [Theory]
    [InlineData("[\"title\",\"text\"]", true)]
    [InlineData("[\"title\"]", true)]
    [InlineData("[1]", true)]
    [InlineData("\"title\"", true)]
    [InlineData("[\"text\"]", false)]
    [InlineData("[]", false)]
    [InlineData("null", false)]
    public void Documents_are_judged_by_their_text_or_not_at_all(string rankFields, bool isRefused)
    {
        var request = Accepted($$"""{"model":"m","query":"q","documents":["a"],"rank_fields":{{rankFields}}}""");
        Assert.Equal(isRefused ? "rank_fields" : null, RerankFormats.Check(RerankFormat.Cohere, request, [])?.Field);
    }

    [Theory]
    [InlineData("""{"results":[{"index":2,"relevance_score":0.25},{"index":0,"relevance_score":0.5,"document":{"text":"a"}},{"index":1,"relevance_score":-4.5}],"id":"i","meta":{"billed_units":{"search_units":1.0},"tokens":{"input_tokens":7.0,"output_tokens":2}}}""", "i//1/7/2")]
    [InlineData("""{"object":"list","data":[{"relevance_score":0.5,"index":0},{"relevance_score":0.25,"index":2}],"model":"x","usage":{"total_tokens":7}}""", "/x//7/")]
    [InlineData("""{"model":"x","usage":{"prompt_tokens":7,"total_tokens":7},"results":[{"index":0,"relevance_score":0.5},{"index":2,"relevance_score":0.25}]}""", "/x//7/")]
    public void An_answer_is_read_from_any_providers_words_ordered_and_cut(string body, string rest)
    {
        var bytes = Encoding.UTF8.GetBytes(body);
        for (var length = 1; length <= bytes.Length; length++)
        {
            var answer = RerankFormats.ReadAnswer(Cuts.Sequence(bytes, [length]), Full, out var mistake)!;
            Assert.Null(mistake);
            Assert.Equal([new RerankResult(0, 0.5), new RerankResult(2, 0.25)], answer.Results);
            Assert.Equal(rest, $"{answer.Id}/{answer.Model}/{answer.SearchUnits}/{answer.Usage?.InputTokens}/{answer.Usage?.OutputTokens}");
        }
    }

    [Theory]
    [InlineData("<html>", "is not valid JSON")]
    [InlineData("[]", "is not a JSON object")]
    [InlineData("""{"message":"no"}""", "has no list of results")]
    [InlineData("""{"results":{}}""", "has no list of results")]
    [InlineData("""{"results":[1]}""", "has a result without an index or a score")]
    [InlineData("""{"results":[{"index":-1,"relevance_score":1}]}""", "has a result without an index or a score")]
    [InlineData("""{"results":[{"index":0}]}""", "has a result without an index or a score")]
    [InlineData("""{"results":[{"index":0,"relevance_score":"1"}]}""", "has a result without an index or a score")]
    [InlineData("""{"results":[{"index":0,"relevance_score":1e999}]}""", "has a result without an index or a score")]
    [InlineData("""{"results":[{"index":3,"relevance_score":1}]}""", "tells of document 3, and the request had 3")]
    [InlineData("""{"results":[{"index":9007199254740992,"relevance_score":1}]}""", "tells of document 9007199254740992, and the request had 3")]
    [InlineData("""{"results":[{"index":1,"relevance_score":1},{"index":1,"relevance_score":1}]}""", "has document 1 twice")]
    [InlineData("""{"results":[],"id":"\ud800"}""", "is not valid Unicode")]
    [InlineData("""{"results":[]}x""", "is not valid JSON")]
    [InlineData("""{"results":[""", "is not valid JSON")]
    public void An_answer_that_is_of_no_use_is_a_value_and_no_exception(string body, string expected)
    {
        Assert.Null(RerankFormats.ReadAnswer(Cuts.Sequence(Encoding.UTF8.GetBytes(body), [6]), Full, out var mistake));
        Assert.Equal(expected, mistake);
    }

    [Fact]
    public void The_answer_is_in_Coheres_format_with_the_documents_of_the_request()
    {
        var answer = new RerankAnswer([new(2, 0.75), new(0, -4.5)]) { SearchUnits = 1, Usage = new Usage { InputTokens = 7, OutputTokens = 0 } };

        Assert.Equal(
            """{"id":"i","results":[{"index":2,"relevance_score":0.75,"document":{"text":"c\"d"}},{"index":0,"relevance_score":-4.5,"document":{"text":"a"}}],"meta":{"api_version":{"version":"1"},"billed_units":{"search_units":1},"tokens":{"input_tokens":7,"output_tokens":0}}}""",
            Written(answer, Full, version: 1));
        Assert.Equal(
            """{"id":"i","results":[],"meta":{"api_version":{"version":"2"}}}""",
            Written(new RerankAnswer([]), Full with { ReturnDocuments = false }, version: 2));
    }

    [Fact]
    public void Any_bytes_are_read_or_refused() => Properties.Hold(
        from body in JsonTexts.Mutated(Gen.OneOf(
            Gen.Constant("""{"model":"m","query":"q","documents":["a",{"text":"b"}],"top_n":1,"rank_fields":["text"],"x":1}"""),
            JsonTexts.ObjectOf(Gen.Elements("\"model\"", "\"query\"", "\"documents\"", "\"top_n\"", "\"rank_fields\""))))
        from cuts in Cuts.Lengths
        select (body, cuts),
        sample =>
        {
            var request = RerankRequestReader.Read(Cuts.Sequence(sample.body, sample.cuts), out var error);
            Assert.Equal(request is null, error.Message is not null);
        },
        count: 3000);

    [Fact]
    public void Any_bytes_are_an_answer_or_a_mistake() => Properties.Hold(
        from body in JsonTexts.Mutated(Gen.OneOf(
            Gen.Constant("""{"id":"i","results":[{"index":2,"relevance_score":0.25},{"index":0,"relevance_score":0.5}],"meta":{"billed_units":{"search_units":1}}}"""),
            JsonTexts.ObjectOf(Gen.Elements("\"results\"", "\"data\"", "\"index\"", "\"relevance_score\"", "\"meta\"", "\"usage\"", "\"id\""))))
        from cuts in Cuts.Lengths
        select (body, cuts),
        sample =>
        {
            var answer = RerankFormats.ReadAnswer(Cuts.Sequence(sample.body, sample.cuts), Full, out var mistake);
            Assert.Equal(answer is null, mistake is not null);
            Assert.True(answer is null || answer.Results.All(result => result.Index < 3 && double.IsFinite(result.Score)));
        },
        count: 3000);

    private static string Written(RerankAnswer answer, RerankRequest request, int version)
    {
        var output = new ArrayBufferWriter<byte>();
        RerankAnswerWriter.Write(output, answer, request, "i", version);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    private static RerankRequest Accepted(string body)
    {
        var request = RerankRequestReader.Read(Cuts.Sequence(Encoding.UTF8.GetBytes(body), [5]), out var error);
        Assert.Null(error.Message);
        return request!;
    }
}
