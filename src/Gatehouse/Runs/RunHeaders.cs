using Gatehouse.Pipeline;
using Gatehouse.Telemetry;

namespace Gatehouse.Runs;

/// <summary>How it is known which run an exchange belongs to.</summary>
internal enum RunSource
{
    /// <summary>Nobody says: it is one of its own.</summary>
    New,

    /// <summary>The caller's trace.</summary>
    Trace,

    /// <summary>The session of an agent that is known to name it.</summary>
    Session,

    /// <summary><c>x-gatehouse-run</c>.</summary>
    Named,
}

/// <summary>What the head of a request says of its run.</summary>
internal static class RunHeaders
{
    public const int MaxLength = 128;

    private const string RunHeader = "x-gatehouse-run";
    private const string ParentHeader = "x-gatehouse-parent";

    /// <summary>
    /// Headers that name one session of an agent: Claude Code since 2.1.86 (code.claude.com/docs/en/llm-gateway-protocol), Codex CLI, whose header
    /// had three names over time, and OpenCode. Names that others use for less than a task, such as <c>x-session-affinity</c>, are not among them.
    /// </summary>
    private static readonly string[] SessionHeaders = ["x-claude-code-session-id", "session_id", "session-id", "conversation_id", "x-opencode-session"];

    /// <summary>The run by the head alone.</summary>
    public static (string Run, RunSource Source) RunOf(IHeaderDictionary headers, TraceContext trace)
    {
        if (headers.TryGetValue(RunHeader, out var named) && named is [{ } run] && IsId(run))
        {
            return (run, RunSource.Named);
        }

        foreach (var name in SessionHeaders)
        {
            if (headers.TryGetValue(name, out var values) && values is [{ } session] && IsId(session))
            {
                return (session, RunSource.Session);
            }
        }

        return (trace.TraceId.ToHexString(), trace.ParentSpanId == default ? RunSource.New : RunSource.Trace);
    }

    /// <summary>
    /// Why the headers cannot be taken; null when they can. A run that is not what its caller means would escape the limits of the one that is:
    /// nothing is put in the place of a name that cannot be one.
    /// </summary>
    public static GatewayError? Check(IHeaderDictionary headers)
    {
        if (headers.TryGetValue(RunHeader, out var named) && !(named is [{ } run] && IsId(run)))
        {
            return Invalid(RunHeader, $"must be given once, with 1 to {MaxLength} printable ASCII characters, and not '.' or '..'.");
        }

        return headers.TryGetValue(ParentHeader, out var parents) && !(parents is [{ } parent] && Id.IsOf("exc", parent))
            ? Invalid(ParentHeader, "must be the id of an exchange, as x-gatehouse-exchange gave it.")
            : null;
    }

    /// <summary>The exchange that the caller names as the parent; null for none.</summary>
    public static string? ParentOf(IHeaderDictionary headers) => headers.TryGetValue(ParentHeader, out var values) ? values.ToString() : null;

    /// <summary>Whether a text can be the id of a run. A path that ends with a dot segment leads elsewhere.</summary>
    public static bool IsId(string text) => text.Length is > 0 and <= MaxLength && !text.AsSpan().ContainsAnyExceptInRange(' ', '~') && text is not ("." or "..");

    private static GatewayError Invalid(string header, string rule) =>
        new(GatewayErrorCode.InvalidRequest, $"The header {header} {rule}") { Field = header };
}
