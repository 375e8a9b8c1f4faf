using System.Buffers;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Gatehouse.Protocols.Dialects.OpenAi;
using Gatehouse.Protocols.Embeddings;
using Gatehouse.Protocols.Tests.Generators;

namespace Gatehouse.Protocols.Tests.Embeddings;

public sealed class EmbeddingRequestReaderTests
{
    [Fact]
    public void All_members_are_read()
    {
        var request = Accepted("""
            {"model":"m","input":["a","b\u00e9"],"dimensions":256,"encoding_format":"base64","user":"u","input_type":"search_query",
             "truncation":false,"output_dtype":"int8","priority":1,"nothing":null}
            """);

        Assert.Equal("m", request.Model);
        Assert.Equal([new TextInput("a"), new TextInput("bé")], request.Inputs);
        Assert.Equal(256, request.Dimensions);
        Assert.Equal(EmbeddingEncoding.Base64, request.Encoding);
        Assert.Equal("u", request.User);
        Assert.Equal(EmbeddingInputType.Query, request.InputType);
        Assert.Equal(EmbeddingTruncation.None, request.Truncation);
        Assert.Equal("int8", request.OutputType);
        Assert.Equal(["priority"], request.OtherMembers);
    }

    [Fact]
    public void Nulls_say_nothing()
    {
        var request = Accepted("""{"input":"","model":"m","dimensions":null,"encoding_format":null,"user":null,"input_type":null,"truncation":null,"output_dtype":null}""");

        Assert.Equal([new TextInput("")], request.Inputs);
        Assert.Equal(EmbeddingEncoding.Numbers, request.Encoding);
        Assert.Null(request.Dimensions);
        Assert.Null(request.InputType);
        Assert.Null(request.Truncation);
        Assert.Null(request.OutputType);
        Assert.Empty(request.OtherMembers);
    }

    [Theory]
    [InlineData("[1,2,3]", new[] { "1,2,3" })]
    [InlineData("[[1,2],[3]]", new[] { "1,2", "3" })]
    [InlineData("[[1],\"a\"]", new[] { "1", "a" })]
    public void Token_ids_are_inputs(string input, string[] expected)
    {
        var inputs = Accepted($$"""{"model":"m","input":{{input}}}""").Inputs;
        Assert.Equal(expected, inputs.Select(item => item is TokensInput tokens ? string.Join(',', tokens.Tokens) : ((TextInput)item).Text).ToArray());
    }

    [Theory]
    [InlineData("document", EmbeddingInputType.Document)]
    [InlineData("search_document", EmbeddingInputType.Document)]
    [InlineData("classification", EmbeddingInputType.Classification)]
    [InlineData("clustering", EmbeddingInputType.Clustering)]
    [InlineData("similarity", EmbeddingInputType.Similarity)]
    public void An_input_type_is_read_in_any_providers_words(string text, EmbeddingInputType type) =>
        Assert.Equal(type, Accepted($$"""{"model":"m","input":"a","input_type":"{{text}}"}""").InputType);

    [Fact]
    public void An_input_type_that_nobody_else_knows_is_a_hint_that_is_left_out()
    {
        var request = Accepted("""{"model":"m","input":"a","input_type":"haiku"}""");
        Assert.Null(request.InputType);
        Assert.Equal(["input_type"], request.OtherMembers);
    }

    [Theory]
    [InlineData("true", EmbeddingTruncation.End)]
    [InlineData("\"START\"", EmbeddingTruncation.Start)]
    [InlineData("\"end\"", EmbeddingTruncation.End)]
    [InlineData("\"NONE\"", EmbeddingTruncation.None)]
    public void Truncation_is_read_in_any_providers_words(string value, EmbeddingTruncation truncation)
    {
        Assert.Equal(truncation, Accepted($$"""{"model":"m","input":"a","truncate":{{value}}}""").Truncation);
        Assert.Equal(truncation, Accepted($$"""{"model":"m","input":"a","truncation":{{value}}}""").Truncation);
    }

    [Fact]
    public void Names_that_are_left_out_are_few_and_plain()
    {
        var members = string.Join(',', Enumerable.Range(0, 100).Select(i => $"\"m{i}\":1"));
        var request = Accepted($$"""{"model":"m","input":"a","x\r\ny":1,"x y":1,"":1,"{{new string('x', 65)}}":1,{{members}}}""");

        Assert.Equal(16, request.OtherMembers.Count);
        Assert.Equal("other", request.OtherMembers[0]);
        Assert.All(request.OtherMembers, name => Assert.Matches("^[A-Za-z0-9_.-]{1,64}$", name));
    }

