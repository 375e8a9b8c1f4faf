using System.Net.Http.Headers;
using System.Text.Json.Nodes;

namespace Gatehouse.Tests.Compatibility.Clients;

/// <summary>A client of one dialect: what it sends, and how strictly it reads what comes back. Written from the specification alone.</summary>
internal abstract class Client
{
    protected const string PixelPng = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

    protected const string CitySchema = """{"type":"object","properties":{"city":{"type":"string","description":"Name of the city"}},"required":["city"],"additionalProperties":false}""";

    protected const string NoSchema = """{"type":"object","properties":{},"additionalProperties":false}""";

    protected const string AnswerSchema = """{"type":"object","properties":{"city":{"type":"string"},"celsius":{"type":"integer"}},"required":["city","celsius"],"additionalProperties":false}""";

    public static readonly IReadOnlyList<Client> All = [new OpenAiChatClient(), new OpenAiResponsesClient(), new AnthropicClient(), new GeminiClient()];

    public abstract string Name { get; }

    /// <summary>The dialect has system turns inside of a conversation.</summary>
    public virtual bool HasLaterSystemTurns => true;

    public abstract string Path(string model, bool stream);

    /// <summary>The first request of a feature.</summary>
    public abstract string Request(Feature feature, string model, bool stream);

    /// <summary>The request after a call of a tool: the first one, the answer as the client keeps it, and the result of the call.</summary>
    public abstract string FollowUp(string request, SeenAnswer answer, string result);

    public abstract SeenAnswer ReadAnswer(JsonNode answer);

    public abstract SeenAnswer ReadStream(string stream);

    public abstract SeenError ReadError(int status, JsonNode envelope);

    /// <summary>The words for a kind of error that the SDKs of the dialect know.</summary>
    public abstract string TypeOf(int status);

    /// <summary>How the remaining requests are told, and for how many.</summary>
    public virtual string RemainingHeader => "x-ratelimit-remaining-requests";

    public virtual string ResetHeader => "x-ratelimit-reset-requests";

    /// <summary>The reset is a time (RFC 3339), not a duration.</summary>
    public virtual bool ResetIsTime => false;

    public virtual void AddHeaders(HttpRequestHeaders headers)
    {
    }

    public override string ToString() => Name;

    protected static T Member<T>(JsonNode parent, string name) where T : JsonNode => Assert.IsAssignableFrom<T>(parent[name]);
}
