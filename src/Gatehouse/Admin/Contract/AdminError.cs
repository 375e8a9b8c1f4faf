namespace Gatehouse.Admin.Contract;

/// <summary>The one shape of errors of the admin API.</summary>
internal sealed record AdminError(AdminErrorDetail Error)
{
    public static IResult Result(int status, string code, string message, string? field = null) =>
        Results.Json(new AdminError(new AdminErrorDetail(code, message, field)), statusCode: status);
}

internal sealed record AdminErrorDetail(string Code, string Message, string? Field);
