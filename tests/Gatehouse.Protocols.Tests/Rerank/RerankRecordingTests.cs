using System.Buffers;
using System.Text.Json.Nodes;
using Gatehouse.Protocols.Rerank;
using Gatehouse.Protocols.Tests.Embeddings;
using Gatehouse.Protocols.Tests.Generators;

namespace Gatehouse.Protocols.Tests.Rerank;

/// <summary>Every recorded call of a rerank endpoint: its request through the reader and out of the writer, its answer through the reader.</summary>
public sealed class RerankRecordingTests
{
    /// <summary>llama.cpp answers nothing to it, Cohere's format has a minimum of 1.</summary>
    private const string CallForNothing = "llamacpp/rerank-rerank-matrix-top-n-zero-0";

    public static TheoryData<string> Calls => RecordedCall.Rows(call => call.IsRerank);

    public static TheoryData<string> CallsWithRequest => RecordedCall.Rows(call => call.IsRerank && call.Request is not null && call.Id != CallForNothing);

    [Fact]
    public void No_recording_is_left_out_silently()
    {
        Assert.Equal(12, RecordedCall.All.Values.Count(call => call.IsRerank));
        Assert.Equal(9, CallsWithRequest.Count);
        Assert.Contains(CallForNothing, RecordedCall.All);
    }

    [Theory]
    [MemberData(nameof(Calls))]
    public void An_answer_is_read_as_it_was_meant(string id)
    {
        var call = RecordedCall.All[id];
        var body = JsonNode.Parse(call.Response)!;
        var request = new RerankRequest("m", "q", [.. Enumerable.Repeat("d", call.Request?["documents"]?.AsArray().Count ?? 10)]);
        var answer = RerankFormats.ReadAnswer(Cuts.Sequence(call.Response, [11]), request, out var mistake);
        if (call.Status != 200)
        {
            Assert.Null(answer);
            Assert.Equal("has no list of results", mistake);
            return;
        }

        Assert.Null(mistake);
        var results = (body["results"] ?? body["data"])!.AsArray();
        Assert.Equal(results.Select(item => new RerankResult((int)item!["index"]!, (double)item["relevance_score"]!)), answer!.Results);
        Assert.Equal((string?)body["id"], answer.Id);
        Assert.Equal((string?)body["model"], answer.Model);
        Assert.Equal((long?)body["meta"]?["billed_units"]?["search_units"], answer.SearchUnits);
        Assert.Equal((long?)(body["usage"]?["prompt_tokens"] ?? body["usage"]?["total_tokens"]), answer.Usage?.InputTokens);
    }

    [Theory]
    [MemberData(nameof(CallsWithRequest))]
    public void A_request_is_written_as_the_providers_own_client_wrote_it(string id)
    {
        var call = RecordedCall.All[id];
        var format = FormatOf(call);
        var request = RequestOf(call, format);
        var dropped = new List<string>();
        Assert.Null(RerankFormats.Check(format, request, dropped));
        Assert.Empty(dropped);

        var written = new ArrayBufferWriter<byte>();
        RerankFormats.WriteRequest(format, request, written);

        Assert.Equal(Meaning(call.Request!), Meaning(JsonNode.Parse(written.WrittenSpan)!.AsObject()));

        // Cohere's v1 calls are written for v2.
        var path = RerankFormats.PathOf(format, request.Model).Replace("/v2/", "/", StringComparison.Ordinal);
        Assert.EndsWith(path, new Uri(call.Url).AbsolutePath, StringComparison.Ordinal);
    }

    [Fact]
    public void A_call_for_no_documents_is_refused()
    {
        var request = RecordedCall.All[CallForNothing].RequestBytes!;
        Assert.Null(RerankRequestReader.Read(new ReadOnlySequence<byte>(request), out var error));
        Assert.Equal("top_n", error.Field);
    }

    private static RerankFormat FormatOf(RecordedCall call) => call.Provider switch
    {
        "cohere" => RerankFormat.Cohere,
        "voyage" => RerankFormat.Voyage,
        "bedrock" => RerankFormat.BedrockCohere,
        _ => RerankFormat.Jina,
    };

    /// <summary>The recorded request as a client of Cohere's format would have sent it, through the reader.</summary>
    private static RerankRequest RequestOf(RecordedCall call, RerankFormat format)
    {
        var body = call.Request!.DeepClone().AsObject();
        if (format == RerankFormat.Voyage)
        {
            body["top_n"] = (int)body["top_k"]!;
            _ = body.Remove("top_k");
            _ = body.Remove("truncation");
        }
        else if (format == RerankFormat.BedrockCohere)
        {
            body["model"] = Uri.UnescapeDataString(new Uri(call.Url).AbsolutePath.Split('/')[2]);
            _ = body.Remove("api_version");
        }

        return RerankRequestReader.Read(Cuts.Sequence(System.Text.Encoding.UTF8.GetBytes(body.ToJsonString()), [9]), out _)!;
    }

    /// <summary>Without defaults.</summary>
    private static string Meaning(JsonObject request) => new JsonObject(request
        .Where(member => (member.Key, member.Value!.ToJsonString()) is not (("truncation", "true") or ("return_documents", "false")))
        .OrderBy(member => member.Key, StringComparer.Ordinal)
        .Select(member => KeyValuePair.Create(member.Key, (JsonNode?)member.Value!.DeepClone()))).ToJsonString();
}
