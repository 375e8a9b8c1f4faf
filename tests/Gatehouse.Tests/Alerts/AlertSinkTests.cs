using System.Collections.Concurrent;
using Gatehouse.Alerts;
using Gatehouse.Alerts.Channels;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests.Alerts;

/// <summary>How one sink is told: in order, again after failures, never without bounds.</summary>
public sealed class AlertSinkTests : IAsyncDisposable
{
    private readonly PauseTime _time = new();
    private readonly ScriptedChannel _channel = new();
    private readonly ConcurrentQueue<AlertDelivery> _ended = new();
    private readonly ConcurrentDictionary<AlertCondition, bool> _told = new();
    private readonly LogCapture _logs = new();
    private readonly AlertSink _sink;

    public AlertSinkTests()
    {
        _sink = new AlertSink(Model(), (condition, _) => _told.ContainsKey(condition), Ended, _time, new SeededRandom(1), _logs);
        _sink.Start();
    }

    public ValueTask DisposeAsync() => _sink.DisposeAsync();

    [Fact]
    public async Task What_fails_is_tried_again_with_growing_pauses_and_what_is_behind_waits()
    {
        _channel.Answers.Enqueue(new SendResult(SendOutcome.Failed, "status 503"));
        _channel.Answers.Enqueue(new SendResult(SendOutcome.Failed, "status 503"));
        _channel.Answers.Enqueue(new SendResult(SendOutcome.Failed, "status 503"));
        _sink.Enqueue(Delivery("first"));
        _sink.Enqueue(Delivery("second"));

        // 2 s, 4 s and 8 s, of which a random half is taken off.
        for (var i = 1; i <= 3; i++)
        {
            await _time.PausedAsync(i);
            Assert.Equal(i, _channel.Ids.Count);
            var most = TimeSpan.FromSeconds(Math.Pow(2, i));
            Assert.InRange(_time.Pauses[i - 1], most / 2, most);
            _time.Advance(_time.Pauses[i - 1]);
        }

        await EndedAsync(2);
        Assert.Equal("first first first first second", _channel.Sent);
        Assert.Equal("delivered 4, delivered 1", Results);
        Assert.Single(_channel.Ids.Take(4).Distinct(StringComparer.Ordinal));
        Assert.Single(_logs.Entries, entry => entry.Message.Contains("cannot be delivered", StringComparison.Ordinal));
        Assert.Single(_logs.Entries, entry => entry.Message.Contains("can be delivered to ops again", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_receiver_is_left_alone_for_as_long_as_it_asks()
    {
        _channel.Answers.Enqueue(new SendResult(SendOutcome.Failed, "status 429", TimeSpan.FromMinutes(10)));
        _sink.Enqueue(Delivery("first"));
        await _time.PausedAsync(1);

        Assert.Equal(TimeSpan.FromMinutes(10), Assert.Single(_time.Pauses));
        _time.Advance(TimeSpan.FromMinutes(10));

        await EndedAsync(1);
        Assert.Equal("delivered 2", Results);
    }

    [Fact]
    public async Task What_is_not_wanted_is_not_tried_again()
    {
        _channel.Answers.Enqueue(new SendResult(SendOutcome.Refused, "status 400"));
        _sink.Enqueue(Delivery("first"));
        _sink.Enqueue(Delivery("second"));

        await EndedAsync(2);
        Assert.Equal("refused 1, delivered 1", Results);
        Assert.Equal("status 400", _ended.First().Status.Error);
        Assert.Equal("first second", _channel.Sent);
    }

    [Fact]
    public async Task After_many_attempts_an_alert_is_given_up_and_the_next_has_its_turn()
    {
        for (var i = 0; i < AlertSink.MostAttempts; i++)
        {
            _channel.Answers.Enqueue(new SendResult(SendOutcome.Failed, "down"));
        }

        _sink.Enqueue(Delivery("first"));
        _sink.Enqueue(Delivery("second"));
        for (var i = 1; i <= AlertSink.MostAttempts; i++)
        {
            await _time.PausedAsync(i);
            _time.Advance(_time.Pauses[i - 1]);
        }

        await EndedAsync(2);
        Assert.Equal($"given_up {AlertSink.MostAttempts}, delivered 1", Results);
        Assert.All(_time.Pauses[10..], pause => Assert.InRange(pause, TimeSpan.FromMinutes(2.5), TimeSpan.FromMinutes(5)));
    }

    [Fact]
    public async Task A_receiver_that_does_not_answer_is_not_waited_for_for_ever()
    {
        _channel.IsSilent = true;
        _sink.Enqueue(Delivery("first"));
        await AttemptsAsync(1);
        _time.Advance(TimeSpan.FromSeconds(20));
        await _time.PausedAsync(1);
        Assert.Contains("no answer within 20 s", _logs.Text, StringComparison.Ordinal);

        _channel.IsSilent = false;
        _time.Advance(TimeSpan.FromSeconds(2));

        await EndedAsync(1);
        Assert.Equal("delivered 2", Result(_ended.Single()));
    }

    [Fact]
    public async Task A_mistake_in_a_channel_is_a_failed_attempt_like_any_other()
    {
        _channel.Throws = new InvalidOperationException("a mistake");
        _sink.Enqueue(Delivery("first"));
        await AttemptsAsync(1);
        await _time.PausedAsync(1);
        _channel.Throws = null;
        _time.Advance(TimeSpan.FromSeconds(2));

        await EndedAsync(1);
        Assert.Contains("a mistake", _logs.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task When_too_many_wait_the_oldest_are_dropped_which_is_said_once()
    {
        _channel.IsSilent = true;
        _sink.Enqueue(Delivery("current"));
        await AttemptsAsync(1);
        for (var i = 0; i < AlertSink.MostWaiting + 5; i++)
        {
            _sink.Enqueue(Delivery($"{i}"));
        }

        Assert.Equal(AlertSink.MostWaiting, _sink.Waiting);
        Assert.Equal("0 1 2 3 4", string.Join(' ', _ended.Select(delivery => delivery.Notice.Alert.Subject)));
        Assert.All(_ended, delivery => Assert.Equal((DeliveryState.Dropped, "too many waited for the sink"), (delivery.Status.State, delivery.Status.Error)));
        Assert.Single(_logs.Entries, entry => entry.Message.Contains("dropped", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_end_of_what_was_never_told_is_not_told()
    {
        _channel.Answers.Enqueue(new SendResult(SendOutcome.Refused, "status 400"));
        var (lost, told) = (Condition("lost"), Condition("told"));
        foreach (var condition in new[] { lost, told })
        {
            _sink.Enqueue(Delivery(condition, AlertEvent.Raised));
            _sink.Enqueue(Delivery(condition, AlertEvent.Resolved));
        }

        await EndedAsync(4);
        Assert.Equal("refused 1, not_told 0, delivered 1, delivered 1", Results);
        Assert.Equal("lost told told", _channel.Sent);
    }

    [Fact]
    public async Task A_changed_configuration_is_tried_at_once()
    {
        _channel.Answers.Enqueue(new SendResult(SendOutcome.Failed, "wrong address", TimeSpan.FromHours(1)));
        _sink.Enqueue(Delivery("first"));
        await _time.PausedAsync(1);

        var right = new ScriptedChannel();
        _sink.Become(Model() with { Channel = right });

        await EndedAsync(1);
        Assert.Equal(("first", "first"), (_channel.Sent, right.Sent));
    }

    [Fact]
    public async Task What_waits_for_a_sink_that_is_taken_out_is_dropped()
    {
        _channel.IsSilent = true;
        _sink.Enqueue(Delivery("current"));
        await AttemptsAsync(1);
        _sink.Enqueue(Delivery("waiting"));

        _sink.Remove();
        _sink.Enqueue(Delivery("late"));

        await EndedAsync(3);
        Assert.All(_ended, delivery => Assert.Equal((DeliveryState.Dropped, AlertSink.Removed), (delivery.Status.State, delivery.Status.Error)));
    }

    [Fact]
    public async Task A_stop_leaves_what_waits_for_the_next_start()
    {
        _channel.IsSilent = true;
        var delivery = Delivery("current");
        _sink.Enqueue(delivery);
        await AttemptsAsync(1);

        await _sink.DisposeAsync();

        Assert.Empty(_ended);
        Assert.Equal(DeliveryState.Waiting, delivery.Status.State);
    }

    [Theory]
    [InlineData("budget_exceeded", nameof(AlertSeverity.Warning), true)]
    [InlineData("budget_threshold", nameof(AlertSeverity.Critical), true)]
    [InlineData("budget_threshold", nameof(AlertSeverity.Info), false)]
    [InlineData("loop", nameof(AlertSeverity.Critical), false)]
    [InlineData("run_stopped", nameof(AlertSeverity.Warning), true)]
    public void A_sink_gets_the_kinds_and_severities_that_it_wants(string kind, string severity, bool wants) =>
        Assert.Equal(wants, (Model() with { Kinds = ["budget_*", "run_stopped"], Severity = AlertSeverity.Warning }).Wants(TestAlerts.State(kind, "s", Enum.Parse<AlertSeverity>(severity))));

    private AlertSinkModel Model() => new("ops", "webhook", ["*"], AlertSeverity.Info, _channel);

    private void Ended(AlertDelivery delivery)
    {
        if (delivery.Status.State == DeliveryState.Delivered)
        {
            _told[delivery.Condition] = true;
        }

        _ended.Enqueue(delivery);
    }

    private static AlertCondition Condition(string subject) => new(TestAlerts.State("kind", subject, AlertSeverity.Info));

    private static AlertDelivery Delivery(string subject) => Delivery(Condition(subject), AlertEvent.Raised);

    private static AlertDelivery Delivery(AlertCondition condition, AlertEvent happened) =>
        new($"dlv_{condition.Key.Subject}", "ops", condition, new AlertNotice(happened, TestAlerts.Start, condition.Snapshot()));

    private string Results => string.Join(", ", _ended.Select(Result));

    private static string Result(AlertDelivery delivery) => $"{AlertStore.Word(delivery.Status.State)} {delivery.Status.Attempts}";

    private Task AttemptsAsync(int count) => Eventually.TrueAsync(() => _channel.Ids.Count >= count, $"attempt {count}");

    private Task EndedAsync(int count) => Eventually.TrueAsync(() => _ended.Count >= count, $"{count} ends");
}
