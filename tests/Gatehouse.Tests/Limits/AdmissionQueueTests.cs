using Gatehouse.Identity;
using Gatehouse.Limits.Queue;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests.Limits;

/// <summary>Who runs, who waits and who is turned away, by a clock that is turned by hand.</summary>
public sealed class AdmissionQueueTests
{
    private readonly ManualTime _time = new();

    [Fact]
    public void Without_a_limit_nothing_is_allocated_and_nothing_counted()
    {
        using var queue = Queue(concurrency: null);
        _ = queue.Arrive("a", PriorityClass.Default, patience: null);

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
        {
            Assert.Null(queue.Arrive("a", PriorityClass.Default, patience: null));
        }

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
        Assert.Equal(0, queue.Running(PriorityClass.Default));
        Assert.Equal(0, queue.Keys);
    }

    [Fact]
    public void A_slot_goes_on_when_it_is_given_back_and_only_once()
    {
        using var queue = Queue(concurrency: 1);
        var first = Arrive(queue);
        var second = Arrive(queue);
        var third = Arrive(queue);
        Assert.Equal((AdmissionVerdict.Granted, AdmissionVerdict.Waiting), (first.Verdict, second.Verdict));

        first.End();
        first.End();

        Assert.True(second.Settled.IsCompletedSuccessfully);
        Assert.Equal((AdmissionVerdict.Granted, AdmissionVerdict.Waiting), (second.Verdict, third.Verdict));
        Assert.Equal((1, 1), (queue.Running(PriorityClass.Default), queue.Waiting(PriorityClass.Default)));
    }

    [Fact]
    public void The_earliest_deadline_of_a_key_is_first_and_what_comes_too_late_is_told()
    {
        using var queue = Queue(concurrency: 1);
        var running = Arrive(queue);
        var patient = Arrive(queue);
        var hurried = Arrive(queue, patience: TimeSpan.FromSeconds(2));
        var short1 = Arrive(queue, patience: TimeSpan.FromSeconds(1));
        Assert.Equal(1, _time.Waiting);

        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(AdmissionVerdict.Expired, short1.Verdict);
        Assert.True(short1.Settled.IsCompletedSuccessfully);
        running.End();
        Assert.Equal((AdmissionVerdict.Waiting, AdmissionVerdict.Granted), (patient.Verdict, hurried.Verdict));

        // 10 s is as long as anybody may wait.
        _time.Advance(TimeSpan.FromSeconds(8.999));
        Assert.Equal(AdmissionVerdict.Waiting, patient.Verdict);
        _time.Advance(TimeSpan.FromSeconds(0.001));
        Assert.Equal(AdmissionVerdict.Expired, patient.Verdict);
        Assert.Equal(0, _time.Waiting);
    }

    [Fact]
    public void Nobody_waits_longer_than_the_gateway_allows_and_who_would_not_wait_does_not()
    {
        using var queue = Queue(concurrency: 1);
        _ = Arrive(queue);
        var patient = Arrive(queue, patience: TimeSpan.FromHours(1));

        Assert.Equal(AdmissionVerdict.Expired, Arrive(queue, patience: TimeSpan.Zero).Verdict);
        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(AdmissionVerdict.Expired, patient.Verdict);
    }

