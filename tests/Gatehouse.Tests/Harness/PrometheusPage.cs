using System.Globalization;
using System.Text.RegularExpressions;

namespace Gatehouse.Tests.Harness;

/// <summary>A strict reader of the Prometheus text format 0.0.4: what it does not know is a failure.</summary>
internal sealed partial class PrometheusPage
{
    private readonly Dictionary<string, string> _types = new(StringComparer.Ordinal);
    private readonly HashSet<string> _help = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (string Name, Dictionary<string, string> Labels, double Value)> _samples = new(StringComparer.Ordinal);

    public PrometheusPage(string text)
    {
        Assert.EndsWith("\n", text, StringComparison.Ordinal);
        string? family = null;
        foreach (var line in text.Split('\n')[..^1])
        {
            family = Read(line, family);
        }

        foreach (var (name, _) in _types.Where(type => type.Value == "histogram"))
        {
            CheckHistogram(name);
        }
    }

    public string? TypeOf(string name) => _types.GetValueOrDefault(name);

    /// <summary>All samples of a name whose labels hold these.</summary>
    public IEnumerable<(Dictionary<string, string> Labels, double Value)> Samples(string name, params (string Name, string Value)[] labels) => _samples.Values
        .Where(sample => sample.Name == name && Array.TrueForAll(labels, label => sample.Labels.GetValueOrDefault(label.Name) == label.Value))
        .Select(sample => (sample.Labels, sample.Value));

    public double Value(string name, params (string Name, string Value)[] labels) => Assert.Single(Samples(name, labels)).Value;

    private string? Read(string line, string? family)
    {
        if (line.StartsWith("# ", StringComparison.Ordinal))
        {
            var words = line.Split(' ', 4);
            Assert.Equal(4, words.Length);
            Assert.Matches("^[a-zA-Z_:][a-zA-Z0-9_:]*$", words[2]);
            if (words[1] == "HELP")
            {
                Assert.True(_help.Add(words[2]), $"a second HELP of {words[2]}");
                return null;
            }

            Assert.Equal("TYPE", words[1]);
            Assert.Matches("^(counter|gauge|histogram)$", words[3]);
            Assert.True(_types.TryAdd(words[2], words[3]), $"a second TYPE of {words[2]}");
            Assert.True(words[3] != "counter" || words[2].EndsWith("_total", StringComparison.Ordinal), words[2]);
            return words[2];
        }

        var match = SampleLine().Match(line);
        Assert.True(match.Success, $"not a sample: {line}");
        var name = match.Groups["name"].Value;
        Assert.True(family is not null, $"a sample without a TYPE before it: {line}");
        Assert.True(_types[family] == "histogram" ? name == $"{family}_bucket" || name == $"{family}_sum" || name == $"{family}_count" : name == family, line);
        var labels = LabelPair().Matches(match.Groups["labels"].Value)
            .ToDictionary(label => label.Groups["name"].Value, label => label.Groups["value"].Value, StringComparer.Ordinal);
        // An empty label is an absent one.
        var key = name + string.Join(',', labels.Where(label => label.Value.Length > 0).OrderBy(label => label.Key, StringComparer.Ordinal));
        var value = match.Groups["value"].Value is "+Inf" ? double.PositiveInfinity : double.Parse(match.Groups["value"].Value, CultureInfo.InvariantCulture);
        Assert.True(_samples.TryAdd(key, (name, labels, value)), $"twice: {line}");
        return family;
    }

    private void CheckHistogram(string name)
    {
        foreach (var (labels, count) in Samples($"{name}_count").ToArray())
        {
            var buckets = Samples($"{name}_bucket", [.. labels.Select(label => (label.Key, label.Value))])
                .Where(bucket => bucket.Labels.Count == labels.Count + 1)
                .Select(bucket => (Bound: bucket.Labels["le"] == "+Inf" ? double.PositiveInfinity : double.Parse(bucket.Labels["le"], CultureInfo.InvariantCulture), bucket.Value))
                .ToArray();
            Assert.NotEmpty(buckets);
            Assert.Equal(buckets.OrderBy(bucket => bucket.Bound), buckets);
            Assert.Equal(buckets.OrderBy(bucket => bucket.Value), buckets);
            Assert.Equal(double.PositiveInfinity, buckets[^1].Bound);
            Assert.Equal(count, buckets[^1].Value);
            _ = Assert.Single(Samples($"{name}_sum", [.. labels.Select(label => (label.Key, label.Value))]), sum => sum.Labels.Count == labels.Count);
        }
    }

    [GeneratedRegex("""^(?<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(\{(?<labels>([a-zA-Z_][a-zA-Z0-9_]*="([^"\\\n]|\\["\\n])*"(,|(?=\})))*)\})? (?<value>[0-9.eE+-]+|\+Inf|-Inf|NaN)$""", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex SampleLine();

    [GeneratedRegex("""(?<name>[a-zA-Z_][a-zA-Z0-9_]*)="(?<value>([^"\\]|\\.)*)"(,|$)""", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex LabelPair();
}
