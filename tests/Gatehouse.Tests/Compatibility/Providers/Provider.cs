using System.Text;
using System.Text.Json.Nodes;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests.Compatibility.Providers;

/// <summary>
/// A provider of one dialect: what it takes, as strictly as it says itself, and what it answers, in the form in which it was recorded.
/// Written from specifications and recordings alone.
/// </summary>
internal abstract class Provider
{
    /// <summary>With what base64 has, and what JSON and URLs escape.</summary>
    public const string Seal = "Eo8CCkYIARgCKkD+a/b==";

    public static readonly Tokens Counted = new(Input: 150, CacheRead: 40, Output: 20);

    public static readonly IReadOnlyList<Provider> All =
    [
        new OpenAiChatProvider(), new OpenAiResponsesProvider(), new AnthropicProvider(), new GeminiProvider(), new BedrockProvider(), new CohereProvider(), new OllamaProvider(),
        new VertexGeminiProvider(), new VertexAnthropicProvider(), new AzureProvider(), new MistralProvider(), new DeepSeekProvider(),
    ];

    public abstract string Name { get; }

    /// <summary>Name of the provider in the configuration, and of the route to it.</summary>
    public abstract string Key { get; }

    public abstract string Model { get; }

    /// <summary>The name of the client whose dialect it speaks; its bytes pass as they are. Null when there is none.</summary>
    public virtual string? Same => null;

    public virtual string StreamType => "text/event-stream";

    /// <summary>What comes back of a thought in the next request: its seal.</summary>
    public virtual bool SealsThoughts => false;

    /// <summary>What comes back of a thought in the next request: its text.</summary>
    public virtual bool TakesThoughts => SealsThoughts;

    public virtual Tokens Tokens => Counted;

    /// <summary>The text that comes with a refusal.</summary>
    public virtual bool RefusesWithText => true;

    /// <summary>The settings of the provider, without braces.</summary>
    public abstract string Settings(string address);

    /// <summary>Checks path, headers and body, and says what was asked.</summary>
    public abstract SeenPrompt ReadRequest(SeenRequest request);

    public abstract string Json(Answer answer);

    /// <summary>A whole stream, frame by frame.</summary>
    public abstract IEnumerable<byte[]> Frames(Answer answer);

    /// <summary>The start of a stream with a text in it, and then the provider's own error.</summary>
    public abstract IEnumerable<byte[]> FailingFrames(string message);

    /// <summary>The start of a stream up to and with a piece of text.</summary>
    public virtual IEnumerable<byte[]> Beginning()
    {
        foreach (var frame in Frames(Answer.Hello))
        {
            yield return frame;
            if (Encoding.UTF8.GetString(frame).Contains(Shape.Quote(Shape.Pieces(Answer.Hello.Text!)[0])[1..^1], StringComparison.Ordinal))
            {
                yield break;
            }
        }
    }

    /// <summary>A frame that cannot be read.</summary>
    public virtual byte[] Garbage => Utf8("data: {\"choices\": [{]}\n\n");

    public abstract string Error(int status, string message);

    public virtual IEnumerable<string> ErrorHeaders(int status) => [];

    /// <summary>A call's id as the provider makes them; null when it makes none.</summary>
    public virtual string? CallId(int index) => $"call_{"AbC"[index]}x9";

    public override string ToString() => Name;

    protected static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);

    protected static byte[] Event(string json) => Utf8($"data: {json}\n\n");

    protected static byte[] Event(string name, string json) => Utf8($"event: {name}\ndata: {json}\n\n");

    protected static void Posts(SeenRequest request, string target)
    {
        Assert.Equal("POST", request.Method);
        Assert.Equal(target, request.Target);
        Assert.Equal("application/json", request.Headers["content-type"]);
        Assert.DoesNotContain(request.Headers.Values, value => value.Contains(GatewayHost.Key, StringComparison.Ordinal));
    }

    protected static JsonNode Body(SeenRequest request) => Shape.Parse(request.Text);

    protected static T To<T>(JsonNode? node) where T : JsonNode => Assert.IsType<T>(node);
}
