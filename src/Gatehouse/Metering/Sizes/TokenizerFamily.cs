namespace Gatehouse.Metering.Sizes;

/// <summary>
/// What the models of a family count for what is estimated here, fitted to recorded traffic (docs/estimates.md tells how, and how well it holds for
/// what was not fitted).
/// </summary>
/// <param name="Name">Is somewhere in the names of its models, whoever serves them: <c>claude-haiku-4-5</c>, <c>us.anthropic.claude-...</c>.</param>
/// <param name="Ratio">Tokens for one that is estimated.</param>
/// <param name="Frame">Tokens of each request beside them: a prompt of the provider's own. Less than 0 where messages have smaller frames.</param>
/// <param name="ToolFrame">The same of requests with tools.</param>
internal sealed record TokenizerFamily(string Name, float Ratio, int Frame = 0, int ToolFrame = 0)
{
    private static readonly TokenizerFamily Unknown = new("", 1);

    /// <summary>The first that fits counts.</summary>
    private static readonly TokenizerFamily[] All =
    [
        new("claude", 1.1f, ToolFrame: 550),
        new("gpt-oss", 0.95f, Frame: 60),
        new("gpt", 0.9f),
        new("gemini", 0.75f, Frame: -3, ToolFrame: -20),
        new("qwen", 1.05f, ToolFrame: 130),
        new("tral", 1.2f, Frame: -5),
        new("grok", 0.95f, Frame: 200, ToolFrame: 80),
        new("deepseek", 0.85f, ToolFrame: 250),
        new("llama", 0.8f, Frame: 30, ToolFrame: 200),

        // What Cohere bills; with its own prompts it counts some hundreds more.
        new("command", 0.7f),
        new("glm", 0.95f, ToolFrame: 100),
        new("sonar", 0.9f, Frame: -3),
        new("kimi", 1.25f),
    ];

    public static TokenizerFamily Of(string model)
    {
        foreach (var family in All)
        {
            if (model.Contains(family.Name, StringComparison.OrdinalIgnoreCase))
            {
                return family;
            }
        }

        return Unknown;
    }
}
