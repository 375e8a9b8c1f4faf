using System.Buffers;
using System.Text;
using System.Text.Json.Nodes;
using FsCheck.Fluent;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Embeddings;
using Gatehouse.Protocols.Tests.Generators;

namespace Gatehouse.Protocols.Tests.Embeddings;

/// <summary>One request and one answer across all formats.</summary>
public sealed class EmbeddingFormatsTests
{
    private static readonly EmbeddingRequest Full = new("m", [new TextInput("one"), new TextInput("tw\"o")])
    {
        Dimensions = 2,
        Encoding = EmbeddingEncoding.Base64,
        InputType = EmbeddingInputType.Query,
        Truncation = EmbeddingTruncation.End,
        User = "u",
        OtherMembers = ["metadata"],
    };

    public static TheoryData<EmbeddingFormat, string, string[]> Requests => new()
    {
        { EmbeddingFormat.OpenAi, """{"model":"m","input":["one","tw\"o"],"dimensions":2,"encoding_format":"base64","user":"u"}""", ["input_type", "truncation", "metadata"] },
        { EmbeddingFormat.Cohere, """{"model":"m","texts":["one","tw\"o"],"input_type":"search_query","embedding_types":["float"],"output_dimension":2,"truncate":"END"}""", ["user", "metadata"] },
        { EmbeddingFormat.BedrockCohere, """{"texts":["one","tw\"o"],"input_type":"search_query","output_dimension":2,"truncate":"END"}""", ["user", "metadata"] },
        {
            EmbeddingFormat.Gemini,
            """{"requests":[{"model":"models/m","content":{"parts":[{"text":"one"}]},"taskType":"RETRIEVAL_QUERY","outputDimensionality":2},{"model":"models/m","content":{"parts":[{"text":"tw\"o"}]},"taskType":"RETRIEVAL_QUERY","outputDimensionality":2}]}""",
            ["truncation", "user", "metadata"]
        },
        { EmbeddingFormat.Voyage, """{"model":"m","input":["one","tw\"o"],"input_type":"query","truncation":true,"output_dimension":2,"encoding_format":"base64"}""", ["user", "metadata"] },
        { EmbeddingFormat.Mistral, """{"model":"m","input":["one","tw\"o"],"output_dimension":2}""", ["input_type", "truncation", "user", "metadata"] },
        { EmbeddingFormat.BedrockTitan, """{"inputText":"one","dimensions":2}""", ["input_type", "truncation", "user", "metadata"] },
        { EmbeddingFormat.Ollama, """{"model":"m","input":["one","tw\"o"],"truncate":true,"dimensions":2}""", ["input_type", "user", "metadata"] },
    };

    public static TheoryData<EmbeddingFormat, string, string> Answers => new()
    {
        { EmbeddingFormat.OpenAi, """{"data":[{"index":1,"embedding":[3,4]},{"embedding":"AACAPwAAAEA=","index":0}],"model":"x","usage":{"prompt_tokens":5,"total_tokens":5}}""", "x/5" },
        { EmbeddingFormat.OpenAi, """{"usage":null,"data":[{"embedding":[1,2]},{"embedding":[3,4]}]}""", "/" },
        { EmbeddingFormat.Cohere, """{"embeddings":{"int8":[[7]],"float":[[1,2],[3,4]]},"meta":{"billed_units":{"input_tokens":5.0,"image_tokens":2}}}""", "/7" },
        { EmbeddingFormat.BedrockCohere, """{"embeddings":[[1,2],[3,4]],"response_type":"embeddings_floats"}""", "/" },
        { EmbeddingFormat.Gemini, """{"embeddings":[{"values":[1,2]},{"shape":[2],"values":[3,4.0]}],"usageMetadata":{"promptTokenCount":5}}""", "/5" },
        { EmbeddingFormat.Voyage, """{"data":[{"embedding":[1,2],"index":0},{"embedding":[3,4],"index":1}],"model":"x","usage":{"total_tokens":5}}""", "x/5" },
        { EmbeddingFormat.Mistral, """{"data":[{"embedding":[1,2],"index":0},{"embedding":[3,4],"index":1}],"model":"x","usage":{"prompt_tokens":5,"total_tokens":5,"completion_tokens":0}}""", "x/5" },
        { EmbeddingFormat.Ollama, """{"model":"x","embeddings":[[1,2],[3,4]],"prompt_eval_count":5}""", "x/5" },
    };

    public static TheoryData<EmbeddingFormat> All => [.. Enum.GetValues<EmbeddingFormat>()];

