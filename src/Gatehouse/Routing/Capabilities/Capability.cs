namespace Gatehouse.Routing.Capabilities;

/// <summary>What a request may need of a model. The names, in snake_case, stand in <c>can</c> and <c>cannot</c>.</summary>
internal enum Capability
{
    /// <summary>Images in the input.</summary>
    Vision,

    /// <summary>Sound in the input.</summary>
    Audio,

    Video,

    /// <summary>Files such as PDF in the input.</summary>
    Documents,

    Tools,

    /// <summary>Answers that follow a JSON schema.</summary>
    StructuredOutput,

    /// <summary>To think when it is told to.</summary>
    Reasoning,
}
