using Gatehouse.Tests.Harness;
using Gatehouse.Upstream.Credentials;

namespace Gatehouse.Tests.Credentials;

public sealed class CredentialCacheTests
{
    private readonly ManualTime _time = new();
    private readonly List<TaskCompletionSource<Fetched<string>>> _fetches = [];
    private readonly Lock _gate = new();
    private readonly CredentialCache<string> _cache;

    public CredentialCacheTests() => _cache = new CredentialCache<string>(FetchAsync, _time);

    [Fact]
    public async Task Many_who_need_the_first_one_cause_one_fetch()
    {
        var waiting = Enumerable.Range(0, 50).Select(_ => _cache.GetAsync(CancellationToken.None).AsTask()).ToArray();
        (await NextAsync(0)).SetResult(Lasting("first", TimeSpan.FromHours(1)));

        Assert.All(await Task.WhenAll(waiting).WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken), fetched => Assert.Equal("first", fetched.Value));
        Assert.Equal(1, Begun);
    }

    [Fact]
    public async Task Many_who_come_at_the_end_cause_one_fetch()
    {
        await FirstAsync(TimeSpan.FromHours(1));
        _time.Advance(TimeSpan.FromMinutes(60));

        var waiting = Enumerable.Range(0, 50).Select(_ => Task.Run(() => _cache.GetAsync(CancellationToken.None).AsTask())).ToArray();
        var second = await NextAsync(1);
        second.SetResult(Lasting("second", TimeSpan.FromHours(1)));

        Assert.All(await Task.WhenAll(waiting).WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken), fetched => Assert.Equal("second", fetched.Value));
        Assert.Equal(2, Begun);
    }

    [Fact]
    public async Task Nobody_waits_for_the_next_one_while_the_old_one_is_good()
    {
        await FirstAsync(TimeSpan.FromHours(1));
        _time.Advance(TimeSpan.FromMinutes(54));
        Assert.Equal("first", (await _cache.GetAsync(CancellationToken.None)).Value);
        Assert.Equal(1, Begun);

        _time.Advance(TimeSpan.FromMinutes(1));
        for (var i = 0; i < 50; i++)
        {
            var pending = _cache.GetAsync(CancellationToken.None);
            Assert.True(pending.IsCompletedSuccessfully);
            Assert.Equal("first", (await pending).Value);
        }

        (await NextAsync(1)).SetResult(Lasting("second", TimeSpan.FromHours(1)));
        _ = await Eventually.GetAsync(
            async () => (await _cache.GetAsync(CancellationToken.None)).Value == "second" ? (bool?)true : null, "the second one");
        Assert.Equal(2, Begun);
    }

    [Fact]
    public async Task One_whose_refresh_fails_is_used_to_its_end()
    {
        await FirstAsync(TimeSpan.FromHours(1));
        _time.Advance(TimeSpan.FromMinutes(56));
        _ = await _cache.GetAsync(CancellationToken.None);
        (await NextAsync(1)).SetResult(Fetched<string>.Failed("it is broken"));

        Assert.Equal("first", (await _cache.GetAsync(CancellationToken.None)).Value);
        _time.Advance(TimeSpan.FromMinutes(4));
        await Eventually.TrueAsync(
            () =>
            {
                // Whenever the failure was noticed, two seconds later it is tried again.
                _time.Advance(TimeSpan.FromSeconds(2));
                _ = _cache.GetAsync(CancellationToken.None).AsTask();
                return Begun > 2;
            },
            "a third fetch");
        var late = _cache.GetAsync(CancellationToken.None);
        (await NextAsync(2)).SetResult(Fetched<string>.Failed("it is still broken"));

        Assert.Equal("it is still broken", (await late).Error);
    }

    [Fact]
    public async Task A_source_in_trouble_is_asked_again_after_two_seconds()
    {
        var waiting = _cache.GetAsync(CancellationToken.None);
        (await NextAsync(0)).SetResult(Fetched<string>.Failed("it is broken"));
        Assert.Equal("it is broken", (await waiting).Error);

        var soon = _cache.GetAsync(CancellationToken.None);
        Assert.True(soon.IsCompleted);
        Assert.Equal("it is broken", (await soon).Error);

        _time.Advance(TimeSpan.FromSeconds(2));
        var later = _cache.GetAsync(CancellationToken.None);
        (await NextAsync(1)).SetResult(Lasting("fine", TimeSpan.FromHours(1)));
        Assert.Equal("fine", (await later).Value);
    }

    [Fact]
    public async Task A_caller_who_leaves_does_not_end_the_fetch_of_the_others()
    {
        using var leaves = new CancellationTokenSource();
        var leaving = _cache.GetAsync(leaves.Token);
        var staying = _cache.GetAsync(CancellationToken.None);
        var fetch = await NextAsync(0);

        await leaves.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await leaving);
        fetch.SetResult(Lasting("first", TimeSpan.FromHours(1)));

        Assert.Equal("first", (await staying).Value);
    }

    [Fact]
    public async Task One_that_is_over_when_it_comes_is_an_error_that_speaks_of_the_clock()
    {
        var waiting = _cache.GetAsync(CancellationToken.None);
        (await NextAsync(0)).SetResult(Lasting("old", TimeSpan.FromSeconds(5)));

        Assert.Contains("clock", (await waiting).Error!, StringComparison.Ordinal);
    }

    private Fetched<string> Lasting(string value, TimeSpan life) => Fetched<string>.Of(value, _time.GetUtcNow() + life);

    private async Task FirstAsync(TimeSpan life)
    {
        var pending = _cache.GetAsync(CancellationToken.None);
        (await NextAsync(0)).SetResult(Lasting("first", life));
        Assert.Equal("first", (await pending).Value);
    }

    private Task<Fetched<string>> FetchAsync(CancellationToken cancellationToken)
    {
        var fetch = new TaskCompletionSource<Fetched<string>>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            _fetches.Add(fetch);
        }

        return fetch.Task;
    }

    /// <summary>The fetch of this number, as soon as it has begun.</summary>
    private async Task<TaskCompletionSource<Fetched<string>>> NextAsync(int number)
    {
        await Eventually.TrueAsync(() => Begun > number, "a fetch");
        lock (_gate)
        {
            return _fetches[number];
        }
    }

    private int Begun
    {
        get
        {
            lock (_gate)
            {
                return _fetches.Count;
            }
        }
    }
}
