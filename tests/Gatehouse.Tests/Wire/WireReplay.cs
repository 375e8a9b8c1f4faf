using System.Collections.Concurrent;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests.Wire;

/// <summary>One gateway with every recorded provider, and one upstream that answers for all of them with what was recorded.</summary>
public sealed class WireReplay : IAsyncLifetime
{
    /// <summary>Passed on by the gateway like any header that it does not know; tells the upstream what to play.</summary>
    private const string NumberHeader = "x-replay";

    private readonly ConcurrentDictionary<string, (Recording Recording, bool InPieces)> _planned = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, SeenRequest> _seen = new(StringComparer.Ordinal);
    private ScriptedUpstream? _upstream;
    private GatewayHost? _gateway;
    private int _number;

    /// <summary>Headers that concern one connection or the provider's own clients, added to every recorded answer: none may come back.</summary>
    internal static readonly string[] NotForCallers =
    [
        "connection: keep-alive, x-about-this-connection", "x-about-this-connection: 1", "keep-alive: timeout=5", "proxy-authenticate: Basic",
        "set-cookie: session=of-the-gateway", "x-gatehouse-run: forged",
    ];

    public async ValueTask InitializeAsync()
    {
        if (!Recordings.ArePresent)
        {
            return;
        }

        _upstream = new ScriptedUpstream(PlayAsync);
        var providers = Recordings.Replayed.Select(RecordedProvider.Of).Distinct().Select(provider => provider.Yaml(_upstream.Address));
        _gateway = await GatewayHost.StartAsync($"providers:\n{string.Concat(providers)}");
    }

    public async ValueTask DisposeAsync()
    {
        if (_gateway is not null)
        {
            await _gateway.DisposeAsync();
            await _upstream!.DisposeAsync();
        }
    }

    /// <summary>Sends a recorded call through the gateway.</summary>
    /// <returns>What came back, what the upstream saw, and the row that is in the ledger once the whole answer has arrived.</returns>
    internal async Task<Replayed> SendAsync(Recording recording, RecordedCall call, bool inPieces)
    {
        var cancellation = TestContext.Current.CancellationToken;
        var number = Interlocked.Increment(ref _number).ToString(CultureInfo.InvariantCulture);
        _planned[number] = (recording, inPieces);
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/v1{recording.Endpoint}");
        request.Content = new ByteArrayContent(RecordedCall.Bytes.GetBytes(call.FromCaller));
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.Add(NumberHeader, number);
        foreach (var (name, value) in recording.RequestHeaders)
        {
            _ = request.Headers.TryAddWithoutValidation(name, value);
        }

        using var response = await _gateway!.Client.SendAsync(request, cancellation);
        var body = await response.Content.ReadAsByteArrayAsync(cancellation);
        var headers = response.Headers.NonValidated.Concat(response.Content.Headers.NonValidated)
            .ToDictionary(header => header.Key, header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase);
        var address = new Uri($"/api/v1/exchanges/{headers["x-gatehouse-exchange"]}", UriKind.Relative);
        var row = JsonElement.Parse(await _gateway.Admin.GetStringAsync(address, cancellation));
        return new Replayed((int)response.StatusCode, headers, RecordedCall.Bytes.GetString(body), _seen.GetValueOrDefault(number), row);
    }

    private async Task PlayAsync(SeenRequest request, UpstreamConnection connection)
    {
        var number = request.Headers[NumberHeader];
        _seen[number] = request;
        var (recording, inPieces) = _planned[number];
        string[] headers =
        [
            .. NotForCallers,
            .. recording.ResponseHeaders.Where(header => header.Key != "content-type").Select(header => $"{header.Key}: {header.Value}"),
        ];
        if (!inPieces && !recording.IsEventStream)
        {
            await connection.RespondAsync(recording.Status, recording.ContentType, recording.Response, headers);
            return;
        }

        await connection.StartChunkedAsync(recording.Status, recording.ContentType, headers);
        foreach (var piece in inPieces ? Pieces(recording) : [recording.Response])
        {
            await connection.ChunkAsync(piece);
        }

        await connection.EndChunksAsync();
    }

    /// <summary>Single bytes for short answers, random small pieces for long ones; the same in every run.</summary>
    private static IEnumerable<ReadOnlyMemory<byte>> Pieces(Recording recording)
    {
        var random = new Random(recording.Number);
        var largest = recording.Response.Length < 4096 ? 1 : 64;
        for (int start = 0, length; start < recording.Response.Length; start += length)
        {
            length = Math.Min(random.Next(1, largest + 1), recording.Response.Length - start);
            yield return recording.Response.AsMemory(start, length);
        }
    }
}

/// <summary>What became of a replayed call.</summary>
/// <param name="Seen">Null when nothing reached the upstream.</param>
internal sealed record Replayed(int Status, IReadOnlyDictionary<string, string> Headers, string Body, SeenRequest? Seen, JsonElement Row);
