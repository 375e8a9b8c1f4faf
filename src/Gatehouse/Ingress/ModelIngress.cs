using System.Buffers;
using Gatehouse.Pipeline;
using Gatehouse.Protocols.Dialects.OpenAi;

namespace Gatehouse.Ingress;

/// <summary>Reads an OpenAI-format request: its body is kept in the buffers it arrives in, and scanned once.</summary>
internal static class ModelIngress
{
    public const string ProviderHeader = "x-gatehouse-provider";

    public static async ValueTask<Outcome> ReadAsync(Exchange exchange)
    {
        if (CheckHead(exchange.Http) is { } unfit)
        {
            return unfit;
        }

        var (body, error) = await ReadBodyAsync(exchange);
        return error is null ? Scan(exchange, body, requireModel: true, relayPath: "") : error;
    }

    /// <summary>Why the body need not be read; null when it should be.</summary>
    public static GatewayError? CheckHead(HttpContext http) => HttpMethods.IsPost(http.Request.Method)
        ? CheckContentType(http.Request)
        : new GatewayError(GatewayErrorCode.MethodNotAllowed, $"{http.Request.Path} takes POST, not {http.Request.Method}.") { Allow = "POST" };

    /// <summary>Whether a body can be scanned as JSON. A missing type is taken as JSON.</summary>
    public static GatewayError? CheckContentType(HttpRequest request)
    {
        if (request.Headers.ContentEncoding.Count > 0)
        {
            return new GatewayError(
                GatewayErrorCode.UnsupportedMediaType, $"Request bodies must be sent uncompressed, not with content-encoding '{request.Headers.ContentEncoding}'.");
        }

        return request.ContentType is null || IsJson(request.ContentType)
            ? null
            : new GatewayError(GatewayErrorCode.UnsupportedMediaType, $"The request body must be sent as content-type application/json, not '{request.ContentType}'.");
    }

    public static bool IsJson(string contentType)
    {
        var mediaType = contentType.AsSpan();
        var end = mediaType.IndexOf(';');
        mediaType = (end < 0 ? mediaType : mediaType[..end]).Trim();
        return mediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase) || mediaType.EndsWith("+json", StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Waits for the whole body. It stays in the server's own buffers until the exchange ends: the only copy there is.</summary>
    public static async ValueTask<(ReadOnlySequence<byte> Body, GatewayError? Error)> ReadBodyAsync(Exchange exchange)
    {
        var limit = exchange.Snapshot.MaxRequestBody;
        if (exchange.Http.Request.ContentLength > limit)
        {
            return (default, RequestErrors.TooLarge(exchange.Snapshot));
        }

        var reader = exchange.Http.Request.BodyReader;
        while (true)
        {
            var result = await reader.ReadAsync(exchange.Http.RequestAborted);
            if (result.Buffer.Length > limit)
            {
                reader.AdvanceTo(result.Buffer.End);
                return (default, RequestErrors.TooLarge(exchange.Snapshot));
            }

            if (result.IsCompleted)
            {
                return (result.Buffer, null);
            }

            reader.AdvanceTo(result.Buffer.Start, result.Buffer.End);
        }
    }

    public static Outcome Scan(Exchange exchange, ReadOnlySequence<byte> body, bool requireModel, string relayPath)
    {
        if (OpenAiRequestEnvelope.Read(body, out var error, requireModel) is not { } envelope)
        {
            exchange.Http.Request.BodyReader.AdvanceTo(body.End);
            return new GatewayError(GatewayErrorCode.InvalidRequest, error.Message!) { Field = error.Field };
        }

        exchange.Request = ModelRequest.Of(envelope, body, ProviderOf(exchange.Http.Request.Headers), relayPath, QueryOf(exchange.Http.Request));
        return Outcome.Continue;
    }

    /// <summary>The query as the caller wrote it, but for a key, which is nobody else's business.</summary>
    public static string QueryOf(HttpRequest request)
    {
        var query = request.QueryString.Value ?? "";
        return !query.Contains("key=", StringComparison.OrdinalIgnoreCase)
            ? query
            : "?" + string.Join('&', query[1..].Split('&').Where(pair => !pair.StartsWith("key=", StringComparison.OrdinalIgnoreCase)));
    }

    public static string? ProviderOf(IHeaderDictionary headers) => headers.TryGetValue(ProviderHeader, out var values) ? values.ToString() : null;
}
