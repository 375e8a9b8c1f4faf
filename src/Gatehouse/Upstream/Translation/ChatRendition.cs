using System.Buffers;
using System.Text.Json;
using Gatehouse.Catalog;
using Gatehouse.Pipeline;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Dialects.Anthropic;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Upstream.Translation;

/// <summary>
/// A conversation for a target that speaks another dialect than the caller: the request in the target's words, and what is needed to put
/// its answer into the caller's.
/// </summary>
internal sealed class ChatRendition : Rendition
{
    /// <summary>Members that must be lists, but for Google, who takes one thing for a list of one. To pass over them would change what is asked.</summary>
    private static readonly string[] ListNames = ["tools", "functions", "stop_sequences"];

    private readonly string _query;
    private ReadOnlyMemory<byte> _body;
    private bool _forwardsAll;

    private ChatRendition(Exchange exchange, DialectCodec target, ChatRequest request, ReadOnlyMemory<byte> body)
    {
        Target = target;
        Caller = Codecs.Of(exchange.Operation.Dialect);
        _body = body;
        IsStream = request.IsStream;
        _query = exchange.Request.Query;
        // Of earlier turns that the gateway put in, the answer still says from which it goes on.
        Context = new AnswerContext(request with { PreviousResponseId = exchange.Request.ContinuesFrom }, exchange.Id[(exchange.Id.IndexOf('_', StringComparison.Ordinal) + 1)..], exchange.Target!.Model, exchange.StartedAt.ToUnixTimeSeconds())
        {
            IsJsonArray = exchange.Request.IsJsonArray,
        };
    }

    public DialectCodec Caller { get; }

    public DialectCodec Target { get; }

    public override ReadOnlyMemory<byte> Body => _body;

    public override bool ForwardsHeaders => IsRequestOnly || _forwardsAll;

    /// <summary>The target speaks the caller's dialect, but not all of it: the request is written anew, its answer passes as it is.</summary>
    public bool IsRequestOnly { get; private init; }

    public bool IsStream { get; }

    public AnswerContext Context { get; }

    /// <summary>Puts the caller's request into the words of a target.</summary>
    /// <param name="exchange">Has the request.</param>
    /// <param name="target">Where it shall go.</param>
    /// <param name="dialect">What the target speaks.</param>
    /// <param name="isRequestOnly">See <see cref="IsRequestOnly"/>.</param>
    /// <returns>An error when the request is not what its dialect wants, or asks for what the target cannot express.</returns>
    public static (ChatRendition? Rendition, GatewayError? Error) Of(Exchange exchange, Target target, Dialect dialect, bool isRequestOnly)
    {
        var (request, malformed) = Read(exchange, dialect);
        if (request is null)
        {
            return (null, malformed);
        }

        if (request.PreviousResponseId is { } previous && !isRequestOnly)
        {
            return (null, new GatewayError(
                GatewayErrorCode.InvalidRequest, $"There is no answer '{previous}' here that the key '{exchange.Key!.Name}' may go on from, or it has expired.")
            { Field = "previous_response_id" });
        }

        if (request.Store == false)
        {
            exchange.AnswerKeeper = null;
        }

        if (request.Dialect == Dialect.Gemini && dialect != Dialect.Gemini)
        {
            request = request with { Messages = Conversation.JoinStreamed(request.Messages) };
        }

        var said = exchange.Joined?.RequestFor(request, target) ?? request;
        var codec = Codecs.Of(dialect);
        var rules = TargetRulesTable.Of(target);
        var dropped = new DroppedParameters();
        var body = new ArrayBufferWriter<byte>(Math.Max(256, (int)Math.Min(exchange.Request.Body.Length, 1 << 20)));
        try
        {
            using var writer = new Utf8JsonWriter(body, JsonWriting.Options);
            var known = new ModelFacts(exchange.Snapshot.Catalog, target.Provider.Name, target.Provider.Entry.Kind, target.Model);
            codec.WriteRequest(said, new RequestContext(target.Model, rules, dropped) { MaxOutputTokens = known.MaxOutput, Reasoning = known.Reasoning }, writer);
        }
        catch (UnsupportedException exception)
        {
            return (null, new GatewayError(GatewayErrorCode.UnsupportedFeature, $"{target.Name} cannot take {exception.Message}; it speaks {target.Provider.Entry.Title}'s format.")
            { Field = exception.Message });
        }
        catch (MalformedException exception)
        {
            return (null, new GatewayError(GatewayErrorCode.InvalidRequest, Sentence(exception)) { Field = exception.Field });
        }

        exchange.Dropped = dropped.Names;
        return (new ChatRendition(exchange, codec, request, body.WrittenMemory) { IsRequestOnly = isRequestOnly }, null);
    }

