using Gatehouse.Pipeline;

namespace Gatehouse.Ingress;

/// <summary>
/// Reads a request for a path that the gateway does not know and passes on as it is. A JSON body is scanned for the model, so that the
/// key's permissions hold; any other body is passed on unread.
/// </summary>
internal static class RelayIngress
{
    public static async ValueTask<Outcome> ReadAsync(Exchange exchange)
    {
        var http = exchange.Http;
        if (RelayPathOf(http) is not { } path)
        {
            return new GatewayError(GatewayErrorCode.InvalidRequest, "The path must not contain '.' or '..' segments, backslashes or control characters.");
        }

        var hasBody = http.Request.ContentLength > 0 || http.Request.Headers.TransferEncoding.Count > 0;
        if (!hasBody || http.Request.ContentType is not { } contentType || !ModelIngress.IsJson(contentType))
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

    /// <summary>Path and query after <c>/v1</c> as the caller wrote them; null for one that could leave the provider's base URL.</summary>
    private static string? RelayPathOf(HttpContext http)
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
