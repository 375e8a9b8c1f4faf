using System.Buffers;
using System.IO.Pipelines;
using Gatehouse.Protocols.Chat;

namespace Gatehouse.Pipeline;

/// <summary>The answer to the caller: its head is decided once, its failures are told in the caller's own dialect.</summary>
internal sealed class CallerResponse(HttpContext http)
{
    /// <summary>Clients take heads of 8 to 16 KiB; the names may be of the caller's own making, and of any number.</summary>
    private const int MaxDropped = 2048;

    private AnswerRecording? _recording;

    /// <summary>The head has been decided: a failure can no longer change the status.</summary>
    public bool HasStarted { get; private set; }

    public bool IsEventStream { get; private set; }

    /// <summary>0 before the start.</summary>
    public int Status { get; private set; }

    public long BytesSent { get; private set; }

    /// <summary>The head has been decided, but can be decided anew: nothing has been written.</summary>
    private bool IsUnsent => !http.Response.HasStarted && BytesSent == 0;

    public IHeaderDictionary Headers => http.Response.Headers;

    /// <summary>Keeps what goes out from now on, up to a length.</summary>
    public void Record(int limit) => _recording = new AnswerRecording(limit);

    /// <summary>A copy of all that went out; null when it was not recorded, or was too long.</summary>
    public byte[]? Recorded => _recording is { IsGivenUp: false } recording ? recording.ToArray() : null;

    public void StopRecording()
    {
        _recording?.GiveUp();
        _recording = null;
    }

    public void Start(Exchange exchange, int status, bool isEventStream)
    {
        HasStarted = true;
        exchange.ReleaseBody();
        IsEventStream = isEventStream;
        Status = status;
        http.Response.StatusCode = status;
        var headers = http.Response.Headers;
        headers["x-gatehouse-exchange"] = exchange.Id;
        headers["x-gatehouse-cache"] = exchange.Cache.Word();
        if (exchange.Attempts.Count > 0)
        {
            headers["x-gatehouse-attempts"] = exchange.Attempts.Count.ToString();
        }

        if (exchange.Target is { } target)
        {
            headers["x-gatehouse-target"] = HeaderText.Of(target.Name);
        }

        if (exchange.Dropped.Count > 0)
        {
            headers["x-gatehouse-dropped"] = HeaderText.List(exchange.Dropped, MaxDropped);
        }

        if (exchange.Lifetime is { IsStopping: true } && status != StatusCodes.Status101SwitchingProtocols)
        {
            // RFC 9112, 9.6: a server that will close a connection SHOULD say so in the last answer, or the next request meets a closed one.
            headers.Connection = "close";
        }

        // The SDKs of a dialect know a call by a header of their own.
        var requestId = exchange.Operation.Dialect == Dialect.Anthropic ? "request-id" : "x-request-id";
        if (headers[requestId].Count == 0)
        {
            headers[requestId] = exchange.Id;
        }

        exchange.Timings.FirstByte();
    }

    public void Write(ReadOnlySpan<byte> bytes)
    {
        _recording?.Write(bytes);
        BytesSent += bytes.Length;
        http.Response.BodyWriter.Write(bytes);
    }

    /// <summary>Counts what went out in messages, not in a body.</summary>
    public void CountSent(int bytes) => BytesSent += bytes;

    /// <summary>Something went out before the end: the server then flushes the rest by itself only where it writes chunks.</summary>
    public bool HasFlushed { get; private set; }

    /// <summary>
    /// Sends what was written; waits while the caller does not read. It needs no time limit of its own: the server closes a connection
    /// that is read too slowly (server.min_data_rate), and that ends the wait.
    /// </summary>
    public ValueTask<FlushResult> FlushAsync()
    {
        HasFlushed = true;
        return http.Response.BodyWriter.FlushAsync(CancellationToken.None);
    }

    /// <summary>Tells the caller of a failure, as far as that is still possible.</summary>
    public void Fail(Exchange exchange, GatewayError error)
    {
        if (!HasStarted || IsUnsent)
        {
            Headers.Clear();
            Start(exchange, error.Status, isEventStream: false);
            BytesSent += ErrorAnswer.Write(http.Response, error, exchange.Operation.Dialect);
        }
        else if (IsEventStream)
        {
            var ending = new ArrayBufferWriter<byte>(256);
            if (exchange.Joined is { } joined)
            {
                joined.Writer.TakeBackEnd();
                joined.Writer.WriteFailure(error.ToChatError(), ending);
            }
            else
            {
                exchange.Answer!.WriteFailure(exchange, error.ToChatError(), ending);
            }

            Write(ending.WrittenSpan);
        }
        else
        {
            // Half a JSON body: only a broken connection says that it is not whole.
            http.Abort();
        }
    }
}