    public override Uri UriFor(Target target) => UpstreamPaths.OfChat(target, Target.Dialect, IsStream, ForwardsHeaders ? _query : "");

    /// <summary>The target speaks the caller's dialect: headers and query have a meaning for it.</summary>
    public void ForwardsAll() => _forwardsAll = true;

    public override HeldAnswer? AnswerOf(Exchange exchange, HttpResponseMessage response, CallLifetime lifetime)
    {
        // A stream can last long; what was asked is needed no more.
        _body = default;
        if (IsRequestOnly)
        {
            return null;
        }

        var isStream = (int)response.StatusCode < 400 && IsFramedStream(response);
        if (exchange.Joined is null)
        {
            exchange.Facts = new CodecAnswerFacts(Target, isStream);
        }

        return isStream
            ? new TranslatedStream(response, lifetime, this, exchange.Joined ?? Joinable(exchange), exchange.Snapshot.MaxStreamFrame)
            : new TranslatedBody(response, lifetime, this);
    }

    /// <summary>The request in neutral terms; read once, whatever number of targets is tried.</summary>
    /// <param name="exchange">Has the request.</param>
    /// <param name="target">
    /// The dialect it is for. Mistral's own clients speak OpenAI's format with what Mistral added to it: for Mistral it is read as Mistral's,
    /// so that nothing of that is lost.
    /// </param>
    public static (ChatRequest? Request, GatewayError? Error) Read(Exchange exchange, Dialect? target = null)
    {
        var caller = exchange.Operation.Dialect;
        var dialect = target == Dialect.Mistral && caller == Dialect.OpenAiChat ? Dialect.Mistral : caller;
        if (exchange.Request.Chat is { } read && read.Dialect == dialect)
        {
            return (read, null);
        }

        try
        {
            // A copy: the buffers go back to the server when the answer begins, and the answer's writer still looks at the request. Not
            // disposed of: a second copy, of what may be 30 MB of pictures, would cost more than the little that goes back to a pool.
            // When an answer goes on elsewhere they are gone already.
            var body = exchange.Joined is not null
                ? exchange.Request.Document
                : exchange.Request.Document = JsonDocument.Parse(exchange.Request.Body.ToArray(), JsonWriting.ReadOptions).RootElement;
            if (exchange.Operation.Dialect != Dialect.Gemini && ListNames.FirstOrDefault(name => body.Member(name) is { ValueKind: not JsonValueKind.Array }) is { } wrong)
            {
                return (null, new GatewayError(GatewayErrorCode.InvalidRequest, $"'{wrong}' must be a list.") { Field = wrong });
            }

            // A count needs no max_tokens, which every other request of Anthropic's must have.
            var request = exchange.Operation == Operation.CountMessageTokens
                ? AnthropicCodec.ReadCountTokensRequest(body)
                : Codecs.Of(dialect).ReadRequest(body);
            if (exchange.Operation.Dialect == Dialect.Gemini)
            {
                request = request with { IsStream = exchange.Request.IsStream };
            }

            exchange.Request.Chat = request;
            return (request, null);
        }
        catch (MalformedException exception)
        {
            return (null, new GatewayError(GatewayErrorCode.InvalidRequest, Sentence(exception)) { Field = exception.Field });
        }
        catch (JsonException)
        {
            return (null, new GatewayError(GatewayErrorCode.InvalidRequest, $"The request is nested more than {JsonWriting.ReadOptions.MaxDepth} levels deep."));
        }
    }

    private JoinedStream? Joinable(Exchange exchange) => IsStream && exchange.Route?.Continuation is { } continuation and not Continuation.Off
        ? new JoinedStream(Caller.NewStreamWriter(Context), Context.Request, continuation)
        : null;

    private bool IsFramedStream(HttpResponseMessage response)
    {
        var type = MediaType.Of(response.Content);
        return Target.Framing switch
        {
            StreamFraming.AwsEventStream => type.Equals("application/vnd.amazon.eventstream", StringComparison.OrdinalIgnoreCase),
            StreamFraming.JsonLines => type.Contains("ndjson", StringComparison.OrdinalIgnoreCase),
            _ => type.Equals("text/event-stream", StringComparison.OrdinalIgnoreCase),
        };
    }

    private static string Sentence(MalformedException exception)
    {
        var text = exception.Message;
        return text.Length == 0 ? "The request is malformed." : char.ToUpperInvariant(text[0]) + text[1..] + (text.EndsWith('.') ? "" : ".");
    }
}
