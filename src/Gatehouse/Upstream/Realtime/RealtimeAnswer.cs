using System.Buffers;
using System.Net.WebSockets;
using Gatehouse.Pipeline;
using Gatehouse.Protocols.Dialects.OpenAi;

namespace Gatehouse.Upstream.Realtime;

/// <summary>
/// A realtime session: messages pass both ways as they are, and usage is read from the provider's events. Its last piece is the Close
/// frame to the caller, which waits for the exchange's row like the end of any other answer.
/// </summary>
internal sealed class RealtimeAnswer(HttpResponseMessage response, CallLifetime lifetime, int maxMessage) : HeldAnswer
{
    /// <summary>The "type" of the error event: what fails here is never the caller's fault.</summary>
    private const string ErrorType = "server_error";

    /// <summary>Of a budget that is used up.</summary>
    private const string QuotaType = "insufficient_quota";

    /// <summary>A side that has been sent a Close frame has this long to say its own.</summary>
    private static readonly TimeSpan CloseGrace = TimeSpan.FromSeconds(2);

    /// <summary>A session can last an hour; it does not keep the room of its longest event.</summary>
    private const int KeptCapacity = 64 * 1024;

    /// <summary>A connection whose other end vanished without a word is noticed after both of these.</summary>
    private static readonly TimeSpan PingInterval = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan PongLimit = TimeSpan.FromSeconds(30);

    private readonly ArrayBufferWriter<byte> _error = new();
    private ArrayBufferWriter<byte> _event = new();
    private WebSocket? _provider;
    private WebSocket? _caller;
    private volatile bool _isEnding;
    private GatewayError? _beyond;
    private Task<PumpEnd> _toProvider = Task.FromResult(PumpEnd.Stopped);
    private (WebSocketCloseStatus Status, string? Description) _close;

    public override int HeldBytes => _error.WrittenCount;

    public override async ValueTask<Outcome> RelayAsync(Exchange exchange)
    {
        var sockets = exchange.Http.WebSockets;
        _provider = WebSocket.CreateFromStream(
            await response.Content.ReadAsStreamAsync(CancellationToken.None), new WebSocketCreationOptions { KeepAliveInterval = PingInterval, KeepAliveTimeout = PongLimit });
        exchange.Response.Start(exchange, StatusCodes.Status101SwitchingProtocols, isEventStream: false);
        _caller = await sockets.AcceptWebSocketAsync(new WebSocketAcceptContext
        {
            SubProtocol = RealtimeHandshake.ProtocolOf(response, sockets.WebSocketRequestedProtocols),
            KeepAliveInterval = PingInterval,
            KeepAliveTimeout = PongLimit,
        });

        exchange.Facts = new OpenAiRealtimeFacts();
        exchange.Timings.UpstreamWaitBegins();
        lifetime.AwaitMore();
        var up = new RealtimePump(_caller, _provider, maxMessage, _ => Moved());
        var down = new RealtimePump(_provider, _caller, maxMessage, piece => Seen(exchange, piece));
        // The caller is read to the end of its own Close frame, which comes after ours: nothing but that, or Dispose, ends this reading.
        _toProvider = up.RunAsync(CancellationToken.None, lifetime.Token);
        var toCaller = down.RunAsync(lifetime.Token, lifetime.Token);
        if (await Task.WhenAny(_toProvider, toCaller) == toCaller)
        {
            up.IsMuted = true;
            await ProviderEndedAsync(exchange, await toCaller);
        }
        else
        {
            await CallerEndedAsync(exchange, await _toProvider, down, toCaller);
        }

        (up.IsMuted, _isEnding) = (true, true);
        exchange.Timings.UpstreamWaitEnds();
        return Outcome.Continue;
    }

    public override async ValueTask ReleaseAsync(Exchange exchange)
    {
        // In time with the caller, not with the provider, whose limits may be used up.
        using var grace = new CancellationTokenSource(CloseGrace);
        try
        {
            if (_error.WrittenCount > 0)
            {
                await _caller!.SendAsync(_error.WrittenMemory, WebSocketMessageType.Text, endOfMessage: true, grace.Token);
            }

            if (_toProvider.IsCompleted)
            {
                await _caller!.CloseAsync(_close.Status, _close.Description, grace.Token);
                return;
            }

            await _caller!.CloseOutputAsync(_close.Status, _close.Description, grace.Token);
            _ = await _toProvider.WaitAsync(grace.Token);
        }
        catch (Exception exception) when (exception is OperationCanceledException or WebSocketException or IOException or InvalidOperationException)
        {
            // It does not listen any more; Dispose breaks the connection.
        }
    }

    public override void Dispose()
    {
        _caller?.Abort();
        _caller?.Dispose();
        _provider?.Abort();
        _provider?.Dispose();
        response.Dispose();
        lifetime.Dispose();
    }

    /// <summary>The idle limit begins anew; the little time for an ending does not.</summary>
    private bool Moved()
    {
        if (!_isEnding)
        {
            lifetime.AwaitMore();
        }

        return true;
    }

