using System.Buffers;
using System.Text.Json;
using Gatehouse.Pipeline;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Upstream.Translation;

/// <summary>
/// An answer in one piece that is put into the caller's form: a success as the kind of call has it, an error in the caller's envelope with
/// its status and message kept.
/// </summary>
/// <param name="target">The dialect of the target's errors.</param>
internal abstract class ConvertedBody(HttpResponseMessage response, CallLifetime lifetime, DialectCodec target) : HeldAnswer
{
    /// <summary>An answer with several images in base64 fits; what is longer is no answer of a model.</summary>
    private const int MaxLength = 64 * 1024 * 1024;

    /// <summary>Of an error the beginning will do.</summary>
    private const int MaxErrorLength = 256 * 1024;

    private readonly PooledBuffer _output = new();

    public override int HeldBytes => _output.Length;

    public override async ValueTask<Outcome> RelayAsync(Exchange exchange)
    {
        using var body = new PooledBuffer();
        if (await ReadAsync(exchange, response, body) is { } unreadable)
        {
            return unreadable;
        }

        if ((int)response.StatusCode >= 400)
        {
            WriteError(exchange, response, body.Written);
            return Outcome.Continue;
        }

        return await ConvertAsync(exchange, body, _output) is { } error ? error : Outcome.Continue;
    }

    public override ValueTask ReleaseAsync(Exchange exchange)
    {
        exchange.Response.Write(_output.Written);
        return ValueTask.CompletedTask;
    }

    public override void Dispose()
    {
        _output.Dispose();
        response.Dispose();
        lifetime.Dispose();
    }

    /// <summary>Writes the answer in the caller's form, and its head.</summary>
    protected abstract ValueTask<GatewayError?> ConvertAsync(Exchange exchange, PooledBuffer body, PooledBuffer output);

    protected CallLifetime Lifetime => lifetime;

    protected async ValueTask<GatewayError?> ReadAsync(Exchange exchange, HttpResponseMessage from, PooledBuffer body)
    {
        var isError = (int)from.StatusCode >= 400;
        var stream = from.Content.ReadAsStream(CancellationToken.None);
        while (true)
        {
            var (count, error) = await ReadAsync(exchange, stream, body.GetMemory(4096), lifetime);
            if (error is not null || count == 0)
            {
                return error;
            }

            body.Advance(count);
            if (isError && body.Length > MaxErrorLength)
            {
                return null;
            }

            if (body.Length > MaxLength)
            {
                return new GatewayError(GatewayErrorCode.UpstreamInvalidResponse, $"{exchange.Target!.Name} answered with more than {MaxLength / (1024 * 1024)} MiB.");
            }
        }
    }

    /// <summary>Tells the caller of the target's error, in the caller's envelope.</summary>
    protected void WriteError(Exchange exchange, HttpResponseMessage from, ReadOnlySpan<byte> body)
    {
        var status = (int)from.StatusCode;
        var error = ErrorOf(exchange, status, body);
        (exchange.Facts as CodecAnswerFacts)?.Observe(error);
        using (var writer = new Utf8JsonWriter((IBufferWriter<byte>)_output, JsonWriting.Options))
        {
            Codecs.Of(exchange.Operation.Dialect).WriteError(error, writer);
        }

        AnswerHead.Start(exchange, from, status, "application/json", isEventStream: false);
        exchange.Http.Response.ContentLength = _output.Length;
    }

    protected static GatewayError Invalid(Exchange exchange, string what) => new(
        GatewayErrorCode.UpstreamInvalidResponse, $"{exchange.Target!.Name} answered with {what}.");

    private ChatError ErrorOf(Exchange exchange, int status, ReadOnlySpan<byte> body)
    {
        try
        {
            var reader = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = JsonWriting.ReadOptions.MaxDepth });
            using var document = JsonDocument.ParseValue(ref reader);
            return target.ReadError(status, document.RootElement.Clone());
        }
        catch (Exception exception) when (exception is JsonException or MalformedException)
        {
            var excerpt = System.Text.Encoding.UTF8.GetString(body[..Math.Min(body.Length, 300)]).Trim();
            return ChatError.Of(status, $"{exchange.Target!.Name} answered with status {status}" + (excerpt.Length == 0 ? " and no body." : $": {excerpt}"));
        }
    }
}
