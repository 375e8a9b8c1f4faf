using System.Buffers;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Gatehouse.Protocols.Embeddings;
using Gatehouse.Protocols.Tests.Generators;

namespace Gatehouse.Protocols.Tests.Embeddings;

/// <summary>Every recorded call of an embeddings endpoint: its answer through the reader, its request out of the writer.</summary>
public sealed class EmbeddingRecordingTests
{
    /// <summary>Its answer is read; its request cannot be made, as images are not in the model.</summary>
    private const string CallOfImages = "cohere/v1-embed-embedding-matrix-image-normalized-and-raw-round-trip-0";

    /// <summary>What has "embed" in its address and is in none of the formats, with the reason.</summary>
    private static readonly Dictionary<string, string> Excluded = new(StringComparer.Ordinal)
    {
        ["bedrock/invoke-bedrock-amazon-nova-2-multimodal-embeddings-v1-0-embeds-a-single-text-0"] = "Amazon Nova: a format of its own",
        ["gemini/countTokens-embeddings-testgoogle-test-count-tokens-0"] = "counts tokens with an embedding model",
        ["vertex/predict-xai-text-embedding-004-can-handle-a-single-text-with-custom-dimensions-1"] = "Vertex's predict: a format of its own",
    };

    public static TheoryData<string> Calls => RecordedCall.Rows(call => call.IsEmbedding && !Excluded.ContainsKey(call.Id));

    public static TheoryData<string> CallsOfTexts => RecordedCall.Rows(call => call.IsEmbedding && !Excluded.ContainsKey(call.Id) && call.Id != CallOfImages);

    [Fact]
    public void No_recording_is_left_out_silently()
    {
        var calls = RecordedCall.All.Values.Where(call => call.IsEmbedding).ToList();

        Assert.All(Excluded.Keys, id => Assert.Contains(id, RecordedCall.All));
        Assert.Contains(CallOfImages, RecordedCall.All);
        Assert.Equal(43, calls.Count);
        Assert.Equal(27, calls.Count(call => call.Status == 200 && !Excluded.ContainsKey(call.Id)));
    }

    [Theory]
    [MemberData(nameof(Calls))]
    public void An_answer_is_read_to_the_same_values_however_it_arrives(string id)
    {
        var call = RecordedCall.All[id];
        var inputs = InputsOf(call.Request!);
        foreach (var length in (int[])[int.MaxValue, 4096, 1021])
        {
            var answer = EmbeddingFormats.ReadAnswer(FormatOf(call), Cuts.Sequence(call.Response, [length]), inputs, out var mistake);
            if (call.Status != 200)
            {
                Assert.Null(answer);
                Assert.Equal($"has 0 vectors for {inputs} inputs", mistake);
                continue;
            }

            var body = JsonNode.Parse(call.Response)!;
            Assert.Null(mistake);
            Assert.NotNull(answer);
            Assert.Equal(inputs, answer.Vectors.Count);
            Assert.Equal(VectorsOf(body), answer.Vectors);
            Assert.Equal(InputTokensOf(body), answer.Usage?.InputTokens);
            Assert.Equal((string?)body["model"], answer.Model);
        }
    }

    [Theory]
    [MemberData(nameof(CallsOfTexts))]
    public void A_request_is_written_as_the_providers_own_client_wrote_it(string id)
    {
        var call = RecordedCall.All[id];
        if ((int?)call.Request!["dimensions"] < 1)
        {
            Assert.Null(EmbeddingRequestReader.Read(new ReadOnlySequence<byte>(call.RequestBytes!), out var error));
            Assert.Equal("dimensions", error.Field);
            return;
        }

        var format = FormatOf(call);
        var request = RequestOf(call, format);
        var dropped = new List<string>();
        Assert.Null(EmbeddingFormats.Check(format, request, dropped));
        Assert.Empty(dropped);
        Assert.Equal(1, EmbeddingFormats.CallsFor(format, request));

        var written = new ArrayBufferWriter<byte>();
        EmbeddingFormats.WriteRequest(format, request, 0, written);

        Assert.Equal(Meaning(call.Request), Meaning(JsonNode.Parse(written.WrittenSpan)!.AsObject()));

        // Cohere's v1 calls are written for v2; Bedrock's client leaves or escapes the colon in a model's name, which is the same.
        var path = Uri.UnescapeDataString(EmbeddingFormats.PathOf(format, request.Model)).Replace("/v2/", "/", StringComparison.Ordinal);
        Assert.EndsWith(path, Uri.UnescapeDataString(new Uri(call.Url).AbsolutePath), StringComparison.Ordinal);
    }

