using System.Text.Json;
using Gatehouse.Admin.Contract;
using Gatehouse.Configuration;
using Gatehouse.Configuration.Binding;
using Gatehouse.Limits.Accounts;

namespace Gatehouse.Limits;

internal static class LimitEndpoints
{
    private const int MaxLimit = 1000;
    private const int AccountsInList = 20;
    private const int MaxReason = 500;
    private const decimal NanoPerUsd = 1_000_000_000;
    private const long MostUnits = 1_000_000_000_000_000;

    public static void Map(IEndpointRouteBuilder routes)
    {
        var api = routes.MapGroup("").WithTags("Limits");
        _ = api.MapGet("/limits", List)
            .WithSummary("All limits in force, with what is used of them. `key` (id or name) and `team` choose those that can apply to it, `name` by name or id, `bucket` those with such an account.")
            .Produces<ListOf<LimitView>>().Produces<AdminError>(400).Produces<AdminError>(404);
        _ = api.MapGet("/limits/{id}", Show).WithSummary("One limit; up to `limit` of its accounts, or the `bucket`.").Produces<LimitView>().Produces<AdminError>(400).Produces<AdminError>(404);
        _ = api.MapPost("/limits", Create).WithSummary("Make a limit: an item as under `limits` of gatehouse.yaml, with one amount.")
            .Produces<LimitView>(201).Produces<AdminError>(400).Produces<AdminError>(409);
        _ = api.MapPut("/limits/{id}", Replace).WithSummary("Change how much a limit allows and what it does; what it counts stays.")
            .Produces<LimitView>().Produces<AdminError>(400).Produces<AdminError>(404).Produces<AdminError>(409);
        _ = api.MapDelete("/limits/{id}", Delete).WithSummary("Remove a limit.").Produces(204).Produces<AdminError>(404).Produces<AdminError>(409);
        _ = api.MapPost("/limits/{id}/raise", Raise).WithSummary("Raise a limit for a while; in place of a raise that there is.")
            .Produces<LimitView>().Produces<AdminError>(400).Produces<AdminError>(404);
        _ = api.MapDelete("/limits/{id}/raise", EndRaise).WithSummary("End a raise before its time.").Produces(204).Produces<AdminError>(404);
    }

    private static IResult List(LimitService limits, SnapshotSource snapshots, string? key, string? team, string? bucket, string? name, int? limit, string? before)
    {
        if (limit is < 1 or > MaxLimit)
        {
            return AdminError.Result(400, "invalid_request", $"limit must be from 1 to {MaxLimit}.", "limit");
        }

        IEnumerable<OwnedLimit> all = limits.All();
        if (key is not null)
        {
            var known = snapshots.Current.Keys.Values.FirstOrDefault(one => one.Id == key) ?? snapshots.Current.Keys.Values.FirstOrDefault(one => one.Name == key);
            if (known is null)
            {
                return AdminError.Result(404, "not_found", $"There is no key '{key}'.");
            }

            var own = snapshots.Current.Limits.Of(known);
            var ids = own.AtAdmission.Concat(own.AtTarget).Select(rule => rule.Id).ToHashSet(StringComparer.Ordinal);
            all = all.Where(one => ids.Contains(one.Rule.Id));
        }

        if (team is not null)
        {
            all = all.Where(one => one.Rule.Scope == $"team:{team}" || Array.Exists(one.Rule.Conditions, condition =>
                condition.Dimension.Field == LimitField.Team && Identity.Glob.Matches(condition.Pattern, team)));
        }

        if (name is not null)
        {
            all = all.Where(one => one.Rule.Name == name || one.Id == name);
        }

        var accounts = limits.Accounts();
        var count = limit ?? 50;
        var now = limits.Now;
        var page = all.Where(one => before is null || string.CompareOrdinal(one.Id, before) > 0)
            .Select(one => (Limit: one, Accounts: Choose(limits.AccountsOf(one.Rule, accounts), bucket)))
            .Where(one => bucket is null || one.Accounts.Count > 0)
            .Take(count)
            .Select(one => LimitView.Of(one.Limit, one.Accounts, now, AccountsInList))
            .ToList();
        return Results.Ok(new ListOf<LimitView>(page, page.Count == count ? page[^1].Id : null));
    }

    private static IResult Show(string id, LimitService limits, string? bucket, int? limit) =>
        limit is < 1 or > MaxLimit ? AdminError.Result(400, "invalid_request", $"limit must be from 1 to {MaxLimit}.", "limit")
        : limits.Find(id) is { } found ? Results.Ok(View(limits, found, bucket, limit ?? 50)) : NotFound(id);

    private static IResult Create(JsonElement item, LimitService limits)
    {
        if (Read(item, out var options, out var rule) is { } mistake)
        {
            return mistake;
        }

        return limits.TryCreate(rule, options)
            ? Results.Created($"/api/v1/limits/{LimitService.IdOf(rule)}", View(limits, new OwnedLimit(LimitService.IdOf(rule), rule, LimitOwner.Api), null, AccountsInList))
            : AdminError.Result(409, "already_exists", $"There is such a limit: {LimitService.IdOf(rule)} ({rule.Name}). Change that one, or give this one a name.");
    }

