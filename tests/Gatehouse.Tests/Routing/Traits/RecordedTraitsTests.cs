using System.Buffers;
using System.Text.Json.Nodes;
using Gatehouse.Pipeline;
using Gatehouse.Protocols.Chat;
using Gatehouse.Routing.Traits;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests.Routing.Traits;

/// <summary>The recorded requests of all callers' dialects, with counts taken from the recordings by other means.</summary>
public sealed class RecordedTraitsTests
{
    private static readonly Lazy<Dictionary<string, List<byte[]>>> Requests = new(Read);

    [Theory]
    [InlineData("chat", 383, 15, 8, 1, 11, 163, 28, 133)]
    [InlineData("responses", 139, 2, 0, 0, 2, 78, 12, 15)]
    [InlineData("anthropic", 117, 8, 0, 0, 1, 60, 6, 117)]
    [InlineData("gemini", 103, 5, 1, 1, 5, 62, 9, 33)]
    public void All_are_read(string dialect, int count, int images, int audio, int video, int documents, int tools, int schemas, int capped)
    {
        var traits = Requests.Value[dialect].ConvertAll(body => RequestTraits.Read(Bodies.Named(dialect), new ReadOnlySequence<byte>(body)));
        Assert.Equal(count, traits.Count);
        Assert.Equal(
            (images, audio, video, documents, tools, schemas, capped),
            (
                Count(traits, Modalities.Image),
                Count(traits, Modalities.Audio),
                Count(traits, Modalities.Video),
                Count(traits, Modalities.Document),
                traits.Count(t => t.ToolCount > 0),
                traits.Count(t => t.WantsStructuredOutput),
                traits.Count(t => t.MaxOutputTokens is not null)));
    }

    /// <summary>The estimate is that of the whole translation of a request, which builds a document for it.</summary>
    [Theory]
    [InlineData("chat", Dialect.OpenAiChat)]
    [InlineData("responses", Dialect.OpenAiResponses)]
    [InlineData("anthropic", Dialect.Anthropic)]
    [InlineData("gemini", Dialect.Gemini)]
    public void Input_is_estimated_as_for_a_count_of_tokens(string dialect, Dialect of)
    {
        var near = 0;
        var compared = 0;
        foreach (var body in Requests.Value[dialect])
        {
            // What a provider sealed is not counted here: it is not text, and how much the provider makes of it is not known.
            if (body.AsSpan().IndexOf("encrypted_content"u8) >= 0 || body.AsSpan().IndexOf("ignature"u8) >= 0 || Translated(of, body) is not { } request)
            {
                continue;
            }

            compared++;
            var expected = Upstream.Translation.TokenEstimate.Of(request);
            var estimate = RequestTraits.Read(Bodies.Named(dialect), new ReadOnlySequence<byte>(body)).InputTokens;
            near += Math.Abs(estimate - expected) <= 20 + (expected / 4) ? 1 : 0;
        }

        Assert.True(compared > 50);
        Assert.InRange(near, compared * 0.95, compared);
    }

    private static ChatRequest? Translated(Dialect dialect, byte[] body)
    {
        try
        {
            using var document = System.Text.Json.JsonDocument.Parse(body);
            return Codecs.Of(dialect).ReadRequest(document.RootElement.Clone());
        }
        catch (Exception exception) when (exception is DialectException)
        {
            return null;
        }
    }

    private static int Count(List<RequestTraits> traits, Modalities modality) => traits.Count(t => t.Modalities.HasFlag(modality));

    private static Dictionary<string, List<byte[]>> Read()
    {
        var files = SharedData.Read("wire.tar.gz");
        var requests = new Dictionary<string, List<byte[]>>(StringComparer.Ordinal) { ["chat"] = [], ["responses"] = [], ["anthropic"] = [], ["gemini"] = [] };
        foreach (var entry in JsonNode.Parse(files["wire/index.json"])!["entries"]!.AsArray())
        {
            var path = ((string?)entry!["url"] ?? "").Split('?')[0];
            var dialect = path.EndsWith("/chat/completions", StringComparison.Ordinal) ? "chat"
                : path.EndsWith("/responses", StringComparison.Ordinal) ? "responses"
                : path.EndsWith("/messages", StringComparison.Ordinal) ? "anthropic"
                : path.Contains("enerateContent", StringComparison.Ordinal) ? "gemini"
                : null;
            if (dialect is not null && (string?)entry["request"] is { } name)
            {
                requests[dialect].Add(files[$"wire/{name}"]);
            }
        }

        return requests;
    }
}
