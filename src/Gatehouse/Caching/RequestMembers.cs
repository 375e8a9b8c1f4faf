using System.Text.Json;
using Gatehouse.Pipeline;
using Gatehouse.Protocols.Chat;

namespace Gatehouse.Caching;

/// <summary>What a member at the top of a request is to the cache.</summary>
internal enum MemberUse
{
    /// <summary>It makes the answer what it is: a part of the key. So is every member that is not known here.</summary>
    Key,

    /// <summary>It says who asks or for whom, and changes nothing in the answer.</summary>
    Ignored,

    /// <summary>Unless it is null or false, the request goes on from something that is kept, or leaves something that is.</summary>
    State,

    /// <summary>Whether the answer is kept for later turns.</summary>
    Store,
}

/// <summary>The members of one dialect's requests, as far as they are more than a part of the key.</summary>
internal sealed class RequestMembers
{
    private static readonly RequestMembers OpenAi = new(
        ignored: ["user", "safety_identifier", "metadata", "prompt_cache_key", "prompt_cache_retention", "prompt_cache_options"], state: ["mcp_servers"]);

    private static readonly RequestMembers Responses = new(
        ignored: ["user", "safety_identifier", "metadata", "prompt_cache_key", "prompt_cache_retention", "prompt_cache_options"],
        state: ["previous_response_id", "conversation", "background", "prompt"])
    { IsStoredByDefault = true };

    private static readonly RequestMembers Anthropic = new(ignored: ["metadata"], state: ["container", "mcp_servers"]);

    private static readonly RequestMembers Gemini = new(ignored: ["labels"], state: ["cachedContent", "cached_content"]);

    private readonly (byte[] Name, MemberUse Use)[] _uses;

    private RequestMembers(string[] ignored, string[] state) => _uses =
    [
        .. ignored.Select(name => (System.Text.Encoding.UTF8.GetBytes(name), MemberUse.Ignored)),
        .. state.Select(name => (System.Text.Encoding.UTF8.GetBytes(name), MemberUse.State)),
        ("store"u8.ToArray(), MemberUse.Store),
    ];

    /// <summary>An answer is kept by the provider, or the gateway, unless the request says otherwise.</summary>
    public bool IsStoredByDefault { get; private init; }

    public static RequestMembers Of(Operation operation) => operation.Dialect switch
    {
        Dialect.OpenAiResponses => Responses,
        Dialect.Anthropic => Anthropic,
        Dialect.Gemini => Gemini,
        _ => OpenAi,
    };

    /// <param name="reader">At the name of a member.</param>
    public MemberUse UseOf(ref Utf8JsonReader reader)
    {
        foreach (var (name, use) in _uses)
        {
            if (reader.ValueIsEscaped ? reader.ValueTextEquals(name) : reader.ValueSpan.SequenceEqual(name))
            {
                return use;
            }
        }

        return MemberUse.Key;
    }
}
