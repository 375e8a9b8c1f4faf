using Gatehouse.Admin.Contract;
using Gatehouse.Configuration;

namespace Gatehouse.Catalog;

internal static class CatalogEndpoints
{
    public static void Map(IEndpointRouteBuilder routes) => _ = routes.MapGroup("").WithTags("Catalog").MapGet("/models", Models)
        .WithSummary("Models that are configured, with what the catalogue knows of them; `catalog=true` adds all that it knows of the providers in force, `provider` takes one of them.")
        .Produces<ListOf<ModelView>>();

    private static ListOf<ModelView> Models(SnapshotSource snapshots, string? provider, bool catalog = false)
    {
        var snapshot = snapshots.Current;
        var names = snapshot.Providers.Values.SelectMany(each => (each.Models ?? []).Select(model => (Provider: each.Name, Model: model)))
            .Concat(snapshot.Routes.Values.SelectMany(route => route.Targets.Select(leaf => (Provider: leaf.Target.Provider.Name, leaf.Target.Model))))
            .Concat(snapshot.Catalog.OverriddenNames.Select(name => (Provider: name[..name.IndexOf('/', StringComparison.Ordinal)], Model: name[(name.IndexOf('/', StringComparison.Ordinal) + 1)..])))
            .ToHashSet();
        var all = catalog ? names.Union(snapshot.Providers.Values.SelectMany(each =>
            snapshot.Catalog.File.StartingWith($"{each.Entry.Kind}/").Select(entry => (Provider: each.Name, entry.Model)))) : names;
        return new ListOf<ModelView>([
            .. all.Where(name => provider is null || name.Provider == provider)
                .OrderBy(name => name.Provider, StringComparer.Ordinal).ThenBy(name => name.Model, StringComparer.Ordinal)
                .Select(name => ModelView.Of(
                    name.Provider, name.Model, names.Contains(name), snapshot.Catalog.Find(name.Provider, snapshot.Providers[name.Provider].Entry.Kind, name.Model),
                    snapshot.Catalog.File)),
        ]);
    }
}
