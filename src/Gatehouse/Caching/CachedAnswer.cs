using System.Globalization;
using Gatehouse.Pipeline;

namespace Gatehouse.Caching;

/// <summary>An answer that was kept, given again: the same bytes, a stream as a stream. All of it waits for the exchange's row.</summary>
internal sealed class CachedAnswer(CacheEntry entry, TimeSpan age) : HeldAnswer
{
    /// <summary>What goes out between two looks at whether the caller takes it.</summary>
    private const int Piece = 64 * 1024;

    public override int HeldBytes => entry.Body.Length;

    public override ValueTask<Outcome> RelayAsync(Exchange exchange)
    {
        var headers = exchange.Response.Headers;
        headers.ContentType = entry.ContentType;
        // RFC 9111, 5.1: whole seconds since the answer was made.
        headers.Age = Math.Max(0, (long)age.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        exchange.Response.Start(exchange, StatusCodes.Status200OK, entry.IsEventStream);
        if (!entry.IsEventStream)
        {
            exchange.Http.Response.ContentLength = entry.Body.Length;
        }

        return new(Outcome.Continue);
    }

    public override async ValueTask ReleaseAsync(Exchange exchange)
    {
        for (var sent = 0; sent < entry.Body.Length; sent += Piece)
        {
            exchange.Response.Write(entry.Body.AsSpan(sent, Math.Min(Piece, entry.Body.Length - sent)));
            if (sent + Piece < entry.Body.Length && (await exchange.Response.FlushAsync()).IsCompleted)
            {
                // Nobody reads.
                return;
            }
        }
    }

    public override void Dispose()
    {
    }
}
