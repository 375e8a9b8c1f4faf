using Gatehouse.Identity;
using Gatehouse.Ledger;
using Gatehouse.Pipeline;
using Gatehouse.Protocols.Chat;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests.Reports;

/// <summary>Exchanges of all kinds, the same for a seed.</summary>
internal sealed class LedgerSamples(int seed)
{
    private readonly Random _random = new SeededRandom(seed);

    public static readonly DateTimeOffset Start = new(2026, 10, 24, 20, 0, 0, TimeSpan.Zero);

    /// <summary>Over five days, with the end of summer time in them.</summary>
    public LedgerEntry Next()
    {
        var at = Start.AddSeconds(_random.Next(5 * 24 * 3600));
        var target = Of<string?>(null, "openai/gpt-4o", "anthropic/claude-sonnet-4-5", "local/llama");
        var clock = new ManualTime();
        var timings = new ExchangeTimings(clock);
        clock.Advance(TimeSpan.FromMilliseconds(_random.Next(50)));
        timings.End();
        return new LedgerEntry
        {
            Id = Id.New("exc", at),
            StartedAtMicroseconds = (at - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond,
            Kind = "model",
            Operation = Of("chat", "embeddings"),
            Revision = 1,
            KeyId = Of("key_1", "key_2"),
            KeyName = Of("one", "two"),
            Run = "run",
            Payer = Payer.Nobody with
            {
                Team = Of(null, "research", "=2+5"),
                Agent = Of(null, "a"),
                Labels = Of(Labels(), Labels(("env", "prod"), ("quo\"te", "x")), Labels(("env", "dev"))),
            },
            User = Of(null, "ann", "bob, the \"second\""),
            Cache = Of(CacheStatus.Bypass, CacheStatus.Miss, CacheStatus.Hit),
            SavedNanoUsd = Of<long?>(null, 17),
            PromptCacheSavedNanoUsd = Of<long?>(null, -5, 1_000),
            IsCostEstimated = Of(true, false, false),
            Requested = "m",
            Route = Of(null, "r"),
            Target = target,
            Attempts = Of("[]", """[{"target":"a/b","error":"{\"x\\\":{"},{"target":"c/d"}]"""),
            Status = 200,
            Outcome = Of("completed", "completed", "failed", "refused", "cancelled"),
            IsStream = false,
            Usage = Of(
                null,
                new Usage { InputTokens = _random.Next(5000), OutputTokens = 1000, ReasoningTokens = 200 },
                new Usage { InputTokens = 10, CacheReadTokens = _random.Next(300_000), CacheWriteTokens = 70, CacheWriteOneHourTokens = 20, OutputTokens = 5, WebSearchCalls = 1 },
                new Usage { InputTokens = 90, AudioInputTokens = 30, ImageInputTokens = 10, OutputTokens = 80, AudioOutputTokens = 40, ImageOutputTokens = 1 }),
            ServiceTier = Of(null, null, "batch"),
            CostNanoUsd = target is null ? null : Of<long?>(null, _random.Next(1_000_000_000), _random.Next(10)),
            PriceRevision = Of(1, 2),
            Continuations = Of(0, 0, 1),
            DeliveredBytes = 0,
            DeliveredText = 0,
            Timings = timings,
        };
    }

    private static Dictionary<string, string> Labels(params ReadOnlySpan<(string Name, string Value)> labels)
    {
        var all = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in labels)
        {
            all[name] = value;
        }

        return all;
    }

    private T Of<T>(params ReadOnlySpan<T> choices) => choices[_random.Next(choices.Length)];
}
