using System.Text;
using Gatehouse.Pipeline;
using Gatehouse.Protocols.Dialects.OpenAi;
using Microsoft.Net.Http.Headers;

namespace Gatehouse.Ingress;

/// <summary>Reads a model call that uploads a file: a form (multipart/form-data) with a "model" part, or JSON where a client sends that.</summary>
internal static class FormIngress
{
    /// <summary>RFC 2046, 5.1.1: boundaries are "1 to 70 characters".</summary>
    private const int MaxBoundary = 70;

    public static async ValueTask<Outcome> ReadAsync(Exchange exchange)
    {
        var request = exchange.Http.Request;
        if (!HttpMethods.IsPost(request.Method) || request.Headers.ContentEncoding.Count > 0
            || !MediaTypeHeaderValue.TryParse(request.ContentType, out var type) || !type.MediaType.Equals("multipart/form-data", StringComparison.OrdinalIgnoreCase))
        {
            return await ModelIngress.ReadAsync(exchange);
        }

        var boundary = HeaderUtilities.RemoveQuotes(type.Boundary);
        if (boundary.Length is 0 or > MaxBoundary || !Ascii.IsValid(boundary.AsSpan()) || type.Parameters.Count(p => p.Name.Equals("boundary", StringComparison.OrdinalIgnoreCase)) > 1)
        {
            return new GatewayError(GatewayErrorCode.InvalidRequest, $"The content-type multipart/form-data needs one boundary of 1 to {MaxBoundary} characters.");
        }

        var (body, error) = await ModelIngress.ReadBodyAsync(exchange);
        if (error is not null)
        {
            return error;
        }

        if (MultipartEnvelope.Read(body, Encoding.ASCII.GetBytes(boundary.ToString()), out var mistake) is not { } form)
        {
            request.BodyReader.AdvanceTo(body.End);
            return new GatewayError(GatewayErrorCode.InvalidRequest, mistake.Message!) { Field = mistake.Field };
        }

        exchange.Request = ModelRequest.Of(form, body);
        return Outcome.Continue;
    }
}
