using Gatehouse.Pipeline;

namespace Gatehouse.Ingress;

/// <summary>
/// Reads a request for a path that the gateway does not know and passes on as it is. Where "model" says which model is called, the body
/// is scanned for it, so that a key for some models can call them; all else is passed on unread, and needs a key for the whole provider.
/// </summary>
internal static class RelayIngress
{
    /// <summary>
    /// POST paths whose top-level "model" is what is called, and all that is called. Elsewhere (files, batches, fine-tuning, sessions) a
    /// "model" in the body says nothing of what the request does.
    /// </summary>
    private static readonly HashSet<string> ModelCalls = new(StringComparer.Ordinal)
    {
        "/responses", "/responses/input_tokens", "/responses/compact", "/messages", "/messages/count_tokens", "/moderations", "/rerank",
        "/images/generations", "/audio/speech",
    };

    public static async ValueTask<Outcome> ReadAsync(Exchange exchange)
    {
        var http = exchange.Http;
        if (RelayPathOf(http) is not { } path)
        {
            return new GatewayError(GatewayErrorCode.InvalidRequest, "The path must not contain '.' or '..' segments, backslashes or control characters.");
        }

        if (!IsModelCall(http.Request, path))
        {
            exchange.Request = new ModelRequest { RelayPath = path, Provider = ModelIngress.ProviderOf(http.Request.Headers) };
            return Outcome.Continue;
        }

        if (ModelIngress.CheckContentType(http.Request) is { } unsupported)
        {
            return unsupported;
        }

        var (body, error) = await ModelIngress.ReadBodyAsync(exchange);
        if (error is not null)
        {
            return error;
        }

        var outcome = ModelIngress.Scan(exchange, body, requireModel: false, path);
        return outcome.Continues && exchange.Request.Envelope!.HasSeveralModels
            ? new GatewayError(GatewayErrorCode.InvalidRequest, "'model' is written more than once, and a relayed body is not changed.") { Field = "model" }
            : outcome;
    }

    private static bool IsModelCall(HttpRequest request, string path)
    {
        var query = path.IndexOf('?', StringComparison.Ordinal);
        return HttpMethods.IsPost(request.Method) && ModelCalls.Contains(query < 0 ? path : path[..query])
            && request.ContentType is { } contentType && ModelIngress.IsJson(contentType);
    }

    /// <summary>Path and query after <c>/v1</c> as the caller wrote them; null for one that could leave the provider's base URL.</summary>
    public static string? RelayPathOf(HttpContext http)
    {
        var target = http.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpRequestFeature>()!.RawTarget;
        if (!target.StartsWith("/v1/", StringComparison.Ordinal))
        {
            return null;
        }

        var query = target.IndexOf('?', StringComparison.Ordinal);
        var path = query < 0 ? target : target[..query];
        var decoded = Uri.UnescapeDataString(path);
        return decoded.Split('/').Any(segment => segment is "." or "..") || decoded.Any(c => c == '\\' || char.IsControl(c))
            ? null
            : target["/v1".Length..];
    }
}
