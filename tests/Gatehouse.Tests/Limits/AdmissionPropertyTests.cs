using FsCheck;
using FsCheck.Fluent;
using Gatehouse.Identity;
using Gatehouse.Limits.Queue;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests.Limits;

/// <summary>Any order of what may happen to a queue.</summary>
public sealed class AdmissionPropertyTests
{
    internal enum Step
    {
        Arrive,
        End,
        Leave,
        Advance,
        Configure,
    }

    private static readonly Gen<(Step Step, int Which, int Number)> Steps =
        from step in Gen.Frequency(
            (12, Gen.Constant(Step.Arrive)),
            (8, Gen.Constant(Step.End)),
            (2, Gen.Constant(Step.Leave)),
            (3, Gen.Constant(Step.Advance)),
            (1, Gen.Constant(Step.Configure)))
        from which in Gen.Choose(0, 1_000_000)
        from number in Gen.Choose(0, 10_000)
        select (step, which, number);

    [Fact]
    public void Never_too_many_nobody_forgotten_and_each_settled_once()
    {
        var seen = Enum.GetValues<AdmissionVerdict>().ToDictionary(verdict => verdict, _ => 0);
        Properties.Hold(Steps.ListOf(200), steps =>
        {
            var time = new ManualTime();
            using var queue = new AdmissionQueue(time);
            var bench = new Bench(queue, time, concurrency: 2, room: 6);
            foreach (var (step, which, number) in steps)
            {
                bench.Take(step, which, number);
            }

            bench.EndAll();
            foreach (var ticket in bench.Tickets)
            {
                seen[ticket.Verdict]++;
            }
        }, count: 300);

        // All of it did happen.
        Assert.All(seen, pair => Assert.Equal(pair.Key == AdmissionVerdict.Waiting, pair.Value == 0));
    }

    /// <summary>A queue, and what is known of it without asking it.</summary>
    private sealed class Bench
    {
        private const int Classes = 3;
        private readonly AdmissionQueue _queue;
        private readonly ManualTime _time;
        private readonly int[] _passedOver = new int[Classes];
        private int? _concurrency;
        private int _room;

        public Bench(AdmissionQueue queue, ManualTime time, int? concurrency, int room)
        {
            (_queue, _time) = (queue, time);
            Configure(concurrency, room);
        }

        public List<AdmissionTicket> Tickets { get; } = [];

        public void Take(Step step, int which, int number)
        {
            var running = Tickets.Where(ticket => ticket.IsRunning).ToArray();
            var waiting = Tickets.Where(ticket => ticket.Verdict == AdmissionVerdict.Waiting).ToArray();
            var settled = Tickets.Where(ticket => ticket.Verdict != AdmissionVerdict.Waiting).Select(ticket => (ticket, ticket.Verdict)).ToArray();
            var slots = running.CountBy(ticket => ticket.Key.Id, StringComparer.Ordinal).ToDictionary(StringComparer.Ordinal);
            AdmissionTicket? ended = null;
            switch (step)
            {
                case Step.Arrive:
                    var patience = number % 3 == 0 ? (TimeSpan?)null : TimeSpan.FromMilliseconds(number);
                    if (_queue.Arrive($"key {which % 4}", (PriorityClass)(which / 4 % Classes), patience) is { } ticket)
                    {
                        Tickets.Add(ticket);
                    }
                    else
                    {
                        Assert.Null(_concurrency);
                    }

                    break;
                case Step.End when running.Length > 0:
                    ended = running[which % running.Length];
                    ended.End();
                    break;
                case Step.Leave when Tickets.Count > 0:
                    Tickets[which % Tickets.Count].Leave();
                    break;
                case Step.Advance:
                    _time.Advance(TimeSpan.FromMilliseconds(number / 4));
                    break;
                case Step.Configure:
                    Configure(number % 9 == 0 ? null : 1 + (number % 5), which % 9);
                    break;
            }

            Assert.All(settled, before => Assert.Equal(before.Verdict, before.ticket.Verdict));
            var granted = waiting.Where(ticket => ticket.Verdict == AdmissionVerdict.Granted).ToArray();
            CheckState(granted.Length > 0 || step == Step.Arrive && Tickets.Count > 0 && Tickets[^1].IsRunning);
            if (ended is not null && granted is [{ } next])
            {
                slots[ended.Key.Id]--;
                CheckChoice(next, waiting.Where(ticket => ticket.Verdict is AdmissionVerdict.Granted or AdmissionVerdict.Waiting).ToArray(), slots);
            }

            CheckTurns(granted, waiting);
        }