    /// <returns>False when the session has cost what there is.</returns>
    private bool Seen(Exchange exchange, RealtimePiece piece)
    {
        _ = Moved();
        if (piece.IsPassed)
        {
            exchange.Response.CountSent(piece.Bytes.Length);
        }

        if (!piece.IsText)
        {
            return true;
        }

        if (piece.IsEnd && _event.WrittenCount == 0)
        {
            _ = exchange.Facts.Read(piece.Bytes.Span, out _);
            return MayGoOn(exchange);
        }

        _event.Write(piece.Bytes.Span);
        if (piece.IsEnd)
        {
            _ = exchange.Facts.Read(_event.WrittenSpan, out _);
            if (_event.Capacity > KeptCapacity)
            {
                _event = new ArrayBufferWriter<byte>();
            }

            _event.ResetWrittenCount();
            return MayGoOn(exchange);
        }

        return true;
    }

    private bool MayGoOn(Exchange exchange)
    {
        // Of a session that ends already the usage is of interest.
        _beyond = _isEnding ? null : exchange.Meter?.CheckTold(exchange);
        return _beyond is null;
    }

    private async Task ProviderEndedAsync(Exchange exchange, PumpEnd end)
    {
        var name = exchange.Target!.Name;
        switch (end)
        {
            case PumpEnd.Closed:
                _close = CloseOf(_provider!);
                await CloseAsync(_provider!, _close);
                if (_close.Status is not (WebSocketCloseStatus.NormalClosure or WebSocketCloseStatus.EndpointUnavailable or WebSocketCloseStatus.Empty))
                {
                    // RFC 6455, 7.4.1, and IANA's registry: 1011 to 1014 are the server's own trouble; the others are about what the client sent.
                    exchange.MarkFailed($"closed the session with code {(int)_close.Status}", (int)_close.Status is >= 1011 and <= 1014 ? FailureKind.ServerError : FailureKind.InvalidRequest);
                }

                break;
            case PumpEnd.SourceBroke:
                Break(exchange, new GatewayError(GatewayErrorCode.UpstreamError, $"{name} broke off in the middle of the session."));
                break;
            case PumpEnd.MessageTooLong:
                await CloseAsync(_provider!, (WebSocketCloseStatus.MessageTooBig, null));
                Break(exchange, new GatewayError(GatewayErrorCode.UpstreamInvalidResponse, $"{name} sent a message of more than {maxMessage} bytes."));
                break;
            case PumpEnd.DestinationBroke:
                exchange.ClientLeft = true;
                break;
            case PumpEnd.Enough:
                await CloseAsync(_provider!, (WebSocketCloseStatus.NormalClosure, null));
                Break(exchange, _beyond!);
                break;
            case PumpEnd.Stopped when !exchange.ClientLeft:
                Break(exchange, lifetime.EndError(name));
                break;
        }
    }

    private async Task CallerEndedAsync(Exchange exchange, PumpEnd end, RealtimePump down, Task<PumpEnd> toCaller)
    {
        switch (end)
        {
            case PumpEnd.Closed:
                _close = CloseOf(_caller!);
                break;
            case PumpEnd.MessageTooLong:
                _close = (WebSocketCloseStatus.MessageTooBig, $"A message must not be longer than {maxMessage} bytes.");
                exchange.Error = new GatewayError(GatewayErrorCode.RequestTooLarge, _close.Description!);
                exchange.Outcome = ExchangeOutcome.Truncated;
                break;
            case PumpEnd.SourceBroke:
                exchange.ClientLeft = true;
                _provider!.Abort();
                _ = await toCaller;
                return;
            default:
                // The provider cannot be written to: the reading from it ends as well, and knows more.
                _isEnding = true;
                lifetime.AwaitEnd(CloseGrace);
                await ProviderEndedAsync(exchange, await toCaller);
                return;
        }

        // The provider hears of it at once. What it says on its way out is of interest for its usage alone.
        (down.IsMuted, _isEnding) = (true, true);
        await CloseAsync(_provider!, end == PumpEnd.Closed ? _close : (WebSocketCloseStatus.NormalClosure, null));
        lifetime.AwaitEnd(CloseGrace);
        _ = await toCaller;
    }

    /// <summary>For the record, and for the caller.</summary>
    private void Break(Exchange exchange, GatewayError error)
    {
        exchange.Outcome = ExchangeOutcome.Truncated;
        exchange.Error = error;
        var isPolicy = error.Traits.Party == ErrorParty.Policy;
        OpenAiRealtimeFacts.WriteError(_error, exchange.Id, error.Message, isPolicy ? QuotaType : ErrorType, error.Traits.Name);
        _close = (isPolicy ? WebSocketCloseStatus.PolicyViolation : WebSocketCloseStatus.InternalServerError, error.Traits.Name);
    }

    private static (WebSocketCloseStatus Status, string? Description) CloseOf(WebSocket socket) => socket.CloseStatus switch
    {
        // RFC 6455, 7.4.1: 1005 "MUST NOT be set as a status code in a Close control frame": there was none, and there will be none.
        null or WebSocketCloseStatus.Empty => (WebSocketCloseStatus.Empty, null),
        { } status => (status, socket.CloseStatusDescription),
    };

    private async Task CloseAsync(WebSocket socket, (WebSocketCloseStatus Status, string? Description) close)
    {
        try
        {
            await socket.CloseOutputAsync(close.Status, close.Description, lifetime.Token);
        }
        catch (Exception exception) when (exception is OperationCanceledException or WebSocketException or IOException or InvalidOperationException)
        {
            // It is gone already.
        }
    }
}
