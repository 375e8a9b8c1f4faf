using System.Text.Json;
using Gatehouse.Pipeline;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;
using Gatehouse.Routing.Traits;

namespace Gatehouse.Runs;

/// <summary>What the body of a request says of its run: read only when the head says nothing, and the body has the member.</summary>
internal static class RunBody
{
    private const string SessionMark = "_session_";

    private static readonly ulong MetadataMark = MemberNames.MarkOf("metadata"u8);
    private static readonly ulong PreviousMark = MemberNames.MarkOf("previous_response_id"u8);

    /// <summary>
    /// The session of Claude Code in <c>metadata.user_id</c>: <c>user_..._session_UUID</c>, since 2.1 a JSON object with <c>session_id</c>.
    /// </summary>
    public static string? SessionOf(Exchange exchange) =>
        exchange.Operation is { IsChat: true, Dialect: Dialect.Anthropic }
        && exchange.Request.Envelope is { } envelope && (envelope.Names & MetadataMark) != 0
        && Text(exchange, "metadata", "user_id") is { } user
            ? SessionOf(user)
            : null;

    /// <summary>The answer from which a request of the Responses API goes on; null for none.</summary>
    public static string? PreviousOf(Exchange exchange) =>
        exchange.Operation != Operation.Responses ? null
        : exchange.Request.ContinuesFrom
            ?? (exchange.Request.Envelope is { } envelope && (envelope.Names & PreviousMark) != 0 ? Text(exchange, "previous_response_id", inner: null) : null);

    private static string? SessionOf(string user)
    {
        string? session = null;
        if (user.StartsWith('{'))
        {
            try
            {
                session = JsonElement.Parse(user).Text("session_id");
            }
            catch (Exception exception) when (exception is JsonException or MalformedException)
            {
                // Somebody else's way to name users.
            }
        }
        else if (user.LastIndexOf(SessionMark, StringComparison.Ordinal) is >= 0 and var mark)
        {
            session = user[(mark + SessionMark.Length)..];
        }

        // Only what is made for one session is one: a name that somebody chose may be that of a user.
        return Guid.TryParse(session, out _) ? session : null;
    }

    /// <summary>A text among the members of the body, or of an object among them; the last one of the name counts, as everywhere.</summary>
    private static string? Text(Exchange exchange, string name, string? inner)
    {
        var reader = new Utf8JsonReader(exchange.Request.Body, RequestTraits.ReaderOptions);
        string? text = null;
        try
        {
            _ = reader.Read();
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var isIt = TraitsReader.ShortText(reader) == name;
                _ = reader.Read();
                if (isIt)
                {
                    text = inner is null ? TextOf(reader) : InnerText(ref reader, inner);
                }

                reader.Skip();
            }
        }
        catch (JsonException)
        {
            // The ingress has read it as JSON: this does not happen to a body that goes on.
        }

        return text;
    }

    private static string? InnerText(ref Utf8JsonReader reader, string name)
    {
        string? text = null;
        if (reader.TokenType == JsonTokenType.StartObject)
        {
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var isIt = TraitsReader.ShortText(reader) == name;
                _ = reader.Read();
                text = isIt ? TextOf(reader) : text;
                reader.Skip();
            }
        }

        return text;
    }

    private static string? TextOf(in Utf8JsonReader reader) => reader.TokenType == JsonTokenType.String ? TraitsReader.ShortText(reader) : null;
}