    [Fact]
    public void Higher_classes_are_first_and_each_class_that_waits_has_one_slot_in_sixteen()
    {
        using var queue = Queue(concurrency: 1);
        var running = Arrive(queue);
        List<AdmissionTicket> waiting = [];
        foreach (var priority in new[] { PriorityClass.Batch, PriorityClass.Default, PriorityClass.Interactive })
        {
            waiting.AddRange(Enumerable.Range(0, 100).Select(_ => Arrive(queue, priority: priority)));
        }

        List<PriorityClass> granted = [];
        for (var i = 0; i < 64; i++)
        {
            running.End();
            running = waiting.Single(ticket => ticket.Verdict == AdmissionVerdict.Granted);
            _ = waiting.Remove(running);
            granted.Add(running.Priority);
        }

        Assert.All(granted.Take(14), priority => Assert.Equal(PriorityClass.Interactive, priority));
        Assert.All(Enumerable.Range(0, 64 - 16 + 1), from =>
        {
            Assert.Contains(PriorityClass.Batch, granted.Skip(from).Take(16));
            Assert.Contains(PriorityClass.Default, granted.Skip(from).Take(16));
        });
        Assert.InRange(granted.Count(priority => priority == PriorityClass.Interactive), 54, 64);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void A_key_that_floods_does_not_hold_up_single_exchanges_of_another(int concurrency)
    {
        using var queue = Queue(concurrency, room: 100);
        var flood = Enumerable.Range(0, 100 + concurrency).Select(_ => Arrive(queue, "a")).ToList();
        for (var round = 0; round < 50; round++)
        {
            var single = Arrive(queue, "b");
            Assert.Equal(AdmissionVerdict.Waiting, single.Verdict);

            // One slot becomes free, and it is the one that has waited least which gets it.
            flood.First(ticket => ticket.IsRunning).End();
            Assert.Equal(AdmissionVerdict.Granted, single.Verdict);
            single.End();
            flood.Add(Arrive(queue, "a"));
        }
    }

    [Fact]
    public void A_key_is_not_starved_by_ever_new_ones()
    {
        using var queue = Queue(concurrency: 1);
        var running = Arrive(queue, "a");
        var waiting = Arrive(queue, "a");
        for (var i = 0; i < 3 && waiting.Verdict == AdmissionVerdict.Waiting; i++)
        {
            var other = Arrive(queue, $"new {i}");
            running.End();
            running = other;
        }

        Assert.Equal(AdmissionVerdict.Granted, waiting.Verdict);
    }

    [Fact]
    public void Slots_are_shared_among_keys_whatever_the_number_that_each_has_waiting()
    {
        using var queue = Queue(concurrency: 6);
        var tickets = Enumerable.Range(0, 50).Select(_ => Arrive(queue, "a")).ToList();
        tickets.AddRange(Enumerable.Range(0, 10).Select(_ => Arrive(queue, "b")));
        tickets.AddRange(Enumerable.Range(0, 10).Select(_ => Arrive(queue, "c")));

        foreach (var ticket in tickets.Where(ticket => ticket.IsRunning).ToArray())
        {
            ticket.End();
        }

        Assert.Equal([("a", 2), ("b", 2), ("c", 2)], tickets.Where(ticket => ticket.IsRunning).CountBy(ticket => ticket.Key.Id).Select(pair => (pair.Key, pair.Value)).Order());
    }

    [Fact]
    public void In_a_full_queue_a_higher_class_takes_the_place_of_the_last_of_the_lowest()
    {
        using var queue = Queue(concurrency: 1, room: 3);
        _ = Arrive(queue);
        var early = Arrive(queue, priority: PriorityClass.Batch, patience: TimeSpan.FromSeconds(1));
        var late = Arrive(queue, priority: PriorityClass.Batch);
        var ordinary = Arrive(queue);

        Assert.Equal(AdmissionVerdict.Full, Arrive(queue, priority: PriorityClass.Batch).Verdict);
        Assert.Equal(AdmissionVerdict.Waiting, Arrive(queue).Verdict);
        Assert.Equal((AdmissionVerdict.Waiting, AdmissionVerdict.Displaced), (early.Verdict, late.Verdict));
        Assert.Equal(AdmissionVerdict.Waiting, Arrive(queue, priority: PriorityClass.Interactive).Verdict);
        Assert.Equal((AdmissionVerdict.Displaced, AdmissionVerdict.Waiting), (early.Verdict, ordinary.Verdict));
        Assert.Equal(AdmissionVerdict.Full, Arrive(queue).Verdict);
        Assert.Equal(3, queue.Waiting(PriorityClass.Interactive) + queue.Waiting(PriorityClass.Default));
    }

    [Fact]
    public void In_a_full_queue_a_key_has_its_share_and_keys_do_not_push_each_other_out_in_turns()
    {
        using var queue = Queue(concurrency: 1, room: 5);
        _ = Arrive(queue);
        var flood = Enumerable.Range(0, 5).Select(_ => Arrive(queue, "a")).ToArray();
        Assert.Equal(AdmissionVerdict.Full, Arrive(queue, "a").Verdict);

        Assert.Equal(AdmissionVerdict.Waiting, Arrive(queue, "b").Verdict);
        Assert.Equal(AdmissionVerdict.Waiting, Arrive(queue, "b").Verdict);
        Assert.Equal(2, flood.Count(ticket => ticket.Verdict == AdmissionVerdict.Displaced));

        // 3 and 2: another turn would only exchange the two.
        Assert.Equal(AdmissionVerdict.Full, Arrive(queue, "b").Verdict);
        Assert.Equal(AdmissionVerdict.Full, Arrive(queue, "a").Verdict);
        Assert.Equal(2, flood.Count(ticket => ticket.Verdict == AdmissionVerdict.Displaced));
    }

    [Fact]
    public void Who_leaves_gives_its_place_back_at_once_and_who_runs_keeps_its_slot()
    {
        using var queue = Queue(concurrency: 1, room: 1);
        var running = Arrive(queue);
        var waiting = Arrive(queue);
        waiting.Leave();
        running.Leave();

        Assert.Equal(AdmissionVerdict.Left, waiting.Verdict);
        Assert.True(waiting.Settled.IsCompletedSuccessfully);
        Assert.True(running.IsRunning);
        var next = Arrive(queue);
        running.End();
        Assert.True(next.IsRunning);
        waiting.End();
        next.End();
        Assert.Equal(0, queue.Keys);
    }

    [Fact]
    public void Changed_limits_are_in_force_at_once()
    {
        using var queue = Queue(concurrency: 1);
        var tickets = Enumerable.Range(0, 6).Select(_ => Arrive(queue)).ToArray();

        queue.Configure(new AdmissionOptions { Concurrency = 3 });
        Assert.Equal(3, tickets.Count(ticket => ticket.IsRunning));

        queue.Configure(new AdmissionOptions { Concurrency = 1, Queue = 2 });
        Assert.Equal(3, tickets.Count(ticket => ticket.IsRunning));
        Assert.Equal(1, tickets.Count(ticket => ticket.Verdict == AdmissionVerdict.Displaced));
        tickets[0].End();
        tickets[1].End();
        Assert.Equal(1, tickets.Count(ticket => ticket.IsRunning));
        tickets[2].End();
        Assert.Equal(1, tickets.Count(ticket => ticket.IsRunning));

        queue.Configure(new AdmissionOptions { Concurrency = null });
        Assert.Equal(0, queue.Waiting(PriorityClass.Default));
        Assert.Equal(2, tickets.Count(ticket => ticket.IsRunning));
        Assert.All(tickets, ticket => ticket.End());
        Assert.Equal((0, 0), (queue.Running(PriorityClass.Default), queue.Keys));
    }

    [Theory]
    [InlineData(0.5, 9, 5)]
    [InlineData(0.5, 3, 2)]
    [InlineData(0.001, 9, 1)]
    [InlineData(10, 9, 60)]
    public void When_to_come_again_is_told_from_how_fast_slots_become_free(double seconds, int waiting, double expected)
    {
        using var queue = Queue(concurrency: 1, room: waiting, TimeSpan.FromHours(1));
        var running = Arrive(queue);
        for (var i = 0; i < 100; i++)
        {
            var next = Arrive(queue);
            _time.Advance(TimeSpan.FromSeconds(seconds));
            running.End();
            running = next;
        }

        for (var i = 0; i < waiting; i++)
        {
            _ = Arrive(queue);
        }

        var shed = Arrive(queue);
        Assert.Equal(AdmissionVerdict.Full, shed.Verdict);
        Assert.Equal(expected, shed.RetryAfter.TotalSeconds, precision: 3);

        // Nothing moves any more: it takes longer from moment to moment.
        _time.Advance(TimeSpan.FromSeconds(20));
        Assert.Equal(60, Arrive(queue).RetryAfter.TotalSeconds);
    }

    [Fact]
    public async Task Many_threads_together_never_run_more_than_allowed_and_all_come_through()
    {
        using var queue = Queue(concurrency: 3, room: 10_000);
        var (running, most, granted) = (0, 0, 0);
        await Task.WhenAll(Enumerable.Range(0, 16).Select(worker => Task.Run(async () =>
        {
            for (var i = 0; i < 500; i++)
            {
                var ticket = Arrive(queue, $"key {worker % 5}", (PriorityClass)(i % 3));
                if (i % 7 == 0)
                {
                    ticket.Leave();
                }

                if (await ticket.Settled == AdmissionVerdict.Granted)
                {
                    var now = Interlocked.Increment(ref running);
                    InterlockedMax(ref most, now);
                    _ = Interlocked.Increment(ref granted);
                    await Task.Yield();
                    _ = Interlocked.Decrement(ref running);
                }

                ticket.End();
            }
        }, TestContext.Current.CancellationToken)));

        Assert.InRange(most, 1, 3);
        Assert.InRange(granted, 16 * 400, 16 * 500);
        Assert.Equal(0, queue.Keys);
    }

    private static void InterlockedMax(ref int most, int value)
    {
        for (var seen = Volatile.Read(ref most); value > seen; seen = Volatile.Read(ref most))
        {
            _ = Interlocked.CompareExchange(ref most, value, seen);
        }
    }

    private static AdmissionTicket Arrive(AdmissionQueue queue, string key = "a", PriorityClass priority = PriorityClass.Default, TimeSpan? patience = null) =>
        queue.Arrive(key, priority, patience)!;

    private AdmissionQueue Queue(int? concurrency, int room = 1000, TimeSpan? maxWait = null)
    {
        var queue = new AdmissionQueue(_time);
        queue.Configure(new AdmissionOptions { Concurrency = concurrency, Queue = room, MaxWait = maxWait ?? TimeSpan.FromSeconds(10) });
        return queue;
    }
}
