using Gatehouse.Pipeline;
using Microsoft.AspNetCore.WebSockets;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Gatehouse.Ingress;

/// <summary>Reads the request for a realtime session (<c>GET /v1/realtime?model=...</c> with an upgrade to WebSocket).</summary>
internal static class RealtimeIngress
{
    private const int MaxModelLength = 512;

    /// <summary>Browsers cannot set headers on a WebSocket, so OpenAI takes the key as one of the subprotocols.</summary>
    private const string KeyProtocol = "openai-insecure-api-key.";

    /// <summary>Subprotocols that stand for headers which are not forwarded either.</summary>
    private static readonly string[] AccountProtocols = [KeyProtocol, "openai-organization.", "openai-project."];

    /// <summary>Parameters that select another model, account or version of the API than the one that was authorized.</summary>
    private static readonly string[] DroppedParameters = ["deployment", "api-version", "api-key", "api_key", "key"];

    /// <summary>Makes the request one that can become a WebSocket, and has it served; the listener has no middleware of its own.</summary>
    public static Task OpenAsync(HttpContext http, RequestDelegate serve)
    {
        TakeCredential(http.Request.Headers);
        return new WebSocketMiddleware(serve, Options.Create(new WebSocketOptions()), NullLoggerFactory.Instance).Invoke(http);
    }

    public static ValueTask<Outcome> ReadAsync(Exchange exchange) => ValueTask.FromResult(Read(exchange));

    private static Outcome Read(Exchange exchange)
    {
        var http = exchange.Http;
        if (!http.WebSockets.IsWebSocketRequest)
        {
            return new GatewayError(GatewayErrorCode.InvalidRequest, $"{http.Request.Path} is a WebSocket: connect to it as RFC 6455 says (GET with an upgrade, version 13).");
        }

        var provider = ModelIngress.ProviderOf(http.Request.Headers);
        string? model = null;
        var attaches = false;
        var passed = new List<string>();
        foreach (var parameter in (http.Request.QueryString.Value ?? "").TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = parameter.IndexOf('=', StringComparison.Ordinal);
            var name = Unescape(equals < 0 ? parameter : parameter[..equals]);
            if (name.Equals("model", StringComparison.OrdinalIgnoreCase))
            {
                if (model is not null || name != "model")
                {
                    return new GatewayError(GatewayErrorCode.InvalidRequest, "'model' must stand once in the query, in lower case.") { Field = "model" };
                }

                model = equals < 0 ? "" : Unescape(parameter[(equals + 1)..]);
            }
            else if (!DroppedParameters.Contains(name, StringComparer.OrdinalIgnoreCase))
            {
                attaches |= name.Equals("call_id", StringComparison.OrdinalIgnoreCase);
                passed.Add(parameter);
            }
        }

        if (attaches && !string.IsNullOrEmpty(model))
        {
            return new GatewayError(GatewayErrorCode.InvalidRequest, "A call that is joined ('call_id') has its model already: leave out 'model'.") { Field = "model" };
        }

        if (string.IsNullOrEmpty(model) && provider is null)
        {
            return new GatewayError(
                GatewayErrorCode.InvalidRequest, "'model' is required in the query: a route, provider/model, or the id of a model; or else the header x-gatehouse-provider.")
            { Field = "model" };
        }

        if (model?.Length > MaxModelLength)
        {
            return new GatewayError(GatewayErrorCode.InvalidRequest, $"'model' is longer than {MaxModelLength} characters.") { Field = "model" };
        }

        exchange.Request = new ModelRequest
        {
            Model = model ?? "",
            Provider = provider,
            IsStream = true,
            HasNoBody = true,
            RelayPath = string.Join('&', passed),
        };
        return Outcome.Continue;
    }

    /// <summary>Takes the caller's key out of the subprotocols, to where all others have theirs. It is never forwarded.</summary>
    private static void TakeCredential(IHeaderDictionary headers)
    {
        var offered = headers.SecWebSocketProtocol.ToString().Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (offered.FirstOrDefault(protocol => protocol.StartsWith(KeyProtocol, StringComparison.Ordinal)) is { } key && headers.Authorization.Count == 0)
        {
            headers.Authorization = $"Bearer {key[KeyProtocol.Length..]}";
        }

        var kept = offered.Where(protocol => !AccountProtocols.Any(prefix => protocol.StartsWith(prefix, StringComparison.Ordinal)));
        headers.SecWebSocketProtocol = string.Join(", ", kept) is { Length: > 0 } list ? list : default;
    }

    private static string Unescape(string text) => Uri.UnescapeDataString(text.Replace('+', ' '));
}
