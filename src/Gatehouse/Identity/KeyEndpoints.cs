using Gatehouse.Admin.Contract;
using Gatehouse.Configuration;

namespace Gatehouse.Identity;

internal static class KeyEndpoints
{
    private const int MaxNameLength = 200;
    private const int MaxPatterns = 1000;
    private const int MaxLabels = 100;

    public static void Map(IEndpointRouteBuilder routes)
    {
        var api = routes.MapGroup("").WithTags("Keys");
        _ = api.MapPost("/keys", Create).WithSummary("Make a key; its secret is in the answer, once.").Produces<CreatedKeyView>(201).Produces<AdminError>(400);
        _ = api.MapGet("/keys", List).WithSummary("All keys in force.").Produces<ListOf<KeyView>>();
        _ = api.MapGet("/keys/{id}", Show).WithSummary("One key.").Produces<KeyView>().Produces<AdminError>(404);
        _ = api.MapDelete("/keys/{id}", Revoke).WithSummary("Revoke a key, at once.").Produces(204).Produces<AdminError>(404).Produces<AdminError>(409);
    }

    private static IResult Create(CreateKeyRequest request, KeyService keys, TimeProvider time)
    {
        if (Mistake(request, time) is { } mistake)
        {
            return mistake;
        }

        var (key, secret) = keys.Create(new NewKey(request.Name!, request.Models ?? ["*"])
        {
            ExpiresAt = request.ExpiresAt,
            Labels = request.Labels ?? new Dictionary<string, string>(StringComparer.Ordinal),
        });
        return Results.Created(
            $"/api/v1/keys/{key.Id}",
            new CreatedKeyView(key.Id, key.Name, secret, key.Hint, key.Models, key.Labels, key.CreatedAt, key.ExpiresAt));
    }

    private static IResult? Mistake(CreateKeyRequest request, TimeProvider time)
    {
        if (string.IsNullOrWhiteSpace(request.Name) || request.Name.Length > MaxNameLength || request.Name.Any(char.IsControl))
        {
            return AdminError.Result(400, "invalid_request", $"name is required: up to {MaxNameLength} characters, on one line.", "name");
        }

        if (request.Models is { } models && (models.Count > MaxPatterns || models.Any(string.IsNullOrWhiteSpace)))
        {
            return AdminError.Result(400, "invalid_request", $"models must be at most {MaxPatterns} patterns, none of them empty.", "models");
        }

        if (request.Labels is { } labels && (labels.Count > MaxLabels || labels.Any(label => label.Key.Length == 0 || label.Value is null)))
        {
            return AdminError.Result(400, "invalid_request", $"labels must be at most {MaxLabels} names with texts.", "labels");
        }

        return request.ExpiresAt is { } expiry && expiry <= time.GetUtcNow()
            ? AdminError.Result(400, "invalid_request", "expires_at lies in the past.", "expires_at")
            : null;
    }

    private static ListOf<KeyView> List(SnapshotSource snapshots) =>
        new(snapshots.Current.Keys.Values.OrderBy(key => key.Id, StringComparer.Ordinal).Select(View).ToList());

    private static IResult Show(string id, SnapshotSource snapshots) =>
        snapshots.Current.Keys.Values.FirstOrDefault(key => string.Equals(key.Id, id, StringComparison.Ordinal)) is { } key ? Results.Ok(View(key)) : NotFound(id);

    private static IResult Revoke(string id, KeyService keys) => keys.Revoke(id) switch
    {
        RevokeResult.Revoked => Results.NoContent(),
        RevokeResult.NotFound => NotFound(id),
        _ => AdminError.Result(409, "owned_by_file", "This key stands in gatehouse.yaml: remove it there."),
    };

    private static IResult NotFound(string id) => AdminError.Result(404, "not_found", $"There is no key '{id}'.");

    private static KeyView View(ApiKey key) => new(
        key.Id, key.Name, key.Hint, key.Owner == KeyOwner.File ? "file" : "api", key.Models, key.Labels, key.CreatedAt, key.ExpiresAt);
}
