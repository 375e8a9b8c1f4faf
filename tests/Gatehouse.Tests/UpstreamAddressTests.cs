using System.Net;
using Gatehouse.Configuration;
using Gatehouse.Tests.Harness;
using Gatehouse.Upstream;

namespace Gatehouse.Tests;

/// <summary>No provider can be pointed at the metadata service of the cloud that the gateway runs in, unless it is allowed by name.</summary>
public sealed class UpstreamAddressTests
{
    [Theory]
    [InlineData("http://169.254.169.254/v1")]
    [InlineData("http://169.254.0.1/v1")]
    [InlineData("http://2852039166/v1")]
    [InlineData("http://0xa9fea9fe/v1")]
    [InlineData("http://0251.0376.0251.0376/v1")]
    [InlineData("http://169.254.43518/v1")]
    [InlineData("http://[::ffff:169.254.169.254]/v1")]
    [InlineData("http://[::ffff:a9fe:a9fe]/v1")]
    [InlineData("http://[fe80::1]/v1")]
    [InlineData("http://[fd00:ec2::254]/v1")]
    [InlineData("http://100.100.100.200/v1")]
    [InlineData("http://192.0.0.192/v1")]
    [InlineData("http://metadata.google.internal/v1")]
    [InlineData("http://METADATA.Google.Internal./v1")]
    [InlineData("http://metadata/v1")]
    public async Task A_base_URL_at_a_metadata_address_is_refused_with_its_key(string url)
    {
        var exception = await Assert.ThrowsAsync<ConfigurationException>(() => GatewayHost.StartAsync($"providers:\n  mock: {{ kind: openai-compatible, base_url: \"{url}\" }}\n"));

        Assert.Contains(exception.Errors, error => error.Contains("providers.mock.base_url", StringComparison.Ordinal) && error.Contains("security.allow_upstream_hosts", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("http://10.0.0.1/v1")]
    [InlineData("http://192.168.1.1/v1")]
    [InlineData("http://127.0.0.1:11434/v1")]
    [InlineData("http://[::1]:8000/v1")]
    [InlineData("http://metadata.example.com/v1")]
    [InlineData("http://169.253.0.1/v1")]
    public async Task Models_may_run_in_private_networks(string url)
    {
        await using var gateway = await GatewayHost.StartAsync($"providers:\n  mock: {{ kind: openai-compatible, base_url: \"{url}\" }}\n");

        Assert.Equal(url, Assert.Single(gateway.Application.Snapshots.Current.Providers.Values).BaseUrl);
    }

    [Fact]
    public async Task What_is_meant_can_be_allowed_by_name()
    {
        await using var gateway = await GatewayHost.StartAsync(
            "providers:\n  mock: { kind: openai-compatible, base_url: \"http://169.254.169.254/v1\" }\nsecurity: { allow_upstream_hosts: [169.254.169.254] }\n");

        Assert.Single(gateway.Application.Snapshots.Current.Providers);
    }

    [Theory]
    [InlineData("169.254.169.254", true)]
    [InlineData("::ffff:169.254.169.254", true)]
    [InlineData("64:ff9b::a9fe:a9fe", true)]
    [InlineData("2002:a9fe:a9fe::1", true)]
    [InlineData("64:ff9b::a00:1", false)]
    [InlineData("fe80::1%2", true)]
    [InlineData("fd20:ce::254", true)]
    [InlineData("10.1.2.3", false)]
    [InlineData("::1", false)]
    [InlineData("fd00::1", false)]
    public void An_address_is_judged_as_resolved(string address, bool refused) =>
        Assert.Equal(refused, UpstreamAddresses.Refuses(IPAddress.Parse(address)));

    [Theory]
    // The resolver reads a dot at the end and short forms as addresses, though they do not look like one to the configuration.
    [InlineData("169.254.169.254.")]
    [InlineData("0xa9.0xfe.0xa9.0xfe")]
    public async Task A_host_name_that_leads_to_a_refused_address_is_not_connected_to(string host)
    {
        using var transport = Transports.Create(
            new TransportKey("openai-compatible", $"http://{host}/v1", TimeSpan.FromSeconds(5), ""), allowedHosts: [], TimeProvider.System);
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri($"http://{host}:9/v1"));

        var exception = await Assert.ThrowsAsync<HttpRequestException>(() => transport.SendAsync(request, TestContext.Current.CancellationToken));

        var isRefused = exception.Message.Contains("link-local or cloud metadata", StringComparison.Ordinal);
        // A resolver may refuse to read it at all, which is as good.
        Assert.True(isRefused || exception.HttpRequestError == HttpRequestError.NameResolutionError, exception.ToString());
    }
}
