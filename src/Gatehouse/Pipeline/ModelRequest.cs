using System.Buffers;
using System.Text.Json;
using Gatehouse.Objects;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Dialects.OpenAi;

namespace Gatehouse.Pipeline;

/// <summary>A model call as the ingress read it.</summary>
internal sealed class ModelRequest
{
    public static readonly ModelRequest None = new();

    private bool? _hasForeignSignatures;

    /// <summary>The model as the caller wrote it; empty when the request names none.</summary>
    public string Model { get; init; } = "";

    /// <summary>Null for a body that is passed on unread, and when the body has been given back.</summary>
    public OpenAiRequestEnvelope? Envelope { get; private set; }

    /// <summary>For a body that is a form.</summary>
    public MultipartEnvelope? Form { get; private set; }

    /// <summary>There is nothing but the head.</summary>
    public bool HasNoBody { get; init; }

    /// <summary>A body that was not kept can be sent only once.</summary>
    public bool CanBeSentAgain => HasNoBody || Envelope is not null || Form is not null;

    /// <summary>The whole body, in the buffers it was received in. Empty for a body that is passed on unread.</summary>
    public ReadOnlySequence<byte> Body { get; private set; }

    /// <summary>The provider named by <c>x-gatehouse-provider</c>.</summary>
    public string? Provider { get; init; }

    /// <summary>Path and query below <c>/v1</c>, as sent, for relayed paths; for a realtime session, the query without the model.</summary>
    public string RelayPath { get; init; } = "";

    public bool IsStream { get; init; }

    /// <summary>A Gemini stream is wanted as one JSON array, and not as server-sent events.</summary>
    public bool IsJsonArray { get; init; }

    /// <summary>The query of the request without the caller's key, for a target that is spoken to in the caller's dialect.</summary>
    public string Query { get; init; } = "";

    /// <summary>The request in neutral terms; set when a target speaks another dialect.</summary>
    public ChatRequest? Chat { get; set; }

    /// <summary>
    /// Thoughts in it were sealed by a provider of another dialect than the caller's, or may have been: earlier turns that the gateway put
    /// in were given by any provider.
    /// </summary>
    public bool HasForeignSignatures => _hasForeignSignatures ??= IsBodyReplaced || Signature.IsMarkedIn(Body);

    /// <summary>What it does with objects at the provider.</summary>
    public ObjectUse? Object { get; set; }

    public static ModelRequest Of(OpenAiRequestEnvelope envelope, ReadOnlySequence<byte> body, string? provider, string relayPath, string query) => new()
    {
        Model = envelope.Model ?? "",
        IsStream = envelope.IsStream,
        Envelope = envelope,
        Body = body,
        Provider = provider,
        RelayPath = relayPath,
        Query = query,
    };

    /// <summary>A request whose path names the model.</summary>
    public static ModelRequest OfPath(
        string model, bool isStream, bool isJsonArray, OpenAiRequestEnvelope envelope, ReadOnlySequence<byte> body, string? provider) => new()
        {
            Model = model,
            IsStream = isStream,
            IsJsonArray = isJsonArray,
            Envelope = envelope,
            Body = body,
            Provider = provider,
        };

    public static ModelRequest Of(MultipartEnvelope form, ReadOnlySequence<byte> body) => new()
    {
        Model = form.Model!,
        IsStream = form.IsStream,
        Form = form,
        Body = body,
    };

    /// <summary>A body that was read for the objects it names, and that goes on as it is: its "model" is not what is called.</summary>
    public static ModelRequest OfRelay(OpenAiRequestEnvelope envelope, ReadOnlySequence<byte> body, string? provider, string relayPath, ObjectUse? use) => new()
    {
        Envelope = envelope,
        Body = body,
        Provider = provider,
        RelayPath = relayPath,
        Object = use,
    };

    /// <summary>The body as a document; set when a target speaks another dialect.</summary>
    public JsonElement Document { get; set; }

    /// <summary>The answer, kept by the gateway, from which the request goes on; its turns are in the body.</summary>
    public string? ContinuesFrom { get; set; }

    /// <summary>The only provider that can take the request, as it goes on from something that is kept there; null for any.</summary>
    public string? OnlyProvider { get; set; }

    /// <summary>
    /// Told to a key that may not use all of the provider to which the request goes: the request refers to something of which the gateway does
    /// not know whose it is. Null when it does not.
    /// </summary>
    public GatewayError? UnknownObject { get; set; }

    /// <summary>The body is not the caller's own any more.</summary>
    public bool IsBodyReplaced { get; private set; }

    /// <summary>The body is not in the server's buffers.</summary>
    public bool OwnsBody { get; private set; }

    public void Replace(OpenAiRequestEnvelope envelope, ReadOnlySequence<byte> body) =>
        (Envelope, Body, IsBodyReplaced, OwnsBody) = (envelope, body, true, true);

    /// <summary>The same request for another exchange.</summary>
    /// <param name="body">A copy of the body.</param>
    public ModelRequest Copy(byte[] body) => new()
    {
        Model = Model,
        IsStream = IsStream,
        IsJsonArray = IsJsonArray,
        Query = Query,
        RelayPath = RelayPath,
        ContinuesFrom = ContinuesFrom,
        Envelope = Envelope,
        Body = new ReadOnlySequence<byte>(body),
        IsBodyReplaced = IsBodyReplaced,
        OwnsBody = true,
    };

    /// <summary>Forgets the body: its buffers belong to others now.</summary>
    public void DropBody()
    {
        Envelope = null;
        Form = null;
        Body = default;
    }
}