    private static EmbeddingFormat FormatOf(RecordedCall call) => call.Provider switch
    {
        "cohere" => EmbeddingFormat.Cohere,
        "gemini" => EmbeddingFormat.Gemini,
        "voyage" => EmbeddingFormat.Voyage,
        "mistral" => EmbeddingFormat.Mistral,
        "ollama" => EmbeddingFormat.Ollama,
        "bedrock" => call.Url.Contains("titan", StringComparison.Ordinal) ? EmbeddingFormat.BedrockTitan : EmbeddingFormat.BedrockCohere,
        _ => EmbeddingFormat.OpenAi,
    };

    private static int InputsOf(JsonObject request) =>
        (request["input"] ?? request["texts"] ?? request["images"] ?? request["requests"]) is JsonArray { Count: var count } list
            ? list[0]!.GetValueKind() == JsonValueKind.Number ? 1 : count
            : 1;

    /// <summary>The recorded request in neutral terms: read where a client can send it, else put together.</summary>
    private static EmbeddingRequest RequestOf(RecordedCall call, EmbeddingFormat format)
    {
        var body = call.Request!;
        var path = Uri.UnescapeDataString(new Uri(call.Url).AbsolutePath).Split('/');
        var items = body["requests"]?.AsArray();
        return format switch
        {
            EmbeddingFormat.Cohere or EmbeddingFormat.BedrockCohere => new EmbeddingRequest((string?)body["model"] ?? path[2], Texts(body["texts"]!.AsArray()))
            {
                InputType = (string?)body["input_type"] == "search_query" ? EmbeddingInputType.Query : null,
                Dimensions = (int?)body["output_dimension"],
                Truncation = body["truncate"] is null ? null : EmbeddingTruncation.None,
            },
            EmbeddingFormat.Gemini => new EmbeddingRequest((string)items![0]!["model"]!, Texts(items.Select(item => item!["content"]!["parts"]![0]!["text"])))
            {
                InputType = items[0]!["taskType"] is null ? null : EmbeddingInputType.Query,
                Dimensions = (int?)(items[0]!["outputDimensionality"] ?? items[0]!["output_dimensionality"]),
            },
            EmbeddingFormat.BedrockTitan => new EmbeddingRequest(path[2], Texts([body["inputText"]])) { Dimensions = (int?)body["dimensions"] },
            EmbeddingFormat.Ollama => new EmbeddingRequest((string)body["model"]!, Texts([body["input"]])),
            _ => EmbeddingRequestReader.Read(Cuts.Sequence(call.RequestBytes!, [7]), out _)!,
        };
    }

    private static EmbeddingInput[] Texts(IEnumerable<JsonNode?> texts) => [.. texts.Select(text => new TextInput((string)text!))];

    /// <summary>The request without what says nothing: nulls, defaults, and members of one client that change nothing.</summary>
    private static string Meaning(JsonObject request)
    {
        var meaning = new SortedDictionary<string, JsonNode>(StringComparer.Ordinal);
        foreach (var (name, value) in request)
        {
            if (value is null || (name, value.ToJsonString()) is ("encoding_format", "\"float\"") or ("normalize", "true") or ("embedding_types", "[\"float\"]")
                // Ollama: sampling options, which do nothing here. Gemini's Go client repeats the model beside the list.
                or ("options", _) || (name == "model" && request.ContainsKey("requests")))
            {
                continue;
            }

            meaning[name] = name switch
            {
                "input" when value is JsonValue => new JsonArray(value.DeepClone()),
                "requests" => new JsonArray([.. value.AsArray().Select(item => JsonNode.Parse(item!.ToJsonString()
                    .Replace("output_dimensionality", "outputDimensionality", StringComparison.Ordinal)
                    .Replace(",\"role\":\"user\"", "", StringComparison.Ordinal))).Select(item => JsonNode.Parse(Meaning(item!.AsObject())))]),
                _ => value.DeepClone(),
            };
        }

        return new JsonObject(meaning.Select(member => KeyValuePair.Create(member.Key, (JsonNode?)member.Value))).ToJsonString();
    }

    private static float[][] VectorsOf(JsonNode body) => body switch
    {
        _ when body["data"] is JsonArray data => [.. data.Select(item => VectorOf(item!["embedding"]!))],
        _ when body["embedding"] is JsonArray vector => [VectorOf(vector)],
        _ when body["embeddings"] is JsonObject byType => [.. byType["float"]!.AsArray().Select(vector => VectorOf(vector!))],
        _ => [.. body["embeddings"]!.AsArray().Select(item => VectorOf(item is JsonObject ? item["values"]! : item!))],
    };

    private static float[] VectorOf(JsonNode vector) => vector is JsonArray numbers
        ? [.. numbers.Select(number => number!.GetValue<float>())]
        : MemoryMarshal.Cast<byte, float>(Convert.FromBase64String((string)vector!)).ToArray();

    private static long? InputTokensOf(JsonNode body) =>
        (long?)(body["usage"]?["prompt_tokens"] ?? body["usage"]?["total_tokens"] ?? body["meta"]?["billed_units"]?["input_tokens"]
            ?? body["inputTextTokenCount"] ?? body["prompt_eval_count"]);
}
