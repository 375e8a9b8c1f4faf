using Gatehouse.Admin.Contract;
using Gatehouse.Storage;

namespace Gatehouse.Admin;

/// <summary>Failures that no endpoint tells of by itself.</summary>
internal static partial class AdminFailures
{
    public static Task WriteAsync(HttpContext http, int status, string code, string message) => AdminError.Result(status, code, message).ExecuteAsync(http);

    /// <summary>What no endpoint expects: the storage in trouble, or a mistake in the program.</summary>
    public static async Task TellOfFailureAsync(HttpContext http, RequestDelegate next, ILogger logger)
    {
        try
        {
            await next(http);
        }
        catch (Exception exception) when (!http.Response.HasStarted && StorageException.Covers(exception))
        {
            LogFailure(logger, exception, http.Request.Method, http.Request.Path);
            await WriteAsync(http, StatusCodes.Status503ServiceUnavailable, "overloaded", $"The storage cannot be used at the moment: {exception.Message}");
        }
        catch (Exception exception) when (!http.Response.HasStarted && exception is not (OperationCanceledException or BadHttpRequestException))
        {
            LogFailure(logger, exception, http.Request.Method, http.Request.Path);
            await WriteAsync(http, StatusCodes.Status500InternalServerError, "internal_error", "The gateway failed unexpectedly; its log has the reason.");
        }
    }

    /// <summary>Words for what the framework answers with a status alone.</summary>
    public static Task DescribeAsync(HttpContext http)
    {
        var (code, message) = http.Response.StatusCode switch
        {
            StatusCodes.Status400BadRequest => ("invalid_request", "The request body or a parameter cannot be read; /openapi/v1.json describes them."),
            StatusCodes.Status404NotFound => ("not_found", $"There is nothing at {http.Request.Path}; /openapi/v1.json lists what there is."),
            StatusCodes.Status405MethodNotAllowed => ("method_not_allowed", $"{http.Request.Path} does not take {http.Request.Method}."),
            StatusCodes.Status415UnsupportedMediaType => ("unsupported_media_type", "Send JSON with content-type application/json."),
            var status => ("error", $"Status {status}."),
        };
        return WriteAsync(http, http.Response.StatusCode, code, message);
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "{Method} {Path} failed.")]
    private static partial void LogFailure(ILogger logger, Exception exception, string method, string path);
}
