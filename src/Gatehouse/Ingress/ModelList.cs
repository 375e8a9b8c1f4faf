using System.Text.Json;
using Gatehouse.Configuration;
using Gatehouse.Identity;
using Gatehouse.Pipeline;
using Gatehouse.Protocols.Chat;
using Gatehouse.Routing;

namespace Gatehouse.Ingress;

/// <summary>The list of models: what the caller's key may put into "model".</summary>
internal sealed class ModelList(SnapshotSource snapshots, Authenticator authenticator)
{
    public Task ListAsync(HttpContext http)
    {
        var snapshot = snapshots.Current;
        var dialect = ModelListFormat.DialectOf(http.Request);
        var (key, error) = Authenticate(http, snapshot);
        return key is null
            ? ErrorAnswer.RefuseAsync(http, error!, dialect)
            : WriteAsync(http, writer => ModelListFormat.WriteList(writer, dialect, [.. Models(snapshot, key)], snapshot.LoadedAt));
    }

    public Task ShowAsync(HttpContext http, string id)
    {
        var snapshot = snapshots.Current;
        var dialect = ModelListFormat.DialectOf(http.Request);
        var (key, error) = Authenticate(http, snapshot);
        if (key is null)
        {
            return ErrorAnswer.RefuseAsync(http, error!, dialect);
        }

        // Kestrel leaves %2F in a path as it is, and the SDKs write provider/model so.
        id = id.Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);
        var found = Models(snapshot, key).FirstOrDefault(model => string.Equals(model.Id, id, StringComparison.Ordinal));
        if (found.Id is null && TargetResolver.Resolve(snapshot, providerName: null, id) is { Route: { Name: null, Targets: [{ Target: var target }] } }
            && key.AllowsModel(target.Provider.Name, target.Model))
        {
            found = (id, target.Provider.Name);
        }

        return found.Id is null
            ? ErrorAnswer.RefuseAsync(http, new GatewayError(GatewayErrorCode.ModelNotFound, $"There is no model '{id}' here that the key '{key.Name}' may use.") { Field = "model" }, dialect)
            : WriteAsync(http, writer => ModelListFormat.WriteModel(writer, dialect, found.Id, found.Owner, snapshot.LoadedAt));
    }

    private (ApiKey? Key, GatewayError? Error) Authenticate(HttpContext http, Snapshot snapshot) =>
        HttpMethods.IsGet(http.Request.Method) || HttpMethods.IsHead(http.Request.Method)
            ? authenticator.Authenticate(http.Request, snapshot, mayBeInQuery: ModelListFormat.DialectOf(http.Request) == Dialect.Gemini)
            : (null, new GatewayError(GatewayErrorCode.MethodNotAllowed, $"{http.Request.Path} takes GET, not {http.Request.Method}.") { Allow = "GET, HEAD" });

    private static IEnumerable<(string Id, string Owner)> Models(Snapshot snapshot, ApiKey key)
    {
        var routes = snapshot.Routes.Keys.Where(key.AllowsRoute).Select(route => (route, "gatehouse"));
        var models = snapshot.Providers.Values
            .Where(provider => provider.Models is not null)
            .SelectMany(provider => provider.Models!.Where(model => key.AllowsModel(provider.Name, model)).Select(model => ($"{provider.Name}/{model}", provider.Name)));
        return routes.Concat(models).DistinctBy(model => model.Item1, StringComparer.Ordinal).OrderBy(model => model.Item1, StringComparer.Ordinal);
    }

    private static async Task WriteAsync(HttpContext http, Action<Utf8JsonWriter> write)
    {
        http.Response.ContentType = "application/json";
        await using var writer = new Utf8JsonWriter(http.Response.BodyWriter);
        write(writer);
    }
}
