using Gatehouse.Admin.Contract;
namespace Gatehouse.Configuration;

internal static class ConfigurationEndpoints
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        var api = routes.MapGroup("").WithTags("Configuration");
        _ = api.MapGet("/providers", Providers).WithSummary("Providers in force.").Produces<ListOf<ProviderView>>();
        _ = api.MapGet("/config/revisions", Revisions).WithSummary("Revisions of the configuration, newest first.").Produces<ListOf<RevisionView>>();
    }

    private static ListOf<ProviderView> Providers(SnapshotSource snapshots) => new(snapshots.Current.Providers.Values
        .OrderBy(provider => provider.Name, StringComparer.Ordinal)
        .Select(provider => new ProviderView(
            provider.Name, provider.Entry.Kind, provider.Entry.Title, provider.Dialect.ToString().ToLowerInvariant(), provider.BaseUrl,
            provider.HasKey, provider.RequestStreamUsage, provider.Models))
        .ToList());

    private static ListOf<RevisionView> Revisions(RevisionStore revisions) => new(revisions.Newest(100)
        .Select(revision => new RevisionView(revision.Number, revision.CreatedAt, revision.Cause))
        .ToList());
}