    [Theory]
    [MemberData(nameof(Requests))]
    public void A_request_is_written_in_the_targets_words_and_what_is_left_out_is_named(EmbeddingFormat format, string expected, string[] expectedDropped)
    {
        var dropped = new List<string>();
        Assert.Null(EmbeddingFormats.Check(format, Full, dropped));
        Assert.Equal(expectedDropped, dropped.ToArray());
        Assert.Equal(expected, Written(format, Full, call: 0));
    }

    [Theory]
    [MemberData(nameof(All))]
    public void What_the_caller_does_not_say_is_not_written(EmbeddingFormat format)
    {
        var dropped = new List<string>();
        var request = new EmbeddingRequest("m", [new TextInput("one")]);
        Assert.Null(EmbeddingFormats.Check(format, request, dropped));
        Assert.Empty(dropped);

        var names = JsonNode.Parse(Written(format, request, call: 0))!.AsObject().Select(member => member.Key);
        Assert.Empty(names.Except(["model", "input", "texts", "requests", "inputText", "embedding_types", "input_type"], StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Answers))]
    public void An_answer_is_read_from_the_providers_words(EmbeddingFormat format, string body, string modelAndUsage)
    {
        var bytes = Encoding.UTF8.GetBytes(body);
        for (var length = 1; length <= bytes.Length; length++)
        {
            var answer = EmbeddingFormats.ReadAnswer(format, Cuts.Sequence(bytes, [length]), 2, out var mistake);
            Assert.Null(mistake);
            Assert.Equal([[1f, 2f], [3f, 4f]], answer!.Vectors);
            Assert.Equal(modelAndUsage, $"{answer.Model}/{answer.Usage?.InputTokens}");
        }
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Token_ids_are_refused_by_all_but_their_own_format(EmbeddingFormat format)
    {
        var request = new EmbeddingRequest("m", [new TextInput("a"), new TokensInput([1, 2])]);
        var unsupported = EmbeddingFormats.Check(format, request, []);
        if (format == EmbeddingFormat.OpenAi)
        {
            Assert.Null(unsupported);
            Assert.Equal("""{"model":"m","input":["a",[1,2]]}""", Written(format, request, call: 0));
        }
        else
        {
            Assert.Equal("input", unsupported!.Field);
            Assert.Contains("token ids", unsupported.Message, StringComparison.Ordinal);
            Assert.Contains(" m ", unsupported.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Vectors_of_another_type_are_refused(EmbeddingFormat format) =>
        Assert.Equal("output_dtype", EmbeddingFormats.Check(format, Full with { OutputType = "binary" }, [])!.Field);

    [Theory]
    [InlineData("amazon.titan-embed-text-v2:0", null)]
    [InlineData("amazon.titan-embed-text-v1", "dimensions")]
    [InlineData("amazon.titan-embed-g1-text-02", "dimensions")]
    public void A_length_is_refused_by_a_model_that_has_only_its_own(string model, string? field) =>
        Assert.Equal(field, EmbeddingFormats.Check(EmbeddingFormat.BedrockTitan, Full with { Model = model }, [])?.Field);

    [Theory]
    [InlineData(EmbeddingFormat.BedrockTitan, 32, 32)]
    [InlineData(EmbeddingFormat.Cohere, 97, 2)]
    [InlineData(EmbeddingFormat.Gemini, 2048, 21)]
    [InlineData(EmbeddingFormat.Voyage, 2048, 3)]
    [InlineData(EmbeddingFormat.OpenAi, 2048, 1)]
    public void More_inputs_than_fit_in_a_call_go_in_several_each_once_and_in_order(EmbeddingFormat format, int inputs, int calls)
    {
        var request = new EmbeddingRequest("m", [.. Enumerable.Range(0, inputs).Select(i => new TextInput($"t{i}"))]);
        Assert.Null(EmbeddingFormats.Check(format, request, []));
        Assert.Equal(calls, EmbeddingFormats.CallsFor(format, request));

        var texts = new List<string>();
        for (var call = 0; call < calls; call++)
        {
            var written = TextsIn(Written(format, request, call));
            Assert.Equal(EmbeddingFormats.InputsIn(format, request, call), written.Length);
            Assert.True(written.Length <= EmbeddingFormats.InputsPerCall(format));
            texts.AddRange(written);
        }

        Assert.Equal(Enumerable.Range(0, inputs).Select(i => $"t{i}").ToArray(), texts.ToArray());
    }

    [Fact]
    public void More_calls_than_one_request_may_take_are_refused()
    {
        var request = new EmbeddingRequest("m", [.. Enumerable.Repeat(new TextInput("a"), EmbeddingFormats.MaxCalls + 1)]);
        var unsupported = EmbeddingFormats.Check(EmbeddingFormat.BedrockTitan, request, [])!;

        Assert.Equal("input", unsupported.Field);
        Assert.Equal("Amazon Titan model m cannot express 33 inputs (at most 32) ('input').", unsupported.Message);
    }

    [Theory]
    [MemberData(nameof(All))]
    public void The_largest_request_fits_every_format_that_takes_lists(EmbeddingFormat format)
    {
        var request = new EmbeddingRequest("m", [.. Enumerable.Repeat(new TextInput("a"), EmbeddingRequestReader.MaxInputs)]);
        Assert.Equal(format == EmbeddingFormat.BedrockTitan, EmbeddingFormats.Check(format, request, []) is not null);
    }

    [Fact]
    public void Answers_to_several_calls_are_joined_and_their_usage_added()
    {
        var first = new EmbeddingAnswer([[1f], [2f]]) { Model = "x", Usage = new Usage { InputTokens = 5, ImageInputTokens = 1 } };
        var second = new EmbeddingAnswer([[3f]]) { Model = "x", Usage = new Usage { InputTokens = 2 } };

        var joined = EmbeddingAnswer.Join([first, second]);
        Assert.Equal([[1f], [2f], [3f]], joined.Vectors);
        Assert.Equal(new Usage { InputTokens = 7, ImageInputTokens = 1 }, joined.Usage);
        Assert.Equal("x", joined.Model);
        Assert.Same(first, EmbeddingAnswer.Join([first]));

        // A part of the usage is not the usage.
        Assert.Null(EmbeddingAnswer.Join([first, second with { Usage = null }]).Usage);
    }

    [Theory]
    [InlineData(EmbeddingFormat.Gemini, "models/text-embedding-004", "/v1beta/models/text-embedding-004:batchEmbedContents")]
    [InlineData(EmbeddingFormat.Gemini, "a/../b?x#y", "/v1beta/models/a%2F..%2Fb%3Fx%23y:batchEmbedContents")]
    [InlineData(EmbeddingFormat.BedrockTitan, "amazon.titan-embed-text-v2:0", "/model/amazon.titan-embed-text-v2%3A0/invoke")]
    [InlineData(EmbeddingFormat.Ollama, "m", "/api/embed")]
    [InlineData(EmbeddingFormat.Voyage, "m", "/embeddings")]
    public void The_model_in_a_path_stays_one_segment(EmbeddingFormat format, string model, string path) =>
        Assert.Equal(path, EmbeddingFormats.PathOf(format, model));

    [Theory]
    [InlineData(EmbeddingFormat.OpenAi, "<html>", "is not valid JSON")]
    [InlineData(EmbeddingFormat.OpenAi, "", "is not valid JSON")]
    [InlineData(EmbeddingFormat.OpenAi, "[]", "is not a JSON object")]
    [InlineData(EmbeddingFormat.OpenAi, """{"error":{"message":"no"}}""", "has 0 vectors for 2 inputs")]
    [InlineData(EmbeddingFormat.OpenAi, """{"data":[{"embedding":[1]}]}""", "has 1 vectors for 2 inputs")]
    [InlineData(EmbeddingFormat.OpenAi, """{"data":[{"embedding":[1]},{"embedding":[1]},{"embedding":[1]}]}""", "has more than the 2 vectors that were asked for")]
    [InlineData(EmbeddingFormat.OpenAi, """{"data":[{"embedding":[1],"index":1},{"embedding":[1],"index":1}]}""", "has no or two vectors for an input (index 1)")]
    [InlineData(EmbeddingFormat.OpenAi, """{"data":[{"embedding":[1],"index":2}]}""", "has no or two vectors for an input (index 2)")]
    [InlineData(EmbeddingFormat.OpenAi, """{"data":[{"embedding":[]}]}""", "has a vector that is not a list of finite numbers")]
    [InlineData(EmbeddingFormat.OpenAi, """{"data":[{"embedding":[1e39]}]}""", "has a vector that is not a list of finite numbers")]
    [InlineData(EmbeddingFormat.OpenAi, """{"data":[{"embedding":[null]}]}""", "has a vector that is not a list of finite numbers")]
    [InlineData(EmbeddingFormat.OpenAi, """{"data":[{"embedding":["NaN"]}]}""", "has a vector that is not a list of finite numbers")]
    [InlineData(EmbeddingFormat.OpenAi, """{"data":[{"embedding":[[1]]}]}""", "has a vector that is not a list of finite numbers")]
    [InlineData(EmbeddingFormat.OpenAi, """{"data":[{"embedding":"AADAfw=="}]}""", "has a vector that is not a list of finite numbers")]
    [InlineData(EmbeddingFormat.OpenAi, """{"data":[{"embedding":"AAAA"}]}""", "has a vector that is not a list of finite numbers")]
    [InlineData(EmbeddingFormat.OpenAi, """{"data":[{"embedding":"AA AgD8="}]}""", "has a vector that is not a list of finite numbers")]
    [InlineData(EmbeddingFormat.OpenAi, """{"data":[{"embedding":"????Pw=="}]}""", "has a vector that is not a list of finite numbers")]
    [InlineData(EmbeddingFormat.OpenAi, """{"data":[{"embedding":"\ud800"}]}""", "is not valid Unicode")]
    [InlineData(EmbeddingFormat.OpenAi, """{"data":[{}]}""", "has an item in 'data' without an 'embedding'")]
    [InlineData(EmbeddingFormat.OpenAi, """{"data":[1]}""", "has an item in 'data' that is not an object")]
    [InlineData(EmbeddingFormat.OpenAi, """{"data":{}}""", "has no list 'data'")]
    [InlineData(EmbeddingFormat.OpenAi, """{"model":"\ud800"}""", "is not valid Unicode")]
    [InlineData(EmbeddingFormat.OpenAi, """{"data":[{"embedding":[1]},{"embedding":[1]}]}x""", "is not valid JSON")]
    [InlineData(EmbeddingFormat.OpenAi, """{"data":[{"embedding":[1]},{"embedding":[1""", "is not valid JSON")]
    [InlineData(EmbeddingFormat.Cohere, """{"embeddings":{"int8":[[1],[2]]}}""", "has 0 vectors for 2 inputs")]
    [InlineData(EmbeddingFormat.Cohere, """{"embeddings":{"float":{}}}""", "has no list of vectors where one belongs")]
    [InlineData(EmbeddingFormat.Gemini, """{"embeddings":[{}]}""", "has an embedding without 'values'")]
    [InlineData(EmbeddingFormat.Gemini, """{"embeddings":[[1]]}""", "has an embedding without 'values'")]
    [InlineData(EmbeddingFormat.Gemini, """{"embeddings":1}""", "has no list 'embeddings'")]
    [InlineData(EmbeddingFormat.BedrockTitan, """{"embedding":[1],"embedding":[2],"embedding":[3]}""", "has more than the 2 vectors that were asked for")]
    [InlineData(EmbeddingFormat.Ollama, """{"embeddings":null}""", "has no list of vectors where one belongs")]
    public void An_answer_that_is_of_no_use_is_a_value_and_no_exception(EmbeddingFormat format, string body, string expected)
    {
        var bytes = Encoding.UTF8.GetBytes(body);
        foreach (var length in (int[])[int.MaxValue, 1, 3])
        {
            Assert.Null(EmbeddingFormats.ReadAnswer(format, Cuts.Sequence(bytes, [length]), 2, out var mistake));
            Assert.StartsWith(expected, mistake, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Any_bytes_are_an_answer_or_a_mistake() => Properties.Hold(
        from sample in Gen.Elements<(EmbeddingFormat Format, string Body)>([.. Answers.Select(row => (row.Data.Item1, row.Data.Item2)), (EmbeddingFormat.BedrockTitan, """{"embedding":[1,2],"inputTextTokenCount":3}""")])
        from body in JsonTexts.Mutated(Gen.OneOf(
            Gen.Constant(sample.Body),
            JsonTexts.ObjectOf(Gen.Elements("\"data\"", "\"embeddings\"", "\"embedding\"", "\"values\"", "\"index\"", "\"float\"", "\"usage\"", "\"meta\"", "\"model\""))))
        from cuts in Cuts.Lengths
        from inputs in Gen.Choose(1, 3)
        select (sample.Format, body, cuts, inputs),
        sample =>
        {
            var answer = EmbeddingFormats.ReadAnswer(sample.Format, Cuts.Sequence(sample.body, sample.cuts), sample.inputs, out var mistake);
            Assert.Equal(answer is null, mistake is not null);
            Assert.True(answer is null || (answer.Vectors.Count == sample.inputs && answer.Vectors.All(vector => vector.All(float.IsFinite))));
        },
        count: 5000);

    private static string Written(EmbeddingFormat format, EmbeddingRequest request, int call)
    {
        var output = new ArrayBufferWriter<byte>();
        EmbeddingFormats.WriteRequest(format, request, call, output);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    private static string[] TextsIn(string body)
    {
        var json = JsonNode.Parse(body)!;
        return json["inputText"] is { } single ? [(string)single!]
            : json["requests"] is JsonArray requests ? [.. requests.Select(item => (string)item!["content"]!["parts"]![0]!["text"]!)]
            : [.. (json["input"] ?? json["texts"])!.AsArray().Select(text => (string)text!)];
    }
}
