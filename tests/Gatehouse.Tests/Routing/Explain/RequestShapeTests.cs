using System.Text.Json;
using Gatehouse.Routing.Explain;

namespace Gatehouse.Tests.Routing.Explain;

/// <summary>A body that is shown without its path is taken for what it looks like.</summary>
public sealed class RequestShapeTests
{
    [Theory]
    [InlineData("""{"messages":[{"role":"user","content":"Hi"}]}""", "/v1/chat/completions")]
    [InlineData("""{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"x"}}]}],"max_tokens":5}""", "/v1/chat/completions")]
    [InlineData("""{"messages":[{"role":"user","content":"Hi"}],"system":"Be brief.","max_tokens":5}""", "/v1/messages")]
    [InlineData("""{"messages":[{"role":"user","content":[{"type":"image","source":{}}]}]}""", "/v1/messages")]
    [InlineData("""{"messages":[],"tools":[{"name":"f","input_schema":{}}]}""", "/v1/messages")]
    [InlineData("""{"messages":[],"tools":[{"type":"function","function":{"name":"f"}}]}""", "/v1/chat/completions")]
    [InlineData("""{"input":"Hi"}""", "/v1/responses")]
    [InlineData("""{"input":[{"role":"user","content":"Hi"}]}""", "/v1/responses")]
    [InlineData("""{"input":["a","b"]}""", "/v1/embeddings")]
    [InlineData("""{"input":"a","dimensions":5}""", "/v1/embeddings")]
    [InlineData("""{"input":"a","voice":"alloy"}""", "/v1/audio/speech")]
    [InlineData("""{"contents":[{"parts":[{"text":"Hi"}]}]}""", "/v1beta/models/MODEL:generateContent")]
    [InlineData("""{"query":"a","documents":["b"]}""", "/v1/rerank")]
    [InlineData("""{"prompt":"Once"}""", "/v1/completions")]
    [InlineData("""{"prompt":"A cat","size":"1x1"}""", "/v1/images/generations")]
    [InlineData("""{"messages":5,"tools":[5,null,"x"]}""", "/v1/chat/completions")]
    [InlineData("""{"messages":[5,{"content":[5,{"type":7}]}]}""", "/v1/chat/completions")]
    [InlineData("[]", "/v1/chat/completions")]
    public void A_body_has_a_path(string body, string expected)
    {
        var (operation, path, error) = RequestShape.Of(JsonElement.Parse(body), path: null);

        Assert.Null(error);
        Assert.NotNull(operation);
        Assert.Equal(expected, path);
    }

    [Fact]
    public void A_path_that_is_named_counts_and_an_unknown_one_is_told()
    {
        Assert.Equal("count_tokens", RequestShape.Of(JsonElement.Parse("""{"messages":[]}"""), "/v1/messages/count_tokens").Operation!.Name);
        Assert.Equal("embeddings", RequestShape.Of(null, "/v1beta/models/x:embedContent").Operation!.Name);
        Assert.Equal(("path", true), (RequestShape.Of(null, "/v1/files").Error!.Field, RequestShape.Of(null, "/v1/files").Error!.Message.StartsWith("'/v1/files' is not a path", StringComparison.Ordinal)));
    }
}
