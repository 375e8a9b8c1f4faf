using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Gatehouse.Pipeline;

namespace Gatehouse.Upstream;

/// <summary>A provider's list of objects, of which the caller gets only its own. Such a list is read whole, up to a limit.</summary>
/// <param name="owned">Which of these ids are the caller's.</param>
internal sealed class OwnedListAnswer(HttpResponseMessage response, CallLifetime lifetime, Func<IReadOnlyList<string>, Task<IReadOnlySet<string>>> owned) : HeldAnswer
{
    private const int MaxLength = 8 * 1024 * 1024;

    private byte[] _body = [];

    public override int HeldBytes => _body.Length;

    public override async ValueTask<Outcome> RelayAsync(Exchange exchange)
    {
        var name = exchange.Target!.Name;
        var read = await ReadAsync(exchange, name);
        if (read.Body is not { } bytes)
        {
            return read.Error!;
        }

        if (response.StatusCode != HttpStatusCode.OK)
        {
            // A refusal is about the request, not about objects; but its words are the provider's, and may be anything.
            return new GatewayError(GatewayErrorCode.UpstreamError, $"{name} answered the request for a list with status {(int)response.StatusCode}.")
            {
                UpstreamStatus = (int)response.StatusCode is >= 400 and < 500 ? (int)response.StatusCode : null,
                Headers = ForwardedHeaders.OfRefusal(response),
            };
        }

        if (Parse(bytes) is not { } list)
        {
            return new GatewayError(GatewayErrorCode.UpstreamInvalidResponse, $"{name} answered with something that is not a list of objects.");
        }

        await FilterAsync(list);
        _body = JsonSerializer.SerializeToUtf8Bytes(list);
        ForwardedHeaders.CopyResponse(response, exchange.Response.Headers);
        exchange.Response.Start(exchange, StatusCodes.Status200OK, isEventStream: false);
        exchange.Http.Response.ContentLength = _body.Length;
        return Outcome.Continue;
    }

    public override ValueTask ReleaseAsync(Exchange exchange)
    {
        exchange.Response.Write(_body);
        return ValueTask.CompletedTask;
    }

    public override void Dispose()
    {
        response.Dispose();
        lifetime.Dispose();
    }

    private async Task FilterAsync(JsonObject list)
    {
        var data = list["data"]!.AsArray();
        var own = await owned([.. data.Select(IdOf).OfType<string>()]);
        for (var i = data.Count - 1; i >= 0; i--)
        {
            if (IdOf(data[i]) is not { } id || !own.Contains(id))
            {
                data.RemoveAt(i);
            }
        }

        // These, too, would tell of what belongs to others.
        foreach (var (member, id) in (ReadOnlySpan<(string, string?)>)[("first_id", IdOf(data.FirstOrDefault())), ("last_id", IdOf(data.LastOrDefault()))])
        {
            if (list.ContainsKey(member))
            {
                list[member] = id;
            }
        }
    }

    private static string? IdOf(JsonNode? item) => item is JsonObject { } found && found["id"] is JsonValue id && id.TryGetValue<string>(out var text) ? text : null;

    private static JsonObject? Parse(byte[] bytes)
    {
        try
        {
            return JsonNode.Parse(bytes) is JsonObject list && list["data"] is JsonArray ? list : null;
        }
        catch (Exception exception) when (exception is JsonException or ArgumentException or InvalidOperationException)
        {
            // Not JSON, or a member written twice.
            return null;
        }
    }

    private async Task<(byte[]? Body, GatewayError? Error)> ReadAsync(Exchange exchange, string name)
    {
        using var copy = new MemoryStream();
        var buffer = new byte[16 * 1024];
        var body = response.Content.ReadAsStream(CancellationToken.None);
        while (true)
        {
            var (count, error) = await ReadAsync(exchange, body, buffer, lifetime);
            if (error is not null)
            {
                return (null, error);
            }

            if (count == 0)
            {
                return (copy.ToArray(), null);
            }

            copy.Write(buffer.AsSpan(0, count));
            if (copy.Length > MaxLength)
            {
                return (null, new GatewayError(GatewayErrorCode.UpstreamInvalidResponse, $"{name} answered with a list of more than {MaxLength} bytes; ask for a shorter one with 'limit'."));
            }
        }
    }
}
