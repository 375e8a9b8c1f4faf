using Gatehouse.Configuration;
using Gatehouse.Configuration.Binding;
using Microsoft.AspNetCore.Connections;

namespace Gatehouse.Pipeline;

/// <summary>The server's own complaints about a request, in the gateway's words.</summary>
internal static class RequestErrors
{
    public static GatewayError Of(BadHttpRequestException exception, Snapshot snapshot) => exception.StatusCode switch
    {
        StatusCodes.Status413PayloadTooLarge => TooLarge(snapshot),
        StatusCodes.Status408RequestTimeout => new GatewayError(GatewayErrorCode.RequestTimeout, "The request body arrived too slowly."),
        _ => new GatewayError(GatewayErrorCode.InvalidRequest, $"The request is not valid HTTP: {exception.Message}"),
    };

    /// <summary>A body of a known length can only fail to be read as 400 when it ends too early.</summary>
    public static bool TellsThatClientLeft(Exception exception, HttpRequest request) => exception is ConnectionResetException
        || (exception is BadHttpRequestException { StatusCode: StatusCodes.Status400BadRequest } && request.ContentLength is not null);

    public static GatewayError TooLarge(Snapshot snapshot) => new(
        GatewayErrorCode.RequestTooLarge,
        $"The request body is larger than the {new ByteSize(snapshot.MaxRequestBody)} allowed here (server.max_request_body).");
}
