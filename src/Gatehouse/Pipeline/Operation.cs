namespace Gatehouse.Pipeline;

/// <summary>What a model call asks for.</summary>
/// <param name="Name">The <c>gen_ai.operation.name</c> of the OpenTelemetry GenAI conventions where there is one.</param>
/// <param name="Path">Below the provider's base URL; empty for a relayed path.</param>
internal sealed record Operation(string Name, string Path)
{
    public static readonly Operation Chat = new("chat", "/chat/completions");
    public static readonly Operation Completion = new("text_completion", "/completions");
    public static readonly Operation Embeddings = new("embeddings", "/embeddings");

    /// <summary>A path of the provider's that the gateway passes on without knowing it.</summary>
    public static readonly Operation Relay = new("relay", "");
}
