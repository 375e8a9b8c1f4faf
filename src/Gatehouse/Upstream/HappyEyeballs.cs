using System.Net;

namespace Gatehouse.Upstream;

/// <summary>
/// Connects to a host of several addresses as RFC 8305 (Happy Eyeballs) says: one after the other, but without waiting long for one that says
/// nothing. The first connection that stands is used.
/// </summary>
internal static class HappyEyeballs
{
    /// <summary>RFC 8305, 8: "Connection Attempt Delay [...] Recommended to be 250 milliseconds".</summary>
    public static readonly TimeSpan AttemptDelay = TimeSpan.FromMilliseconds(250);

    /// <param name="addresses">In the order of the resolver's preference; at least one.</param>
    /// <param name="connect">Connects to one of them.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Ends all attempts.</param>
    /// <exception cref="Exception">What the attempt at the first address that failed threw, when all have failed.</exception>
    public static async ValueTask<Stream> ConnectAsync(
        IPAddress[] addresses, Func<IPAddress, CancellationToken, Task<Stream>> connect, TimeProvider time, CancellationToken cancellationToken)
    {
        if (addresses is [var only])
        {
            return await connect(only, cancellationToken);
        }

        using var others = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var attempts = new List<Task<Stream>>();
        Task<Stream>? failed = null;
        try
        {
            foreach (var address in Interleave(addresses))
            {
                cancellationToken.ThrowIfCancellationRequested();
                attempts.Add(connect(address, others.Token));
                var delay = Task.Delay(AttemptDelay, time, others.Token);
                if (await FirstAsync(attempts, delay) is { } ended)
                {
                    if (ended.IsCompletedSuccessfully)
                    {
                        return await ended;
                    }

                    // The next one begins at once: there is nothing to wait for.
                    failed ??= ended;
                }
            }

            while (attempts.Count > 0)
            {
                var ended = await FirstAsync(attempts, delay: null);
                if (ended!.IsCompletedSuccessfully)
                {
                    return await ended;
                }

                failed ??= ended;
            }

            // Who cancelled is asked for his own token.
            cancellationToken.ThrowIfCancellationRequested();
            return await failed!;
        }
        finally
        {
            await others.CancelAsync();
            foreach (var attempt in attempts)
            {
                _ = attempt.ContinueWith(Close, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            }
        }
    }

    /// <returns>An attempt that is over, taken out of the list; null when the delay is over before.</returns>
    private static async Task<Task<Stream>?> FirstAsync(List<Task<Stream>> attempts, Task? delay)
    {
        var first = await Task.WhenAny(delay is null ? attempts : [.. attempts, delay]);
        if (first is not Task<Stream> ended)
        {
            return null;
        }

        _ = attempts.Remove(ended);
        return ended;
    }

    /// <summary>
    /// RFC 8305, 4: "SHOULD modify the ordered list to interleave address families": a family that leads nowhere must cost one attempt, not as many as it has addresses.
    /// The resolver's first address stays the first.
    /// </summary>
    private static IEnumerable<IPAddress> Interleave(IPAddress[] addresses)
    {
        var preferred = addresses.Where(address => address.AddressFamily == addresses[0].AddressFamily).ToList();
        var other = addresses.Except(preferred).ToList();
        for (var i = 0; i < Math.Max(preferred.Count, other.Count); i++)
        {
            if (i < preferred.Count)
            {
                yield return preferred[i];
            }

            if (i < other.Count)
            {
                yield return other[i];
            }
        }
    }

    private static void Close(Task<Stream> attempt)
    {
        if (attempt.IsCompletedSuccessfully)
        {
            attempt.Result.Dispose();
        }
        else
        {
            // Seen, so that nobody reports it as forgotten.
            _ = attempt.Exception;
        }
    }
}
