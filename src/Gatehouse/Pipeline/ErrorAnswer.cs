using System.Buffers;
using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Pipeline;

/// <summary>The one place where an error becomes an answer: status, headers and envelope in the caller's dialect.</summary>
internal static class ErrorAnswer
{
    /// <summary>Writes the whole answer; nothing may have been sent yet.</summary>
    /// <returns>Length of its body.</returns>
    public static int Write(HttpResponse response, GatewayError error, Dialect dialect)
    {
        var envelope = new ArrayBufferWriter<byte>(256);
        using (var writer = new Utf8JsonWriter(envelope, JsonWriting.Options))
        {
            Codecs.Of(dialect).WriteError(error.ToChatError(), writer);
        }

        response.StatusCode = error.Status;
        response.ContentType = "application/json";
        response.ContentLength = envelope.WrittenCount;
        SetHeaders(response.Headers, error);
        response.BodyWriter.Write(envelope.WrittenSpan);
        return envelope.WrittenCount;
    }

    /// <summary>For requests that are no exchange.</summary>
    public static Task RefuseAsync(HttpContext http, GatewayError error, Dialect dialect = Dialect.OpenAiChat)
    {
        _ = Write(http.Response, error, dialect);
        return Task.CompletedTask;
    }

    private static void SetHeaders(IHeaderDictionary headers, GatewayError error)
    {
        foreach (var (name, values) in error.Headers)
        {
            headers[name] = values;
        }

        if (!error.RetryCanHelp)
        {
            headers["x-should-retry"] = "false";
        }

        if (error.RetryAfter is { } wait)
        {
            headers.RetryAfter = Math.Max(1, (long)Math.Ceiling(wait.TotalSeconds)).ToString();
        }

        switch (error.Code)
        {
            case GatewayErrorCode.InvalidApiKey:
                headers.WWWAuthenticate = "Bearer";
                break;
            case GatewayErrorCode.MethodNotAllowed:
                headers.Allow = error.Allow;
                break;
            case GatewayErrorCode.RequestTooLarge or GatewayErrorCode.RequestTimeout:
                // What is left of the body is not read.
                headers.Connection = "close";
                break;
        }
    }
}
