using System.Text;
using System.Text.Json.Nodes;
using Gatehouse.Tests.Compatibility.Clients;
using Gatehouse.Tests.Compatibility.Providers;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests.Compatibility;

/// <summary>One gateway with every provider behind it, all played by one upstream that answers what a test tells it to.</summary>
public sealed class CompatibilityHost : IAsyncLifetime
{
    private ScriptedUpstream _upstream = null!;
    private GatewayHost _gateway = null!;
    private Func<UpstreamConnection, Task> _script = _ => Task.CompletedTask;

    public async ValueTask InitializeAsync()
    {
        _upstream = new ScriptedUpstream((_, connection) => _script(connection));
        var address = _upstream.Address.ToString().TrimEnd('/');
        var yaml = new StringBuilder("providers:\n");
        foreach (var provider in Provider.All)
        {
            _ = yaml.AppendLine(System.Globalization.CultureInfo.InvariantCulture, $"  {provider.Key}: {{ {provider.Settings(address)} }}");
        }

        // What is said to a provider is the matter here, and not whether its model would understand it.
        _ = yaml.Append("routes:\n");
        foreach (var provider in Provider.All)
        {
            _ = yaml.AppendLine(System.Globalization.CultureInfo.InvariantCulture, $"  to-{provider.Key}: {{ targets: [ {{ target: \"{provider.Key}/{provider.Model}\", can: [vision, documents] }} ] }}");
        }

        _gateway = await GatewayHost.StartAsync(yaml.ToString());
    }

    public async ValueTask DisposeAsync()
    {
        await _gateway.DisposeAsync();
        await _upstream.DisposeAsync();
    }

    internal static string ModelOf(Provider provider) => $"to-{provider.Key}";

    /// <summary>Sends a request of a client, with the provider playing a script.</summary>
    internal async Task<Reply> SendAsync(Client client, Provider provider, string body, bool stream, Func<UpstreamConnection, Task> script)
    {
        _script = script;
        _upstream.Requests.Clear();
        using var request = new HttpRequestMessage(HttpMethod.Post, client.Path(ModelOf(provider), stream)) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        client.AddHeaders(request.Headers);
        using var response = await _gateway.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        var (text, isBroken) = await ReadAsync(response);
        var dropped = response.Headers.TryGetValues("x-gatehouse-dropped", out var values) ? string.Join(", ", values) : "";
        var headers = response.Headers.ToDictionary(header => header.Key, header => string.Join(", ", header.Value), StringComparer.OrdinalIgnoreCase);
        return new Reply((int)response.StatusCode, response.Content.Headers.ContentType?.MediaType ?? "", text, isBroken, dropped, headers, _upstream.Requests.LastOrDefault());
    }

    /// <summary>The script of a provider that answers properly.</summary>
    internal static Func<UpstreamConnection, Task> Answering(Provider provider, Answer answer, bool stream) => stream
        ? connection => StreamAsync(connection, provider, provider.Frames(answer))
        : connection => connection.RespondAsync(200, "application/json", provider.Json(answer));

    internal static async Task StreamAsync(UpstreamConnection connection, Provider provider, IEnumerable<byte[]> frames)
    {
        await connection.StartChunkedAsync(200, provider.StreamType);
        foreach (var frame in frames)
        {
            await connection.ChunkAsync(frame);
        }

        await connection.EndChunksAsync();
    }

    private static async Task<(string Text, bool IsBroken)> ReadAsync(HttpResponseMessage response)
    {
        await using var stream = await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken);
        var bytes = new MemoryStream();
        try
        {
            await stream.CopyToAsync(bytes, TestContext.Current.CancellationToken);
            return (Encoding.UTF8.GetString(bytes.ToArray()), false);
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException)
        {
            return (Encoding.UTF8.GetString(bytes.ToArray()), true);
        }
    }
}

/// <summary>What came back to a client.</summary>
/// <param name="Status">Of HTTP.</param>
/// <param name="ContentType">Without its parameters.</param>
/// <param name="Text">The body as far as it came.</param>
/// <param name="IsBroken">The connection broke before the body had its end.</param>
/// <param name="Dropped">Of <c>x-gatehouse-dropped</c>.</param>
/// <param name="Headers">All headers.</param>
/// <param name="Upstream">The last request that the provider got; null when it got none.</param>
internal sealed record Reply(int Status, string ContentType, string Text, bool IsBroken, string Dropped, IReadOnlyDictionary<string, string> Headers, SeenRequest? Upstream)
{
    public JsonNode Json => Shape.Parse(Text);

    public SeenAnswer ReadWith(Client client, bool stream)
    {
        Assert.True(Status == 200, $"status {Status}: {Text}");
        Assert.False(IsBroken);
        Assert.Equal(stream ? "text/event-stream" : "application/json", ContentType);
        return stream ? client.ReadStream(Text) : client.ReadAnswer(Json);
    }
}
