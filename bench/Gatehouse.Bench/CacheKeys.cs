using System.Security.Cryptography;
using System.Text;
using Gatehouse.Caching;
using Gatehouse.Pipeline;

namespace Gatehouse.Bench;

/// <summary>What it costs to find out what the same request is: CPU time and allocated bytes of the canonical form of a body, and of its hash.</summary>
internal static class CacheKeys
{
    private const int Count = 20_000;

    public static void Run(Arguments arguments)
    {
        var rounds = arguments.Number("rounds");
        Console.WriteLine("""

            ## Keys of the exact cache

            | body | bytes | canonical form and SHA-256: CPU µs | SHA-256 alone: CPU µs | allocated bytes |
            |---|---:|---:|---:|---:|
            """);
        using var request = typeof(CacheKeys).Assembly.GetManifestResourceStream("request.json")!;
        var bench = new byte[request.Length];
        request.ReadExactly(bench);
        Measure("bench/request.json", bench, rounds);
        Measure("20 turns with line breaks", Conversation(), rounds);
    }

    private static void Measure(string name, byte[] body, int rounds)
    {
        var (key, bytes) = Least(rounds, () =>
        {
            using var text = KeyBuffer.Take();
            Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
            if (!CanonicalRequest.TryWrite(body, RequestMembers.Of(Operation.Chat), text))
            {
                throw new BenchException($"{name} is not for a cache.");
            }

            _ = SHA256.HashData(text.Written, hash);
        });
        var (hashAlone, _) = Least(rounds, () =>
        {
            Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
            _ = SHA256.HashData(body, hash);
        });
        Console.WriteLine($"| {name} | {body.Length:N0} | {key:N2} | {hashAlone:N2} | {bytes:N0} |");
    }

    /// <summary>What disturbs a measurement only ever adds to it.</summary>
    private static (double Us, double Bytes) Least(int rounds, Action action)
    {
        for (var i = 0; i < 2 * Count; i++)
        {
            action();
        }

        var (best, bytes) = (double.MaxValue, 0.0);
        for (var round = 0; round < rounds; round++)
        {
            var (cpu, allocated) = (Environment.CpuUsage.TotalTime, GC.GetAllocatedBytesForCurrentThread());
            for (var i = 0; i < Count; i++)
            {
                action();
            }

            best = Math.Min(best, (Environment.CpuUsage.TotalTime - cpu).TotalMicroseconds / Count);
            bytes = (GC.GetAllocatedBytesForCurrentThread() - allocated) / (double)Count;
        }

        return (best, bytes);
    }

    private static byte[] Conversation()
    {
        var turns = Enumerable.Range(0, 20).Select(i =>
            $$"""{"role":"{{(i % 2 == 0 ? "user" : "assistant")}}","content":"Turn {{i}}:\nwhat comes next, and \"why\"?\nIt has some length, as turns have, and breaks its lines."}""");
        return Encoding.UTF8.GetBytes($$"""{"model":"bench","messages":[{{string.Join(',', turns)}}],"temperature":0.5,"max_tokens":1000}""");
    }
}
