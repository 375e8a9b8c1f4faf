using System.Buffers;
using Gatehouse.Pipeline;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;
using Gatehouse.Upstream.Failures;

namespace Gatehouse.Upstream;

/// <summary>
/// Passes on an answer that is not an event stream. Up to <see cref="Window"/> bytes it is held and checked whole, so that a broken or
/// invalid answer becomes a clean 502; a longer one is passed on as it arrives, always one read behind.
/// </summary>
internal sealed class BodyAnswer : HeldAnswer
{
    /// <summary>Chat answers are smaller; large ones (embeddings, images, files) are passed on while they arrive.</summary>
    private const int Window = 64 * 1024;
    private const int ReadSize = 16 * 1024;
    private const int KeptMember = 16 * 1024;

    private readonly HttpResponseMessage _response;
    private readonly CallLifetime _lifetime;
    private readonly bool _isJson;
    private readonly bool _mustBeJson;
    private byte[] _held = ArrayPool<byte>.Shared.Rent(4096);
    private int _heldLength;
    private JsonScanner? _scanner;

    public BodyAnswer(HttpResponseMessage response, CallLifetime lifetime, bool mustBeJson)
    {
        _response = response;
        _lifetime = lifetime;
        var isPlain = response.Content.Headers.ContentEncoding.Count == 0;
        _isJson = isPlain && MediaType.Of(response.Content).EndsWith("json", StringComparison.OrdinalIgnoreCase);
        _mustBeJson = mustBeJson && isPlain;
    }

    public override int HeldBytes => _heldLength;

    private bool IsSuccess => (int)_response.StatusCode < 400;

    public override async ValueTask<Outcome> RelayAsync(Exchange exchange)
    {
        var length = _response.Content.Headers.ContentLength;
        if (string.Equals(exchange.Http.Request.Method, HttpMethods.Head, StringComparison.Ordinal))
        {
            return Start(exchange, length);
        }

        var body = _response.Content.ReadAsStream(CancellationToken.None);
        long total = 0;
        while (total != length)
        {
            EnsureRoom();
            var (count, error) = await ReadAsync(exchange, body, _held.AsMemory(_heldLength), _lifetime);
            if (error is not null)
            {
                return error;
            }

            if (count == 0)
            {
                break;
            }

            total += count;
            if (exchange.Response.HasStarted || _heldLength + count > Window)
            {
                if (PassOn(exchange, length, count) is { } refusal)
                {
                    return refusal;
                }

                await FlushAsync(exchange, _lifetime);
            }
            else
            {
                _heldLength += count;
            }
        }

        return exchange.Response.HasStarted ? FinishLong(exchange) : FinishWhole(exchange);
    }

    public override ValueTask ReleaseAsync(Exchange exchange)
    {
        exchange.Response.Write(_held.AsSpan(0, _heldLength));
        return ValueTask.CompletedTask;
    }

    public override void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_held);
        _response.Dispose();
        _lifetime.Dispose();
    }

    private void EnsureRoom()
    {
        if (_held.Length - _heldLength >= 1024)
        {
            return;
        }

        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(_held.Length * 2, _heldLength + ReadSize));
        _held.AsSpan(0, _heldLength).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_held);
        _held = larger;
    }

    /// <summary>Sends what was held, and holds what was read last.</summary>
    private GatewayError? PassOn(Exchange exchange, long? length, int justRead)
    {
        if (!exchange.Response.HasStarted)
        {
            if (_isJson)
            {
                _scanner = new JsonScanner(exchange.Facts.Members, KeptMember);
                if (!_scanner.Push(_held.AsSpan(0, _heldLength)) && _mustBeJson)
                {
                    return NotJson(exchange);
                }
            }
            else if (_mustBeJson)
            {
                return IsSuccess ? NotJson(exchange) : NotAnEnvelope(exchange, _held.AsSpan(0, _heldLength));
            }

            _ = Start(exchange, length);
        }

        exchange.Response.Write(_held.AsSpan(0, _heldLength));
        _held.AsSpan(_heldLength, justRead).CopyTo(_held);
        _heldLength = justRead;
        return _scanner is not null && !_scanner.Push(_held.AsSpan(0, _heldLength)) && _mustBeJson ? NotJson(exchange) : null;
    }

    private Outcome FinishLong(Exchange exchange)
    {
        if (_scanner is { IsComplete: true })
        {
            _ = exchange.Facts.Read(_scanner.CapturedObject(), out _);
        }
        else if (_mustBeJson)
        {
            return NotJson(exchange);
        }

        return Outcome.Continue;
    }

    private Outcome FinishWhole(Exchange exchange)
    {
        var body = _held.AsSpan(0, _heldLength);
        var traits = ChunkTraits.None;
        var isValid = (_isJson || _mustBeJson) && exchange.Facts.Read(body, out traits);
        if (_mustBeJson && (!isValid || (IsSuccess && body.TrimStart(" \t\r\n"u8) is not [(byte)'{', ..])))
        {
            return IsSuccess ? NotJson(exchange) : NotAnEnvelope(exchange, body);
        }

        if (traits.HasFlag(ChunkTraits.Error) && IsSuccess)
        {
            var kind = FailureClassifier.OfFrame(body);
            if (exchange.CanGoElsewhere(kind))
            {
                return new GatewayError(GatewayErrorCode.UpstreamError, $"{exchange.Target!.Name} reported an error in an answer with status 200.") { Failure = kind };
            }

            exchange.MarkFailed("reported an error in an answer with status 200", kind);
        }

        return Start(exchange, _heldLength);
    }

    private Outcome Start(Exchange exchange, long? length)
    {
        ForwardedHeaders.CopyResponse(_response, exchange.Response.Headers);
        exchange.Response.Start(exchange, (int)_response.StatusCode, isEventStream: false);
        if (length is not null && _response.StatusCode is not (System.Net.HttpStatusCode.NoContent or System.Net.HttpStatusCode.NotModified))
        {
            exchange.Http.Response.ContentLength = length;
        }

        return Outcome.Continue;
    }

    private static GatewayError NotJson(Exchange exchange) => new(
        GatewayErrorCode.UpstreamInvalidResponse, $"{exchange.Target!.Name} answered with something that is not a JSON object.");

    /// <summary>An error page of a proxy or load balancer in front of the provider: told in the caller's dialect.</summary>
    private GatewayError NotAnEnvelope(Exchange exchange, ReadOnlySpan<byte> body)
    {
        var status = (int)_response.StatusCode;
        var excerpt = System.Text.Encoding.UTF8.GetString(body[..Math.Min(body.Length, 300)]).Trim();
        return new GatewayError(
            GatewayErrorCode.UpstreamError,
            $"{exchange.Target!.Name} answered with status {status}" + (excerpt.Length == 0 ? " and no body." : $": {excerpt}"))
        {
            UpstreamStatus = status < 500 ? status : null,
            Headers = ForwardedHeaders.OfRefusal(_response),
        };
    }
}
