using System.Text.Json;

namespace Gatehouse.Protocols.Chat;

/// <summary>How the pieces of a streamed answer are framed.</summary>
public enum StreamFraming
{
    ServerSentEvents,

    /// <summary><c>application/vnd.amazon.eventstream</c></summary>
    AwsEventStream,

    /// <summary>A JSON text a line.</summary>
    JsonLines,
}

/// <summary>What the writer of a request must know of its target.</summary>
/// <param name="Model">The target's own name of the model.</param>
/// <param name="Rules">What is special about it.</param>
/// <param name="Dropped">Collects what it cannot be told.</param>
public sealed record RequestContext(string Model, TargetRules Rules, DroppedParameters Dropped)
{
    /// <summary>What the model can put out at most, where it is known: Anthropic wants a limit in every request.</summary>
    public long? MaxOutputTokens { get; init; }

    /// <summary>Whether the model can think, where that is known. The rules know it better than the catalogue.</summary>
    public bool? Reasoning { get; init; }

    /// <summary>
    /// The request without what the target refuses: what the rules name, and thoughts where the model has none. Not to think is what such
    /// a model does anyway.
    /// </summary>
    public ChatRequest Apply(ChatRequest request)
    {
        request = Rules.Apply(request, Dropped);
        return Rules.Has("no_reasoning") || Reasoning == false ? ReasoningRules.Without(request, Dropped) : request;
    }
}

/// <summary>What the writer of an answer must know besides the answer.</summary>
/// <param name="Request">What was asked.</param>
/// <param name="Id">To name an answer to which the provider gave no id: 26 letters and digits.</param>
/// <param name="Model">To name the model where the provider does not.</param>
/// <param name="Created">Unix seconds, where the provider tells no time.</param>
public sealed record AnswerContext(ChatRequest Request, string Id, string Model, long Created)
{
    /// <summary>A variant of the dialect's stream that the caller asked for; Gemini's JSON array instead of server-sent events.</summary>
    public bool IsJsonArray { get; init; }
}

/// <summary>
/// One dialect: the six readers and writers, seen from outside. All are pure functions of bytes; streams have a state each.
/// </summary>
public abstract class DialectCodec
{
    public abstract Dialect Dialect { get; }

    public virtual StreamFraming Framing => StreamFraming.ServerSentEvents;

    /// <exception cref="MalformedException">It is not a request of this dialect.</exception>
    public abstract ChatRequest ReadRequest(JsonElement body);

    /// <exception cref="UnsupportedException">The dialect cannot express something that changes the meaning.</exception>
    public abstract void WriteRequest(ChatRequest request, RequestContext context, Utf8JsonWriter writer);

    /// <param name="body">The answer's body.</param>
    /// <param name="fallbackId">Makes ids for tool calls that have none: letters and digits, unique to this exchange.</param>
    /// <exception cref="MalformedException">It is not an answer of this dialect.</exception>
    public abstract ChatResponse ReadResponse(JsonElement body, string fallbackId);

    public abstract void WriteResponse(ChatResponse response, AnswerContext context, Utf8JsonWriter writer);

    /// <param name="status">HTTP status.</param>
    /// <param name="body">The error's body; null when it was not JSON.</param>
    public abstract ChatError ReadError(int status, JsonElement? body);

    public abstract void WriteError(ChatError error, Utf8JsonWriter writer);

    public abstract ChatStreamReader NewStreamReader(string fallbackId);

    public abstract ChatStreamWriter NewStreamWriter(AnswerContext context);
}
