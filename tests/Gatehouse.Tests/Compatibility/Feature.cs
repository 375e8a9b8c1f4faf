namespace Gatehouse.Tests.Compatibility;

/// <summary>What is tried with every pair of a client's and a provider's dialect: the list of the issue.</summary>
internal enum Feature
{
    Text,
    Stream,
    Tools,
    ParallelTools,
    ZeroArgumentTool,
    ToolResults,
    Images,
    SystemTurns,
    ReasoningRoundTrip,
    StructuredOutput,
    LengthStop,
    Refusal,
    Usage,
    Error,
    MidStreamError,

    /// <summary>A tool that runs at the provider: nothing of the kind can be told to another one.</summary>
    ServerTool,
}
