namespace Gatehouse.Metering.Sizes;

/// <summary>How many tokens the models of a family count for one that is estimated, measured on recorded traffic (docs/estimates.md).</summary>
internal static class TokenizerFamilies
{
    private static readonly (string Name, float Ratio)[] Families =
    [
        ("claude", 1.2f),
    ];

    /// <param name="model">A provider's name of it, with or without a maker before it: <c>claude-haiku-4-5</c>, <c>us.anthropic.claude-...</c>.</param>
    public static float RatioOf(string model)
    {
        foreach (var (name, ratio) in Families)
        {
            if (model.Contains(name, StringComparison.OrdinalIgnoreCase))
            {
                return ratio;
            }
        }

        return 1;
    }
}
