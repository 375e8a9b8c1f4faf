using Gatehouse.Alerts;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests.Alerts;

/// <summary>One condition is one alert, however often and from wherever it is raised.</summary>
public sealed class OpenAlertsTests
{
    private static readonly Alert Budget = new("budget_exceeded", "team", AlertSeverity.Warning, "The budget is used up.");
    private readonly ManualTime _time = new();

    [Fact]
    public void A_condition_that_is_raised_again_is_only_counted()
    {
        var open = new OpenAlerts(_time);

        Assert.Equal(RaiseEffect.Happened, open.Raise(Budget));
        Assert.Equal("raised 1", Events(open));
        _ = open.TakeUnwritten();
        _time.Advance(TimeSpan.FromSeconds(7));
        Assert.Equal(RaiseEffect.Counted, open.Raise(Budget));
        Assert.Equal(RaiseEffect.Nothing, open.Raise(Budget with { Message = "another" }));

        Assert.Equal("", Events(open));
        var (_, state) = Assert.Single(open.TakeUnwritten());
        Assert.Equal((3, TimeSpan.FromSeconds(7), "The budget is used up."), (state.Count, state.LastAt - state.OpenedAt, state.Message));
        Assert.Empty(open.TakeUnwritten());
    }

    [Theory]
    [InlineData("budget_exceeded", "other")]
    [InlineData("other", "team")]
    public void Kind_and_subject_together_are_the_condition(string kind, string subject)
    {
        var open = new OpenAlerts(_time);
        _ = open.Raise(Budget);

        Assert.False(open.Resolve(kind, subject, "over"));
        Assert.Equal(RaiseEffect.Happened, open.Raise(Budget with { Kind = kind, Subject = subject }));

        Assert.Equal(2, open.Count);
    }

    [Fact]
    public void It_is_told_again_when_it_goes_on_for_long_enough_and_not_before()
    {
        var open = new OpenAlerts(_time) { RepeatAfter = TimeSpan.FromHours(4) };
        _ = open.Raise(Budget);
        _time.Advance(TimeSpan.FromHours(4) - TimeSpan.FromTicks(1));
        _ = open.Raise(Budget);
        Assert.Equal("raised 1", Events(open));

        _time.Advance(TimeSpan.FromTicks(1));
        Assert.Equal(RaiseEffect.Happened, open.Raise(Budget));
        _ = open.Raise(Budget);
        Assert.Equal("repeated 3", Events(open));

        _time.Advance(TimeSpan.FromHours(4));
        _ = open.Raise(Budget);
        Assert.Equal("repeated 5", Events(open));
    }

    [Fact]
    public void It_is_never_told_again_with_zero_and_not_when_acknowledged()
    {
        var never = new OpenAlerts(_time) { RepeatAfter = TimeSpan.Zero };
        var acknowledged = new OpenAlerts(_time) { RepeatAfter = TimeSpan.FromHours(1) };
        _ = never.Raise(Budget);
        _ = acknowledged.Raise(Budget);
        Assert.True(acknowledged.Acknowledge(acknowledged.TakeUnwritten()[0].State.Id));
        Assert.False(acknowledged.Acknowledge("alr_unknown"));
        _time.Advance(TimeSpan.FromDays(20));

        _ = never.Raise(Budget);
        _ = acknowledged.Raise(Budget);

        Assert.Equal("raised 1", Events(never));
        Assert.Equal("raised 1", Events(acknowledged));
        Assert.NotNull(Assert.Single(acknowledged.TakeUnwritten()).State.AcknowledgedAt);
    }

    [Fact]
    public void What_became_worse_is_told_at_once_and_stays_as_bad_as_it_was()
    {
        var open = new OpenAlerts(_time);
        _ = open.Raise(Budget);
        _ = open.Raise(Budget with { Severity = AlertSeverity.Critical, Message = "worse" });
        _ = open.Raise(Budget with { Severity = AlertSeverity.Info, Message = "better" });

        Assert.Equal("raised 1, repeated 2", Events(open));
        var (_, state) = Assert.Single(open.TakeUnwritten());
        Assert.Equal((AlertSeverity.Critical, "worse", 3), (state.Severity, state.Message, state.Count));
    }

    [Fact]
    public void Its_end_is_told_once_and_after_it_a_new_alert_begins()
    {
        var open = new OpenAlerts(_time);
        Assert.False(open.Resolve("budget_exceeded", "team", "nothing was raised"));
        _ = open.Raise(Budget);
        Assert.True(open.Resolve("budget_exceeded", "team", "The month is over."));
        Assert.False(open.Resolve("budget_exceeded", "team", "twice"));
        _ = open.Raise(Budget);

        var events = open.TakeEvents();

        Assert.Equal("raised resolved raised", string.Join(' ', events.Select(e => e.Notice.Event.Word())));
        Assert.Equal("The month is over.", events[1].Notice.Alert.Resolution);
        Assert.Equal(events[0].Notice.Alert.Id, events[1].Notice.Alert.Id);
        Assert.NotEqual(events[0].Notice.Alert.Id, events[2].Notice.Alert.Id, StringComparer.Ordinal);
    }

