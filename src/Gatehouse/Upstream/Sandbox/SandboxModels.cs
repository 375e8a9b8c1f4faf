namespace Gatehouse.Upstream.Sandbox;

/// <summary>What the sandbox can do, each as a model.</summary>
internal static class SandboxModels
{
    /// <summary>Repeats the last user message; calls a tool when it is asked to.</summary>
    public const string Echo = "echo";

    /// <summary>As echo, one word every 200 ms.</summary>
    public const string Slow = "slow";

    /// <summary>Refuses with 429 and rate-limit headers.</summary>
    public const string RateLimit = "rate-limit";

    /// <summary>Breaks the connection in the middle of the answer.</summary>
    public const string Cut = "cut";

    /// <summary>Never answers.</summary>
    public const string Silent = "silent";

    /// <summary>Answers with something that is not JSON.</summary>
    public const string Garbage = "garbage";

    /// <summary>Embeds text, the same text always as the same vector.</summary>
    public const string Embedding = "embedding";

    /// <summary>error-STATUS fails with any status from 400 to 599; the ones listed are examples.</summary>
    public const string ErrorPrefix = "error-";

    public static readonly string[] Ids = [Echo, Slow, Embedding, RateLimit, Cut, Silent, Garbage, "error-400", "error-500", "error-503"];
}
