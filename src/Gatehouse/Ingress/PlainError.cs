using System.Buffers;
using Gatehouse.Pipeline;
using Gatehouse.Protocols.Dialects.OpenAi;

namespace Gatehouse.Ingress;

/// <summary>Errors of requests that are no exchange.</summary>
internal static class PlainError
{
    public static async Task WriteAsync(HttpContext http, GatewayError error)
    {
        var body = new ArrayBufferWriter<byte>(256);
        OpenAiErrorWriter.Write(body, error.Message, error.Traits.Type, error.Field, error.Traits.Name);
        http.Response.StatusCode = error.Status;
        http.Response.ContentType = "application/json";
        http.Response.Headers.Allow = error.Allow;
        http.Response.ContentLength = body.WrittenCount;
        await http.Response.BodyWriter.WriteAsync(body.WrittenMemory, http.RequestAborted);
    }
}
