using System.Text.Json;
using System.Text.Json.Nodes;
using Gatehouse.Admin.Contract;
using Gatehouse.Configuration;
using Gatehouse.Configuration.Binding;
using Gatehouse.Limits;
using Gatehouse.Limits.Queue;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.Options;

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
        _ = api.MapPatch("/keys/{id}", ChangeAsync).WithSummary("Change a key: what is named takes the place of what it had, null of nothing. Its secret stays.")
            .Accepts<CreateKeyRequest>("application/json").Produces<KeyView>().Produces<AdminError>(400).Produces<AdminError>(404).Produces<AdminError>(409);
        _ = api.MapDelete("/keys/{id}", Revoke).WithSummary("Revoke a key, at once.").Produces(204).Produces<AdminError>(404).Produces<AdminError>(409);
    }

    private static IResult Create(CreateKeyRequest request, KeyService keys, SnapshotSource snapshots, TimeProvider time)
    {
        if (Mistake(request, time) is { } mistake)
        {
            return mistake;
        }

        if (Limits(request, out var limits) is { } wrong)
        {
            return wrong;
        }

        var (key, secret) = keys.Create(new NewKey(request.Name!, request.Models ?? ["*"])
        {
            ExpiresAt = request.ExpiresAt,
            Payer = PayerOf(request, snapshots),
            Priority = PriorityOf(request),
            Limits = limits,
        });
        return Results.Created(
            $"/api/v1/keys/{key.Id}",
            new CreatedKeyView(
                key.Id, key.Name, secret, key.Hint, key.Models, key.Labels, key.Payer.Organization, key.Payer.Team, key.Payer.Project, key.Payer.Agent,
                AdmissionHeaders.Word(key.Priority), LimitItems.View(key.Limits), key.CreatedAt, key.ExpiresAt));
    }

    private static async Task<IResult> ChangeAsync(string id, HttpRequest http, KeyService keys, SnapshotSource snapshots, TimeProvider time, IOptions<JsonOptions> json)
    {
        if (snapshots.Current.Keys.Values.FirstOrDefault(one => string.Equals(one.Id, id, StringComparison.Ordinal)) is not { } key)
        {
            return NotFound(id);
        }

        if (key.Owner == KeyOwner.File)
        {
            return AdminError.Result(409, "owned_by_file", "This key stands in gatehouse.yaml: change it there.");
        }

        JsonObject? named;
        CreateKeyRequest? given;
        try
        {
            named = await http.ReadFromJsonAsync<JsonObject>(http.HttpContext.RequestAborted);
            given = named.Deserialize<CreateKeyRequest>(json.Value.SerializerOptions);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or ArgumentException)
        {
            return AdminError.Result(400, "invalid_request", "The request body cannot be read; /openapi/v1.json describes it.");
        }

        if (named is null || given is null)
        {
            return AdminError.Result(400, "invalid_request", "Send a JSON object with what is to be changed.");
        }

        var request = new CreateKeyRequest
        {
            Name = named.ContainsKey("name") ? given.Name : key.Name,
            Models = named.ContainsKey("models") ? given.Models : key.Models,
            ExpiresAt = named.ContainsKey("expires_at") ? given.ExpiresAt : null,
            Labels = named.ContainsKey("labels") ? given.Labels : key.Labels,
            Project = named.ContainsKey("project") ? given.Project : key.Payer.Project,
            // What is above follows from what is below, unless it is said.
            Team = named.ContainsKey("team") ? given.Team : named.ContainsKey("project") ? null : key.Payer.Team,
            Organization = named.ContainsKey("organization") ? given.Organization : named.ContainsKey("team") || named.ContainsKey("project") ? null : key.Payer.Organization,
            Agent = named.ContainsKey("agent") ? given.Agent : key.Payer.Agent,
            Priority = named.ContainsKey("priority") ? given.Priority : AdmissionHeaders.Word(key.Priority),
            Limits = given.Limits,
        };
        var badLimits = Limits(request, out var limits);
        if ((Mistake(request, time) ?? badLimits) is { } mistake)
        {
            return mistake;
        }

        return Results.Ok(View(keys.Update(key with
        {
            Name = request.Name!,
            Models = request.Models ?? ["*"],
            ExpiresAt = named.ContainsKey("expires_at") ? request.ExpiresAt : key.ExpiresAt,
            Payer = PayerOf(request, snapshots),
            Priority = PriorityOf(request),
            Limits = named.ContainsKey("limits") ? limits : key.Limits,
        })));
    }

    private static Payer PayerOf(CreateKeyRequest request, SnapshotSource snapshots) => PayerCompiler.Of(
        request.Organization, request.Team, request.Project, request.Agent, request.Labels ?? new Dictionary<string, string>(StringComparer.Ordinal), snapshots.Current.Options);

    private static PriorityClass PriorityOf(CreateKeyRequest request) =>
        request.Priority is { } priority ? AdmissionHeaders.ClassOf(priority)!.Value : PriorityClass.Default;

    private static IResult? Limits(CreateKeyRequest request, out IReadOnlyList<LimitOptions> limits)
    {
        var errors = new ConfigurationErrors("");
        limits = request.Limits is { ValueKind: not JsonValueKind.Null } items ? LimitItems.Read(items.GetRawText(), errors) : [];
        if (!errors.Any)
        {
            LimitCompiler.Check(limits, "limits", errors);
        }

        return errors.Any ? AdminError.Result(400, "invalid_request", string.Join("; ", errors.Messages), "limits") : null;
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

        if (request.Priority is { } priority && AdmissionHeaders.ClassOf(priority) is null)
        {
            return AdminError.Result(400, "invalid_request", "priority must be one of interactive, default, batch.", "priority");
        }

        (string Name, string? Value)[] payers = [("organization", request.Organization), ("team", request.Team), ("project", request.Project), ("agent", request.Agent)];
        foreach (var (name, value) in payers)
        {
            if (value is { } text && (text.Length is 0 or > PayerHeaders.MaxLength || text.Any(char.IsControl)))
            {
                return AdminError.Result(400, "invalid_request", $"{name} must be 1 to {PayerHeaders.MaxLength} characters, on one line.", name);
            }
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
        key.Id, key.Name, key.Hint, key.Owner == KeyOwner.File ? "file" : "api", key.Models, key.Labels,
        key.Payer.Organization, key.Payer.Team, key.Payer.Project, key.Payer.Agent, AdmissionHeaders.Word(key.Priority), LimitItems.View(key.Limits), key.CreatedAt, key.ExpiresAt);
}