    private static IResult Replace(string id, JsonElement item, LimitService limits)
    {
        if (Changeable(id, limits, out var known) is { } refused)
        {
            return refused;
        }

        if (Read(item, out var options, out var rule) is { } mistake)
        {
            return mistake;
        }

        if (rule.Id != known.Rule.Id)
        {
            return AdminError.Result(400, "invalid_request", "This item counts something else than the limit does (name, unit, per; without a name also match, group_by, time_zone and anchor_day): make a new limit, and delete this one.");
        }

        return limits.TryReplace(id, options) ? Results.Ok(View(limits, known with { Rule = rule }, null, AccountsInList)) : NotFound(id);
    }

    private static IResult Delete(string id, LimitService limits)
    {
        if (Changeable(id, limits, out _) is { } refused)
        {
            return refused;
        }

        limits.Delete(id);
        return Results.NoContent();
    }

    private static IResult Raise(string id, RaiseRequest request, LimitService limits, TimeProvider time)
    {
        if (limits.Find(id) is not { Rule: var rule } found)
        {
            return NotFound(id);
        }

        var isMoney = rule.Unit == LimitUnit.Money;
        var amount = isMoney ? request.AmountUsd * NanoPerUsd : request.Amount;
        if (amount is null || (isMoney ? request.Amount is not null : request.AmountUsd is not null) || decimal.Round(amount.Value) is <= 0 or > MostUnits)
        {
            var field = isMoney ? "amount_usd" : "amount";
            return AdminError.Result(400, "invalid_request", $"{field} is required: more than 0, in {LimitView.UnitOf(rule)}.", field);
        }

        if (string.IsNullOrWhiteSpace(request.Reason) || request.Reason.Length > MaxReason || request.Reason.Any(char.IsControl))
        {
            return AdminError.Result(400, "invalid_request", $"reason is required: up to {MaxReason} characters, on one line.", "reason");
        }

        if (request.Until is not { } until || until <= time.GetUtcNow())
        {
            return AdminError.Result(400, "invalid_request", "until is required: a time to come, such as 2027-01-31T00:00:00Z.", "until");
        }

        if (rule.GroupBy.Length == 0 != string.IsNullOrEmpty(request.Bucket))
        {
            return AdminError.Result(400, "invalid_request", rule.GroupBy.Length == 0 ? "This limit has one amount for all: it has no buckets." : "bucket is required: this limit has an amount for each.", "bucket");
        }

        limits.Raise(rule, request.Bucket ?? "", new LimitRaise((long)decimal.Round(amount.Value), request.Reason, until.ToUniversalTime()));
        return Results.Ok(View(limits, found, request.Bucket, AccountsInList));
    }

    private static IResult EndRaise(string id, LimitService limits, string? bucket) =>
        limits.Find(id) is not { } found ? NotFound(id)
        : limits.EndRaise(found.Rule, bucket ?? "") ? Results.NoContent()
        : AdminError.Result(404, "not_found", "It is not raised.");

    /// <returns>What is wrong with an item; null when nothing is.</returns>
    private static IResult? Read(JsonElement item, out LimitOptions options, out LimitRule rule)
    {
        (options, rule) = (null!, null!);
        if (item.ValueKind != JsonValueKind.Object)
        {
            return AdminError.Result(400, "invalid_request", "Send one item, as under limits of gatehouse.yaml, as a JSON object.");
        }

        var errors = new ConfigurationErrors("");
        var items = LimitItems.Read($"[{item.GetRawText()}]", errors);
        if (!errors.Any)
        {
            LimitCompiler.Check(items, "limits", errors);
        }

        if (errors.Any)
        {
            // There is one item here, and no list of which it is the first.
            return AdminError.Result(400, "invalid_request", string.Join("; ", errors.Messages)
                .Replace(" (limits[0])", "", StringComparison.Ordinal).Replace("(limits[0].", "(", StringComparison.Ordinal));
        }

        if (LimitCompiler.Compile(items, scope: "") is not [var only])
        {
            return AdminError.Result(400, "invalid_request", "An item has one amount here: make a limit for each.");
        }

        (options, rule) = (items[0], only);
        return null;
    }

    private static IResult? Changeable(string id, LimitService limits, out OwnedLimit known)
    {
        known = limits.Find(id)!;
        return known?.Owner switch
        {
            null => NotFound(id),
            LimitOwner.File => AdminError.Result(409, "owned_by_file", "This limit stands in gatehouse.yaml: change it there, or raise it for a while."),
            LimitOwner.Key => AdminError.Result(409, "owned_by_key", $"This limit stands with a key: change it with PATCH /api/v1/keys/{known.Rule.Scope["key:".Length..]}."),
            _ => null,
        };
    }

    private static IReadOnlyList<LimitAccount> Choose(IReadOnlyList<LimitAccount> accounts, string? bucket) =>
        bucket is null ? accounts : [.. accounts.Where(account => string.Equals(account.Bucket, bucket, StringComparison.Ordinal))];

    private static LimitView View(LimitService limits, OwnedLimit limit, string? bucket, int count) =>
        LimitView.Of(limit, Choose(limits.AccountsOf(limit.Rule, limits.Accounts()), bucket), limits.Now, count);

    private static IResult NotFound(string id) => AdminError.Result(404, "not_found", $"There is no limit '{id}'.");
}
