using System.Net;
using System.Net.Sockets;
using Gatehouse.Tests.Harness;
using Gatehouse.Upstream;

namespace Gatehouse.Tests;

/// <summary>Which address of a host is connected to, and when (RFC 8305).</summary>
public sealed class HappyEyeballsTests
{
    private readonly ManualTime _time = new();
    private readonly Dictionary<string, TaskCompletionSource<Stream>> _attempts = new(StringComparer.Ordinal);
    private readonly List<CancellationToken> _tokens = [];
    private readonly List<string> _order = [];

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_address_that_says_nothing_costs_a_quarter_of_a_second_and_not_the_whole_limit()
    {
        var connected = ConnectAsync("10.0.0.1", "10.0.0.2");
        Assert.Equal(["10.0.0.1"], _order);
        _time.Advance(TimeSpan.FromMilliseconds(249));
        Assert.Equal(["10.0.0.1"], _order);

        _time.Advance(TimeSpan.FromMilliseconds(1));
        await BegunAsync(2);
        using var stream = new MemoryStream();
        _attempts["10.0.0.2"].SetResult(stream);

        Assert.Same(stream, await connected);
        Assert.All(_tokens, token => Assert.True(token.IsCancellationRequested));
    }

    [Fact]
    public async Task An_address_that_refuses_is_followed_by_the_next_at_once()
    {
        var connected = ConnectAsync("10.0.0.1", "10.0.0.2");

        _attempts["10.0.0.1"].SetException(new SocketException((int)SocketError.ConnectionRefused));
        await BegunAsync(2);
        using var stream = new MemoryStream();
        _attempts["10.0.0.2"].SetResult(stream);

        Assert.Same(stream, await connected);
    }

    [Fact]
    public async Task The_first_address_may_still_win_and_a_connection_that_comes_too_late_is_closed()
    {
        var connected = ConnectAsync("10.0.0.1", "10.0.0.2");
        _time.Advance(HappyEyeballs.AttemptDelay);
        await BegunAsync(2);
        using var stream = new MemoryStream();
        _attempts["10.0.0.1"].SetResult(stream);
        Assert.Same(stream, await connected);

        var late = new MemoryStream();
        _attempts["10.0.0.2"].SetResult(late);

        await Eventually.TrueAsync(() => !late.CanRead, "the late connection to be closed");
        Assert.True(stream.CanRead);
    }

    [Fact]
    public async Task Families_take_turns_beginning_with_the_one_that_the_resolver_prefers()
    {
        var connected = ConnectAsync("2001:db8::1", "2001:db8::2", "10.0.0.1", "10.0.0.2");
        for (var count = 2; count <= 4; count++)
        {
            _time.Advance(HappyEyeballs.AttemptDelay);
            await BegunAsync(count);
        }

        Assert.Equal(["2001:db8::1", "10.0.0.1", "2001:db8::2", "10.0.0.2"], _order);
        using var stream = new MemoryStream();
        _attempts["10.0.0.2"].SetResult(stream);
        Assert.Same(stream, await connected);
    }

    [Fact]
    public async Task When_all_fail_the_first_failure_is_told()
    {
        var connected = ConnectAsync("10.0.0.1", "10.0.0.2");
        _attempts["10.0.0.1"].SetException(new SocketException((int)SocketError.ConnectionRefused));
        await BegunAsync(2);
        _attempts["10.0.0.2"].SetException(new SocketException((int)SocketError.HostUnreachable));

        var exception = await Assert.ThrowsAsync<SocketException>(() => connected);
        Assert.Equal(SocketError.ConnectionRefused, exception.SocketErrorCode);
    }

    [Fact]
    public async Task Who_cancels_is_asked_for_his_own_token()
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var connected = ConnectAsync(limit.Token, "10.0.0.1", "10.0.0.2");
        _time.Advance(HappyEyeballs.AttemptDelay);
        await BegunAsync(2);

        await limit.CancelAsync();

        var exception = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => connected);
        Assert.Equal(limit.Token, exception.CancellationToken);
    }

    private Task<Stream> ConnectAsync(params string[] addresses) => ConnectAsync(Stop, addresses);

    private Task<Stream> ConnectAsync(CancellationToken stop, params string[] addresses) => HappyEyeballs.ConnectAsync(
        [.. addresses.Select(IPAddress.Parse)],
        (address, token) =>
        {
            var attempt = new TaskCompletionSource<Stream>(TaskCreationOptions.RunContinuationsAsynchronously);
            lock (_order)
            {
                _order.Add(address.ToString());
                _tokens.Add(token);
                _attempts[address.ToString()] = attempt;
            }

            return stop == Stop ? attempt.Task : attempt.Task.WaitAsync(token);
        },
        _time,
        stop).AsTask();

    private Task BegunAsync(int count) => Eventually.TrueAsync(
        () =>
        {
            lock (_order)
            {
                return _order.Count == count;
            }
        },
        $"{count} attempts");
}
