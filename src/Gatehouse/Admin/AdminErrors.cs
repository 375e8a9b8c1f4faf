namespace Gatehouse.Admin;

/// <summary>Errors of the admin API.</summary>
internal static class AdminErrors
{
    public static IResult Result(int status, string code, string message, string? field = null) =>
        Results.Json(new AdminError(new AdminErrorDetail(code, message, field)), statusCode: status);

    public static Task WriteAsync(HttpContext http, int status, string code, string message) => Result(status, code, message).ExecuteAsync(http);

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
}
