namespace Gatehouse.Upstream.Credentials;

/// <summary>
/// A credential with a limited life. It is fetched by one call at a time whoever needs it; while the old one is still accepted nobody waits
/// for the new one. Nothing happens without traffic: there is no timer.
/// </summary>
internal sealed class CredentialCache<T>(Func<CancellationToken, Task<Fetched<T>>> fetch, TimeProvider time)
    where T : class
{
    /// <summary>Google and AWS both have the next credential ready five minutes before the end of the last one.</summary>
    private static readonly TimeSpan RefreshBefore = TimeSpan.FromMinutes(5);

    /// <summary>For the way to the provider, and for clocks that differ.</summary>
    private static readonly TimeSpan UnusedAtTheEnd = TimeSpan.FromSeconds(10);

    /// <summary>After a fetch that failed, so that a source in trouble is not asked by every exchange.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan FetchLimit = TimeSpan.FromSeconds(15);

    private readonly Lock _gate = new();
    private volatile Held? _held;
    private Task<Fetched<T>>? _fetching;
    private DateTimeOffset _pauseUntil;
    private string _lastError = "";

    public ValueTask<Fetched<T>> GetAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        return _held is { } held && now < held.RefreshAt
            ? ValueTask.FromResult(Fetched<T>.Of(held.Value, held.ExpiresAt))
            : RefreshAsync(now, cancellationToken);
    }

    private ValueTask<Fetched<T>> RefreshAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        Task<Fetched<T>> fetching;
        lock (_gate)
        {
            var usable = _held is { } held && now < held.ExpiresAt - UnusedAtTheEnd ? held : null;
            if (_fetching is null && now >= _pauseUntil)
            {
                // Elsewhere: it signs and connects, and this thread has an exchange to go on with.
                _fetching = Task.Run(FetchAsync, CancellationToken.None);
            }

            if (usable is not null || _fetching is null)
            {
                return ValueTask.FromResult(
                    usable is not null ? Fetched<T>.Of(usable.Value, usable.ExpiresAt) : Fetched<T>.Failed(_lastError));
            }

            fetching = _fetching;
        }

        // A caller who leaves does not take the credential away from the others.
        return new ValueTask<Fetched<T>>(fetching.WaitAsync(cancellationToken));
    }

    private async Task<Fetched<T>> FetchAsync()
    {
        var fetched = Fetched<T>.Failed("it could not be fetched");
        try
        {
            using var limit = new CancellationTokenSource(FetchLimit, time);
            fetched = await fetch(limit.Token);
            if (fetched.Value is not null && fetched.ExpiresAt <= time.GetUtcNow() + UnusedAtTheEnd)
            {
                fetched = Fetched<T>.Failed($"what was fetched expires at {fetched.ExpiresAt:u}, which is over already or in seconds; is this machine's clock right?");
            }
        }
        finally
        {
            var now = time.GetUtcNow();
            lock (_gate)
            {
                _fetching = null;
                if (fetched.Value is { } value)
                {
                    _held = new Held(value, fetched.ExpiresAt, RefreshAt(now, fetched.ExpiresAt));
                    _pauseUntil = _held.RefreshAt;
                }
                else
                {
                    _lastError = fetched.Error!;
                    _pauseUntil = now + Pause;
                }
            }
        }

        return fetched;
    }

    private static DateTimeOffset RefreshAt(DateTimeOffset now, DateTimeOffset expiresAt)
    {
        var life = expiresAt - now;
        return life > 4 * RefreshBefore ? expiresAt - RefreshBefore : now + (0.75 * life);
    }

    private sealed record Held(T Value, DateTimeOffset ExpiresAt, DateTimeOffset RefreshAt);
}
