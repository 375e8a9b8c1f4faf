using System.Globalization;

namespace Gatehouse.Protocols.Tests.Aligned;

/// <summary>How what was written relates to what was read and to what was recorded, over many pairs.</summary>
/// <param name="what">requests, answers, ...: which exceptions hold.</param>
internal sealed class Comparison(string what)
{
    private readonly List<string> _failures = [];
    private readonly HashSet<AlignedException> _used = [];
    private int _compared;
    private int _equal;
    private int _asSource;
    private int _listed;

    /// <param name="place">The case and the pair: <c>temperatureParam anthropic>google</c>.</param>
    /// <param name="source">What was to be said.</param>
    /// <param name="recorded">What the recording in the target's format says; null where there is none.</param>
    /// <param name="actual">What was written.</param>
    /// <param name="dropped">The names of what the caller is told that the target could not be told; null for answers.</param>
    public void Add(string place, Meaning source, Meaning? recorded, Meaning actual, IReadOnlyList<string>? dropped = null)
    {
        var isEqual = true;
        var isListed = false;
        _compared++;
        foreach (var name in source.Facts.Keys.Concat(actual.Facts.Keys).Concat(recorded?.Facts.Keys ?? []).Distinct(StringComparer.Ordinal))
        {
            var said = source.Facts.GetValueOrDefault(name);
            var target = recorded is null ? said : recorded.Facts.GetValueOrDefault(name);
            var written = actual.Facts.GetValueOrDefault(name);
            if (written == target)
            {
                continue;
            }

            isEqual = false;
            if (written == said)
            {
                // The recording in the target's format is of another prompt, another limit, ...
                continue;
            }

            isListed = true;
            var recording = recorded is null || target == said ? "" : $", recorded {Clip(target)}";
            var silence = written is not null || dropped is null ? "" : dropped.Count == 0 ? " and nobody told" : $" and told as {string.Join(", ", dropped)}";
            Check($"{place}: {name}: said {Clip(said)}{recording}, written {Clip(written)}{silence}");
        }

        _equal += isEqual ? 1 : 0;
        _asSource += isEqual || isListed ? 0 : 1;
        _listed += isListed ? 1 : 0;
    }

    public void AddRefused(string place, string reason)
    {
        _compared++;
        _listed++;
        Check($"{place}: refused: {reason}");
    }

    /// <summary>Every difference has its reason, every reason a difference, and nothing was left out.</summary>
    public void AssertCounts(string expected)
    {
        var unused = AlignedExceptions.All.Where(e => e.IsFor(what) && !_used.Contains(e)).Select(e => $"no longer needed: {e}");
        var failures = _failures.Concat(unused).ToList();
        Assert.True(failures.Count == 0, $"{failures.Count} in {what}:\n{string.Join('\n', failures)}");
        Assert.Equal(expected, string.Create(CultureInfo.InvariantCulture, $"{_compared} compared, {_equal} equal, {_asSource} as the source has it, {_listed} listed"));
    }

    private void Check(string difference)
    {
        var exceptions = AlignedExceptions.All.Where(e => e.IsFor(what) && e.Covers(difference)).ToList();
        _used.UnionWith(exceptions);
        if (exceptions.Count == 0)
        {
            _failures.Add(difference);
        }
    }

    private static string Clip(string? text) =>
        text is null ? "nothing" : $"'{(text.Length > 160 ? text[..160] + "…" : text).ReplaceLineEndings(" ")}'";
}