    [Fact]
    public void Beyond_the_limit_one_alert_says_that_others_are_left_out()
    {
        var open = new OpenAlerts(_time, mostOpen: 10);
        for (var i = 0; i < 15; i++)
        {
            _ = open.Raise(Budget with { Subject = $"team {i}" });
        }

        Assert.Equal((11, 5), (open.Count, open.LeftOut));
        var told = open.TakeEvents();
        Assert.Equal(("alert_overflow", AlertSeverity.Critical), (told[^1].Notice.Alert.Kind, told[^1].Notice.Alert.Severity));
        Assert.Equal(11, told.Count);

        // At the brim it does not come and go; with a tenth of the room free it is over.
        Assert.True(open.Resolve("budget_exceeded", "team 3", "over"));
        Assert.Equal("resolved 1", Events(open));
        Assert.True(open.Resolve("budget_exceeded", "team 4", "over"));
        Assert.Equal("resolved 1, resolved 5", Events(open));
        Assert.Equal(8, open.Count);
        Assert.Equal(RaiseEffect.Happened, open.Raise(Budget with { Subject = "new" }));
    }

    [Fact]
    public void Events_that_nobody_takes_are_bounded_and_ends_are_never_lost()
    {
        var open = new OpenAlerts(_time, mostOpen: 5, mostEvents: 20);
        for (var i = 0; i < 1000; i++)
        {
            _ = open.Raise(Budget);
            _ = open.Resolve(Budget.Kind, Budget.Subject, "over");
        }

        Assert.InRange(open.TakeEvents().Count, 20, 26);
        Assert.True(open.LeftOut > 900);
        Assert.DoesNotContain(open.TakeUnwritten(), row => row.State.Kind == Budget.Kind && row.State.ResolvedAt is null);
    }

    [Fact]
    public void What_cannot_be_written_is_kept_up_to_a_limit()
    {
        var open = new OpenAlerts(_time, mostOpen: 1000, mostEvents: 20);
        _ = open.Raise(Budget with { Subject = "stays" });
        for (var i = 0; i < 50; i++)
        {
            _ = open.Raise(Budget);
            _ = open.Resolve(Budget.Kind, Budget.Subject, "over");
            _ = open.TakeEvents();
            _ = open.GiveBack(open.TakeUnwritten());
        }

        var kept = open.TakeUnwritten();
        Assert.Equal(20, kept.Count);
        Assert.Contains(kept, row => row.State.Subject == "stays");
    }

    [Fact]
    public async Task Many_threads_raise_one_condition_once_and_lose_no_count()
    {
        var open = new OpenAlerts(_time);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(thread => Task.Run(() =>
        {
            for (var i = 0; i < 1000; i++)
            {
                _ = open.Raise(Budget);
            }
        })));

        Assert.Equal("raised 1", Events(open));
        Assert.Equal(8000, Assert.Single(open.TakeUnwritten()).State.Count);
    }

    [Fact]
    public void To_raise_what_is_open_allocates_nothing()
    {
        var open = new OpenAlerts(_time);
        var alert = Budget with { Details = new Dictionary<string, string>(StringComparer.Ordinal) { ["limit"] = "50" } };
        _ = open.Raise(alert);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
        {
            _ = open.Raise(alert);
        }

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public void Texts_become_short_and_one_line_and_find_their_condition_all_the_same()
    {
        var open = new OpenAlerts(_time);
        var subject = "run\r\nBcc: everybody@example.com\u2028" + new string('x', 400);
        _ = open.Raise(new Alert("loop", subject, AlertSeverity.Info, "one\ntwo" + new string('y', 3000))
        {
            Details = new Dictionary<string, string>(StringComparer.Ordinal) { ["a\nb"] = "c\rd" },
        });
        _ = open.Raise(new Alert("loop", subject, AlertSeverity.Info, "again"));

        var state = Assert.Single(open.TakeEvents()).Notice.Alert;
        Assert.StartsWith("run  Bcc: everybody@example.com xxx", state.Subject, StringComparison.Ordinal);
        Assert.Equal((AlertText.MaxSubject, 2000), (state.Subject.Length, state.Message.Length));
        Assert.Equal(("a b", "c d"), (state.Details.Single().Key, state.Details.Single().Value));
        Assert.True(open.Resolve("loop", subject, "over"));
    }

    [Fact]
    public void A_text_is_not_cut_within_a_character()
    {
        var clean = AlertText.Clean(new Alert("k", new string('x', AlertText.MaxSubject - 1) + "\U0001F600", AlertSeverity.Info, ""));

        Assert.Equal(new string('x', AlertText.MaxSubject - 1), clean.Subject);
    }

    private static string Events(OpenAlerts open) => string.Join(", ", open.TakeEvents().Select(e => $"{e.Notice.Event.Word()} {e.Notice.Alert.Count}"));
}
