using System.Text.Json.Nodes;
using Gatehouse.Tests.Harness;
using Gatehouse.Upstream.Failures;

namespace Gatehouse.Tests.Failures;

/// <summary>Every recorded answer with a status of 400 or more, of every provider and endpoint.</summary>
public sealed class RecordedFailureTests
{
    /// <summary>Provider, kind and how many, each looked through by hand.</summary>
    private static readonly string[] Expected =
    [
        "anthropic Auth 3", "anthropic InvalidRequest 6", "anthropic ModelNotFound 5",
        "azure ModelNotFound 4",
        "bedrock Auth 1", "bedrock ModelNotFound 9", "bedrock Unsupported 4",
        "chatgpt Auth 1",
        "cohere ContextLength 1", "cohere ModelNotFound 4",
        "deepseek Auth 1", "deepseek ModelNotFound 1", "deepseek Unsupported 4",
        "doubleword ModelNotFound 3",
        "gemini Auth 3", "gemini InvalidRequest 2", "gemini ModelNotFound 5", "gemini RateLimited 1",
        "groq Auth 1", "groq ModelNotFound 1", "groq Unsupported 1",
        "llamacpp Auth 1", "llamacpp ContextLength 1", "llamacpp InvalidRequest 2", "llamacpp ServerError 1", "llamacpp Unsupported 1",
        "mistral ModelNotFound 3", "mistral Unsupported 3",
        "ollama ContextLength 1", "ollama ModelNotFound 1",
        "openai Auth 4", "openai InvalidRequest 18", "openai ModelNotFound 12", "openai Unsupported 2",
        "openrouter Auth 2", "openrouter ContextLength 1", "openrouter RateLimited 1",
        "perplexity ContextLength 1",
        "venice ModelNotFound 1",
        "vertex Auth 4", "vertex ContentRefused 1", "vertex InvalidRequest 1", "vertex ModelNotFound 1",
        "xai Auth 1", "xai ModelNotFound 1",
    ];

    [Fact]
    public void Every_recorded_error_has_its_kind()
    {
        var found = Recorded()
            .GroupBy(answer => $"{answer.Provider} {FailureClassifier.Of(answer.Status, answer.Body, answer.ErrorType)}", StringComparer.Ordinal)
            .Select(group => $"{group.Key} {group.Count()}")
            .Order(StringComparer.Ordinal);

        Assert.Equal(string.Join('\n', Expected.Order(StringComparer.Ordinal)), string.Join('\n', found));
    }

    private static IEnumerable<(string Provider, string Id, int Status, byte[] Body, string? ErrorType)> Recorded()
    {
        Require.Present(SharedData.IsPresent("wire.tar.gz"), "the recorded traffic");
        var files = SharedData.Read("wire.tar.gz");
        return JsonNode.Parse(files["wire/index.json"])!["entries"]!.AsArray()
            .Where(entry => (int?)entry!["status"] >= 400)
            .Select(entry => (
                (string)entry!["provider"]!,
                (string)entry["id"]!,
                (int)entry["status"]!,
                entry["response"] is { } response ? files[$"wire/{(string)response!}"] : [],
                (string?)entry["response_headers"]?["x-amzn-errortype"]));
    }
}
