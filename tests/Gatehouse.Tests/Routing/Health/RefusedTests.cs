using Gatehouse.Routing.Attempts;
using Gatehouse.Routing.Health;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests.Routing.Health;

/// <summary>A refusal may be the whole account's or one request's own matter: what the target did for others a moment ago tells them apart.</summary>
public sealed class RefusedTests
{
    private readonly ManualTime _time = new();
    private readonly TargetHealth _health;

    public RefusedTests() => _health = new TargetHealth(HealthModel.Default, _time, new Random(1));

    [Fact]
    public void A_target_that_has_answered_nobody_is_left_alone_at_once()
    {
        Refuse();

        Assert.False(MayEnter());
    }

    [Fact]
    public void One_request_cannot_take_a_target_from_others()
    {
        Answer();
        Refuse();

        Assert.True(MayEnter());
    }

    [Fact]
    public void A_target_whose_last_answer_is_old_is_left_alone_at_once()
    {
        Answer();
        _time.Advance(TimeSpan.FromSeconds(10));
        Refuse();

        Assert.False(MayEnter());
    }

    [Fact]
    public void Refusals_in_a_row_are_failures()
    {
        Answer();
        for (var i = 0; i < HealthModel.Default.ConsecutiveFailures; i++)
        {
            Assert.True(MayEnter());
            Refuse();
        }

        Assert.False(MayEnter());
    }

    [Fact]
    public void A_target_that_is_overtaken_is_known_to_be_slow()
    {
        for (var i = 0; i < 30; i++)
        {
            var pass = _health.Enter();
            _health.Overtaken(pass, TimeSpan.FromSeconds(4));
            _health.Leave(pass);
        }

        Assert.True(_health.Percentile95 > TimeSpan.FromSeconds(3));
        Assert.Equal(0, _health.ErrorRate);
    }

    private void Answer()
    {
        var pass = _health.Enter();
        _health.Succeeded(pass, TimeSpan.FromMilliseconds(5));
        _health.Leave(pass);
    }

    private void Refuse()
    {
        var pass = _health.Enter();
        _health.Failed(pass, Blame.Refused, retryAfter: null);
        _health.Leave(pass);
    }

    private bool MayEnter() => _health.Peek().IsOpen;
}
