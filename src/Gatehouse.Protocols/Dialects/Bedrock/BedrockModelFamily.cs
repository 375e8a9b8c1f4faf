using Gatehouse.Protocols.Chat;

namespace Gatehouse.Protocols.Dialects.Bedrock;

/// <summary>
/// Converse has one form for all models, and leaves to <c>additionalModelRequestFields</c> what only some of them know: whose form that
/// has is told by the model's id.
/// </summary>
internal enum BedrockModelFamily
{
    Other,

    /// <summary>An ARN that does not tell the model: of an application's inference profile, of provisioned throughput.</summary>
    Unknown,
    Claude,

    /// <summary>Amazon Nova, first generation: it does not reason.</summary>
    Nova,
    Nova2,
    GptOss,
    Qwen,
}

internal static class BedrockModelFamilies
{
    /// <param name="model">A model's id, a profile's id, or an ARN.</param>
    /// <param name="rules">The trait <c>claude</c> tells it where the id does not.</param>
    public static BedrockModelFamily Of(string model, TargetRules rules)
    {
        if (Has("claude") || Has("anthropic.") || rules.Has("claude"))
        {
            return BedrockModelFamily.Claude;
        }

        if (Has("nova-2"))
        {
            return BedrockModelFamily.Nova2;
        }

        if (Has("amazon.nova"))
        {
            return BedrockModelFamily.Nova;
        }

        if (Has("gpt-oss"))
        {
            return BedrockModelFamily.GptOss;
        }

        if (Has("qwen"))
        {
            return BedrockModelFamily.Qwen;
        }

        return model.StartsWith("arn:", StringComparison.Ordinal) && !model.AsSpan(model.LastIndexOf('/') + 1).Contains('.')
            ? BedrockModelFamily.Unknown
            : BedrockModelFamily.Other;

        bool Has(string part) => model.Contains(part, StringComparison.OrdinalIgnoreCase);
    }

    public static bool IsNova(this BedrockModelFamily family) => family is BedrockModelFamily.Nova or BedrockModelFamily.Nova2;

    /// <summary>"This model doesn't support prompt caching" is an error, and not a hint that is passed over.</summary>
    public static bool TakesCachePoints(this BedrockModelFamily family) =>
        family is BedrockModelFamily.Claude or BedrockModelFamily.Unknown || family.IsNova();
}
