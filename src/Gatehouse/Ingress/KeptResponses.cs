using System.Data.Common;
using System.Globalization;
using Gatehouse.Configuration;
using Gatehouse.Identity;
using Gatehouse.Pipeline;
using Gatehouse.Protocols.Dialects.OpenAiResponses;
using Gatehouse.Responses;

namespace Gatehouse.Ingress;

/// <summary>
/// <c>GET</c> and <c>DELETE /v1/responses/{id}</c>, <c>GET /v1/responses/{id}/input_items</c> for the answers that the gateway keeps. What
/// it does not have is left to whoever may have it.
/// </summary>
internal sealed class KeptResponses(SnapshotSource snapshots, Authenticator authenticator, ResponseStore store)
{
    private const string Prefix = "/v1/responses/";

    public static bool MayHave(HttpRequest request) => request.Path.Value?.StartsWith(Prefix, StringComparison.Ordinal) == true
        && (HttpMethods.IsGet(request.Method) || HttpMethods.IsDelete(request.Method));

    /// <returns>False when there is no such answer here: nothing was written.</returns>
    public async Task<bool> TryHandleAsync(HttpContext http)
    {
        var path = http.Request.Path.Value!;
        var isGet = HttpMethods.IsGet(http.Request.Method);
        var segments = path[Prefix.Length..].Split('/');
        var isItems = segments is [_, "input_items"] && isGet;
        if (segments.Length > 1 && !isItems)
        {
            return false;
        }

        if (authenticator.Authenticate(http.Request, snapshots.Current, mayBeInQuery: false) is not { Key: { } key })
        {
            return false;
        }

        try
        {
            return await HandleAsync(http, segments[0], key, isGet, isItems);
        }
        catch (DbException exception)
        {
            await ErrorAnswer.RefuseAsync(http, new GatewayError(
                GatewayErrorCode.Overloaded, $"The gateway cannot look up earlier answers at the moment ({exception.Message}). Try again later."));
            return true;
        }
    }

    private async Task<bool> HandleAsync(HttpContext http, string id, ApiKey key, bool isGet, bool isItems)
    {
        if (!isGet)
        {
            if (!await store.DeleteAsync(id, key.Id))
            {
                return false;
            }

            await http.Response.WriteAsJsonAsync(new { id, @object = "response.deleted", deleted = true }, http.RequestAborted);
            return true;
        }

        if (await store.FindAsync(id, key.Id) is not { } kept)
        {
            return false;
        }

        var query = http.Request.Query;
        var limit = int.TryParse(query["limit"], NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? Math.Clamp(number, 1, 100) : 20;
        var json = isItems
            ? ResponsesState.InputItems(kept.Turn, id, limit, query["after"] is [{ } after, ..] ? after : null, query["order"] == "asc")
            : kept.Response;
        http.Response.ContentType = "application/json";
        http.Response.ContentLength = json.Length;
        await http.Response.BodyWriter.WriteAsync(json, http.RequestAborted);
        return true;
    }
}