        public void EndAll()
        {
            while (Tickets.Find(ticket => ticket.IsRunning || ticket.Verdict == AdmissionVerdict.Waiting) is { } ticket)
            {
                ticket.End();
            }

            Assert.All(Enum.GetValues<PriorityClass>(), priority => Assert.Equal((0, 0), (_queue.Running(priority), _queue.Waiting(priority))));
            Assert.Equal(0, _queue.Keys);
            _time.Advance(TimeSpan.FromMinutes(1));
            Assert.Equal(0, _time.Waiting);
        }

        private void Configure(int? concurrency, int room)
        {
            (_concurrency, _room) = (concurrency, room);
            _queue.Configure(new AdmissionOptions { Concurrency = concurrency, Queue = room });
        }

        private void CheckState(bool hasGranted)
        {
            var running = Tickets.Where(ticket => ticket.IsRunning).ToArray();
            var waiting = Tickets.Where(ticket => ticket.Verdict == AdmissionVerdict.Waiting).ToArray();
            Assert.All(Enum.GetValues<PriorityClass>(), priority =>
            {
                Assert.Equal(running.Count(ticket => ticket.Priority == priority), _queue.Running(priority));
                Assert.Equal(waiting.Count(ticket => ticket.Priority == priority), _queue.Waiting(priority));
            });
            Assert.Equal(running.Concat(waiting).Select(ticket => ticket.Key.Id).Distinct(StringComparer.Ordinal).Count(), _queue.Keys);
            Assert.All(Tickets, ticket => Assert.Equal(ticket.Verdict != AdmissionVerdict.Waiting, ticket.Settled.IsCompletedSuccessfully));
            Assert.All(Tickets.Where(ticket => ticket.Verdict is AdmissionVerdict.Full or AdmissionVerdict.Displaced or AdmissionVerdict.Expired),
                ticket => Assert.InRange(ticket.RetryAfter.TotalSeconds, 1, 60));
            Assert.True(waiting.Length <= _room);
            Assert.All(waiting, ticket => Assert.True(ticket.Deadline > _time.GetTimestamp()));
            // More than allowed can only run when the limit was lowered meanwhile; no slot stays empty while somebody waits.
            Assert.True(!hasGranted || _concurrency is null || running.Length <= _concurrency);
            Assert.True(waiting.Length == 0 || running.Length >= _concurrency);
        }

        /// <summary>Of those that waited in its class, no other key had fewer slots, and none of its own an earlier deadline.</summary>
        private static void CheckChoice(AdmissionTicket granted, AdmissionTicket[] candidates, Dictionary<string, int> slots)
        {
            var peers = candidates.Where(ticket => ticket.Priority == granted.Priority).ToArray();
            Assert.Equal(peers.Min(ticket => slots.GetValueOrDefault(ticket.Key.Id)), slots.GetValueOrDefault(granted.Key.Id));
            Assert.Equal(peers.Where(ticket => ticket.Key.Id == granted.Key.Id).Min(ticket => ticket.Deadline), granted.Deadline);
        }

        /// <summary>A class that waits lets at most 15 others go first.</summary>
        private void CheckTurns(AdmissionTicket[] granted, AdmissionTicket[] waited)
        {
            for (var priority = 0; priority < Classes; priority++)
            {
                var waits = Tickets.Exists(ticket => ticket.Verdict == AdmissionVerdict.Waiting && (int)ticket.Priority == priority);
                var isServed = Array.Exists(granted, ticket => (int)ticket.Priority == priority);
                _passedOver[priority] = !waits || isServed ? 0
                    : Array.Exists(waited, ticket => (int)ticket.Priority == priority) ? _passedOver[priority] + granted.Length : 0;
                Assert.InRange(_passedOver[priority], 0, 15);
            }
        }
    }
}
