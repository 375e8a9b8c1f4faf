namespace Gatehouse.Protocols.Chat;

/// <summary>For targets that refuse more than some stop sequences.</summary>
internal static class StopRules
{
    /// <summary>The first of them; that there are more is noted.</summary>
    public static IReadOnlyList<string>? First(int most, IReadOnlyList<string>? sequences, DroppedParameters dropped)
    {
        if (sequences is null || sequences.Count <= most)
        {
            return sequences;
        }

        dropped.Add("stop");
        return [.. sequences.Take(most)];
    }
}
