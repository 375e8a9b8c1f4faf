using Gatehouse.Configuration;
using Gatehouse.Configuration.Binding;
using Gatehouse.Pipeline;
using Gatehouse.Routing;
using Gatehouse.Tests.Harness;
using Gatehouse.Upstream;
using RouteOptions = Gatehouse.Routing.RouteOptions;

namespace Gatehouse.Tests;

public sealed class TargetResolverTests
{
    private static readonly Snapshot Closed = SnapshotOf(("east", ["gpt-5", "shared", "vendor/odd", "route-like"]), ("west", ["llama-3", "shared"]));
    private static readonly Snapshot Open = SnapshotOf(("east", ["gpt-5", "shared"]), ("any", null));

    [Theory]
    [InlineData("east/gpt-5", "east/gpt-5")]
    [InlineData("@east/gpt-5", "east/gpt-5")]
    // The list of models is what is known of a provider, not all that it serves.
    [InlineData("east/unlisted", "east/unlisted")]
    [InlineData("east/vendor/deep/name", "east/vendor/deep/name")]
    [InlineData("gpt-5", "east/gpt-5")]
    [InlineData("@gpt-5", "east/gpt-5")]
    [InlineData("llama-3", "west/llama-3")]
    // "vendor" is no provider: the whole is the id of a model.
    [InlineData("vendor/odd", "east/vendor/odd")]
    public void A_model_is_found_with_its_provider_or_alone(string model, string target)
    {
        var resolution = TargetResolver.Resolve(Closed, providerName: null, model);

        Assert.Null(resolution.Error);
        Assert.Null(resolution.Route!.Name);
        Assert.Equal(target, Assert.Single(resolution.Route!.Targets).Target.Name);
    }

    [Theory]
    [InlineData("fast")]
    [InlineData("@fast")]
    public void A_route_leads_to_its_targets_in_order(string model)
    {
        var resolution = TargetResolver.Resolve(Closed, providerName: null, model);

        Assert.Equal("fast", resolution.Route?.Name);
        Assert.Equal(["west/llama-3", "east/gpt-5"], resolution.Route!.Targets.Select(leaf => leaf.Target.Name), StringComparer.Ordinal);
    }

    [Theory]
    [InlineData("route-like")]
    [InlineData("east/shadowed")]
    public void A_route_wins_over_a_model_of_the_same_name(string model) =>
        Assert.Equal(model, TargetResolver.Resolve(Closed, providerName: null, model).Route?.Name);

    [Fact]
    public void An_id_that_two_providers_serve_must_say_which()
    {
        var message = ErrorOf(Closed, null, "shared");
        Assert.Contains("'east/shared'", message, StringComparison.Ordinal);
        Assert.Contains("'west/shared'", message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_unknown_id_goes_to_the_one_provider_that_lists_none()
    {
        Assert.Equal("any/brand-new", Assert.Single(TargetResolver.Resolve(Open, null, "brand-new").Route!.Targets).Target.Name);
        // Where somebody lists it, it is known whose it is.
        Assert.Equal("east/gpt-5", Assert.Single(TargetResolver.Resolve(Open, null, "gpt-5").Route!.Targets).Target.Name);
    }

    [Fact]
    public void An_unknown_id_with_two_providers_that_list_none_must_say_which()
    {
        var message = ErrorOf(SnapshotOf(("one", null), ("two", null)), null, "brand-new");
        Assert.Contains("'one/brand-new'", message, StringComparison.Ordinal);
        Assert.Contains("'two/brand-new'", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("gpt-6", "Did you mean 'gpt-5'?")]
    [InlineData("fst", "Did you mean 'fast'?")]
    [InlineData("lama-3", "Did you mean 'llama-3'?")]
    [InlineData("completely-different", "Write provider/model, with one of: east, west.")]
    [InlineData("nobody-here/", "Write provider/model")]
    [InlineData("/gpt", "")]
    [InlineData("@", "")]
    public void A_name_that_is_nothing_is_told_with_what_may_be_meant(string model, string hint)
    {
        var message = ErrorOf(Closed, null, model);
        Assert.StartsWith($"'{model.TrimStart('@')}' is not a route here", message, StringComparison.Ordinal);
        Assert.Contains(hint, message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("west", "gpt-5", "west/gpt-5")]
    [InlineData("west", "east/gpt-5", "west/east/gpt-5")]
    [InlineData("west", "fast", "west/fast")]
    [InlineData("west", "", "west")]
    public void The_provider_that_the_header_names_gets_the_model_as_it_is(string provider, string model, string target)
    {
        var resolution = TargetResolver.Resolve(Closed, provider, model);

        Assert.Null(resolution.Route!.Name);
        Assert.Equal(target, Assert.Single(resolution.Route!.Targets).Target.Name);
    }

    [Fact]
    public void A_header_that_names_no_provider_is_told_which_there_are() =>
        Assert.Contains("east, west", ErrorOf(Closed, "north", "gpt-5"), StringComparison.Ordinal);

    [Fact]
    public void Without_a_model_the_header_is_asked_for()
    {
        var error = TargetResolver.Resolve(Closed, providerName: null, "").Error!;
        Assert.Equal(GatewayErrorCode.InvalidRequest, error.Code);
        Assert.Equal("x-gatehouse-provider", error.Field);
    }

    private static string ErrorOf(Snapshot snapshot, string? provider, string model)
    {
        var resolution = TargetResolver.Resolve(snapshot, provider, model);
        Assert.Null(resolution.Route);
        Assert.Equal(GatewayErrorCode.ModelNotFound, resolution.Error!.Code);
        Assert.Equal("model", resolution.Error.Field);
        return resolution.Error.Message;
    }

    private static Snapshot SnapshotOf(params (string Name, string[]? Models)[] providers)
    {
        var errors = new ConfigurationErrors("gatehouse.yaml");
        var hasBoth = Array.Exists(providers, provider => provider.Name == "west");
        var options = new GatewayOptions
        {
            Providers = providers.ToDictionary(
                provider => provider.Name,
                provider => new ProviderOptions { Kind = ProviderTable.OpenAiCompatible, BaseUrl = "http://127.0.0.1:1/v1", Models = provider.Models },
                StringComparer.Ordinal),
            Routes = hasBoth ? new Dictionary<string, RouteOptions>(StringComparer.Ordinal)
            {
                ["fast"] = new() { Targets = [new() { Target = "west/llama-3" }, new() { Target = "east/gpt-5" }] },
                ["route-like"] = new() { Targets = [new() { Target = "west/llama-3" }] },
                ["east/shadowed"] = new() { Targets = [new() { Target = "west/llama-3" }] },
            }
            : new Dictionary<string, RouteOptions>(StringComparer.Ordinal),
        };
        var snapshot = new SnapshotCompiler(errors, new ManualTime(), new Random(1), _ => null).Compile(options, [], previous: null);
        Assert.Empty(errors.Messages);
        return snapshot;
    }
}