    [Theory]
    [InlineData("", null)]
    [InlineData("[]", null)]
    [InlineData("{", null)]
    [InlineData("""{"model":"m","input":"a"}x""", null)]
    [InlineData("""{"input":"a"}""", "model")]
    [InlineData("""{"model":"","input":"a"}""", "model")]
    [InlineData("""{"model":null,"input":"a"}""", "model")]
    [InlineData("""{"model":1,"input":"a"}""", "model")]
    [InlineData("""{"model":"m"}""", "input")]
    [InlineData("""{"model":"m","input":null}""", "input")]
    [InlineData("""{"model":"m","input":{"text":"a"}}""", "input")]
    [InlineData("""{"model":"m","input":[]}""", "input")]
    [InlineData("""{"model":"m","input":["a",null]}""", "input[1]")]
    [InlineData("""{"model":"m","input":["a",{}]}""", "input[1]")]
    [InlineData("""{"model":"m","input":["a",1]}""", "input[1]")]
    [InlineData("""{"model":"m","input":["a",[]]}""", "input[1]")]
    [InlineData("""{"model":"m","input":[[1,"a"]]}""", "input[0]")]
    [InlineData("""{"model":"m","input":[1,"a"]}""", "input")]
    [InlineData("""{"model":"m","input":[1.5]}""", "input")]
    [InlineData("""{"model":"m","input":[-1]}""", "input")]
    [InlineData("""{"model":"m","input":[99999999999]}""", "input")]
    [InlineData("""{"model":"m","input":["a","\ud800"]}""", "input[1]")]
    [InlineData("""{"model":"\udc00","input":"a"}""", "model")]
    [InlineData("""{"model":"m","input":"a","dimensions":0}""", "dimensions")]
    [InlineData("""{"model":"m","input":"a","dimensions":1.5}""", "dimensions")]
    [InlineData("""{"model":"m","input":"a","dimensions":1e99}""", "dimensions")]
    [InlineData("""{"model":"m","input":"a","dimensions":"256"}""", "dimensions")]
    [InlineData("""{"model":"m","input":"a","output_dimension":-1}""", "output_dimension")]
    [InlineData("""{"model":"m","input":"a","encoding_format":"hex"}""", "encoding_format")]
    [InlineData("""{"model":"m","input":"a","encoding_format":1}""", "encoding_format")]
    [InlineData("""{"model":"m","input":"a","input_type":1}""", "input_type")]
    [InlineData("""{"model":"m","input":"a","truncate":"MIDDLE"}""", "truncate")]
    [InlineData("""{"model":"m","input":"a","truncation":{}}""", "truncation")]
    [InlineData("""{"model":"m","input":"a","user":[]}""", "user")]
    public void What_cannot_be_accepted_is_refused_with_its_field(string body, string? field)
    {
        var error = Refused(Encoding.UTF8.GetBytes(body));
        Assert.Equal(field, error.Field);
        Assert.True(field is null || error.Message!.Contains($"'{field}'", StringComparison.Ordinal), error.Message);
    }

    [Fact]
    public void More_inputs_than_any_provider_takes_are_refused()
    {
        string Body(int count) => $$"""{"model":"m","input":[{{string.Join(',', Enumerable.Repeat("\"a\"", count))}}]}""";

        Assert.Equal(2048, Accepted(Body(2048)).Inputs.Count);
        Assert.Equal("input", Refused(Encoding.UTF8.GetBytes(Body(2049))).Field);
    }

    [Fact]
    public void Any_bytes_are_read_or_refused() => Properties.Hold(
        from body in JsonTexts.Mutated(Body)
        from cuts in Cuts.Lengths
        select (body, cuts),
        sample =>
        {
            var request = EmbeddingRequestReader.Read(Cuts.Sequence(sample.body, sample.cuts), out var error);
            Assert.Equal(request is null, error.Message is not null);
            Assert.True(request is null || request.Inputs.Count is >= 1 and <= EmbeddingRequestReader.MaxInputs);
        },
        count: 3000);

    private static Gen<string> Body =>
        from input in Gen.OneOf(JsonTexts.Value, JsonTexts.String, JsonTexts.String.ListOf().Select(list => $"[{string.Join(',', list)}]"), Gen.Constant("[[1,2],[3]]"))
        from other in JsonTexts.Value.Resize(10)
        from name in Gen.Elements("dimensions", "encoding_format", "user", "truncation", "input_type", "x", "output_dtype", "input")
        select $$"""{"model":"m","input":{{input}},"{{name}}":{{other}}}""";

    private static EmbeddingRequest Accepted(string body)
    {
        var request = EmbeddingRequestReader.Read(Cuts.Sequence(Encoding.UTF8.GetBytes(body), [5]), out var error);
        Assert.Null(error.Message);
        return request!;
    }

    private static RequestError Refused(byte[] body)
    {
        Assert.Null(EmbeddingRequestReader.Read(new ReadOnlySequence<byte>(body), out var error));
        Assert.NotNull(error.Message);
        return error;
    }
}
