using System.Buffers.Text;

namespace Gatehouse.Bench.Chaos;

/// <summary>What the upstreams read of a request: the number by which both sides know it, and the form of the answer that it wants.</summary>
internal readonly record struct ChaosRequest(int Number, bool Stream, bool IncludeUsage)
{
    private const int DrawsStream = 200;

    private static ReadOnlySpan<byte> Mark => "request number "u8;

    /// <summary>Half of the requests are streams.</summary>
    public static bool IsStream(int number) => SeededDraw.Uniform(number, DrawsStream, 0) < 0.5;

    public static string Body(int number, string model)
    {
        var stream = IsStream(number) ? ",\"stream\":true" : "";
        return $$"""{"model":"{{model}}"{{stream}},"messages":[{"role":"system","content":"Answer as agreed."},{"role":"user","content":"This is request number {{number}}, café."}],"temperature":0.2,"max_tokens":400}""";
    }

    public static ChaosRequest Read(ReadOnlySpan<byte> body)
    {
        var traits = RequestTraits.Read(body);
        var at = body.IndexOf(Mark);
        return at >= 0 && Utf8Parser.TryParse(body[(at + Mark.Length)..], out int number, out _)
            ? new ChaosRequest(number, traits.Stream, traits.IncludeUsage)
            : throw new BenchException("an upstream got a request without a number");
    }
}
