using System.Collections.Concurrent;

namespace Gatehouse.Caching;

/// <summary>
/// Of equal requests at the same time one goes to the provider, and the others wait for what comes of it. When it fails, or its answer is not one to
/// keep, all go on their own; when only its caller left, one of those that wait takes its place.
/// </summary>
internal sealed class AnswerFlights(TimeProvider time)
{
    private const int MostFollowers = 1000;

    private readonly ConcurrentDictionary<CacheKey, Flight> _flights = new();

    /// <summary>Takes the lead for a key that nobody asks for yet.</summary>
    /// <returns>The flight, and whether it is the caller's to lead.</returns>
    public (Flight Flight, bool Leads) Join(CacheKey key)
    {
        if (_flights.TryGetValue(key, out var flight))
        {
            return (flight, false);
        }

        var own = new Flight(this, key);
        flight = _flights.GetOrAdd(key, own);
        return (flight, ReferenceEquals(flight, own));
    }

    internal sealed class Flight(AnswerFlights flights, CacheKey key)
    {
        private readonly Lock _gate = new();
        private readonly LinkedList<TaskCompletionSource<Landing>> _followers = [];
        private bool _isOver;

        /// <summary>Waits for the answer, until the time is up or the request is given up.</summary>
        public async ValueTask<Landing> FollowAsync(TimeSpan most, CancellationToken givenUp)
        {
            var follower = new TaskCompletionSource<Landing>(TaskCreationOptions.RunContinuationsAsynchronously);
            lock (_gate)
            {
                if (_isOver || _followers.Count >= MostFollowers)
                {
                    return default;
                }

                _ = _followers.AddLast(follower);
            }

            using var limit = new CancellationTokenSource(most, flights.Time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, givenUp);
            await using (either.Token.UnsafeRegister(static waiting => ((TaskCompletionSource<Landing>)waiting!).TrySetResult(default), follower))
            {
                var landing = await follower.Task;
                if (landing is { Entry: null, Leads: false })
                {
                    lock (_gate)
                    {
                        _ = _followers.Remove(follower);
                    }
                }

                return landing;
            }
        }

        /// <param name="entry">What came of it; null when there is nothing to share.</param>
        public void Land(CacheEntry? entry)
        {
            TaskCompletionSource<Landing>[] followers;
            lock (_gate)
            {
                _isOver = true;
                followers = [.. _followers];
                _followers.Clear();
            }

            _ = flights._flights.TryRemove(KeyValuePair.Create(key, this));
            foreach (var follower in followers)
            {
                _ = follower.TrySetResult(new Landing(entry, Leads: false));
            }
        }

        /// <summary>Its caller left: the first of those that still wait takes the lead.</summary>
        public void HandOver()
        {
            lock (_gate)
            {
                while (_followers.First is { } first)
                {
                    _followers.RemoveFirst();
                    if (first.Value.TrySetResult(new Landing(Entry: null, Leads: true)))
                    {
                        return;
                    }
                }
            }

            Land(entry: null);
        }
    }

    private TimeProvider Time => time;
}

/// <summary>What became of waiting: an answer, the lead, or, by default, neither.</summary>
internal readonly record struct Landing(CacheEntry? Entry, bool Leads);
