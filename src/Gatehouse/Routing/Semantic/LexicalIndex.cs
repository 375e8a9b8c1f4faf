using System.Runtime.InteropServices;

namespace Gatehouse.Routing.Semantic;

/// <summary>
/// Chooses by words, without any model: cosine of TF-IDF vectors of words, pairs of words and pieces of words. It cannot know that two words
/// mean the same, so it is tuned to be right when it chooses, and to choose nothing when it may be wrong: the best branch must reach a
/// threshold and be clearly before the second. See docs/routing.md for how often it is right.
/// </summary>
internal sealed class LexicalIndex : ISemanticIndex
{
    /// <summary>Below it there is no choice. Set on half of the queries of the tests so that none of them was sent wrongly.</summary>
    public const double DefaultThreshold = 0.30;

    /// <summary>The second branch may have at most this share of the score of the first.</summary>
    public const double MaxRival = 0.80;

    /// <summary>One word in common is an accident more often than not: "train for a marathon" is no journey.</summary>
    public const double OneWordThreshold = 0.50;

    /// <summary>What the second nearest example of a branch adds to the nearest one.</summary>
    private const double Confirmation = 0.50;

    /// <summary>Longest example that is looked at, in characters.</summary>
    private const int MaxExampleLength = 500;

    private readonly Dictionary<string, Term> _terms = new(StringComparer.Ordinal);
    private readonly int[] _branchOf;
    private readonly int _branches;
    private readonly double _threshold;
    private readonly double _unknown;

    /// <param name="branches">Examples of each branch.</param>
    /// <param name="threshold">0 to 1; lower chooses more often, and wrongly more often.</param>
    public LexicalIndex(IReadOnlyList<IReadOnlyList<string>> branches, double threshold = DefaultThreshold)
    {
        _threshold = threshold;
        _branches = branches.Count;
        _branchOf = [.. branches.SelectMany((examples, i) => examples.Select(_ => i))];
        var examples = branches.SelectMany(all => all).Select(text => Weigh(text.Length <= MaxExampleLength ? text : text[..MaxExampleLength])).ToArray();
        foreach (var name in examples.SelectMany(example => example.Keys))
        {
            (CollectionsMarshal.GetValueRefOrAddDefault(_terms, name, out _) ??= new Term()).Frequency++;
        }

        // A word that is in no example says that the text is about something else: it weighs as one that is in a single example.
        _unknown = Rarity(1);
        foreach (var term in _terms.Values)
        {
            term.Rarity = Rarity(term.Frequency);
        }

        for (var i = 0; i < examples.Length; i++)
        {
            var norm = Math.Sqrt(examples[i].Sum(feature => Square(feature.Value * _terms[feature.Key].Rarity)));
            foreach (var (name, weight) in examples[i])
            {
                _terms[name].Examples.Add((i, weight * _terms[name].Rarity / norm));
            }
        }
    }

    public ValueTask<SemanticChoice> ChooseAsync(string text, CancellationToken cancellationToken) => ValueTask.FromResult(Choose(text));

    public SemanticChoice ChooseWithoutAsking(string text) => Choose(text);

    public SemanticChoice Choose(string text)
    {
        var similarities = new double[_branchOf.Length];
        var words = new int[Math.Max(1, _branches)];
        var norm = 0.0;
        foreach (var (name, weight) in Weigh(text))
        {
            var term = _terms.GetValueOrDefault(name);
            var value = weight * (term?.Rarity ?? _unknown);
            norm += Square(value);
            var last = -1;
            foreach (var (example, share) in term is null ? [] : CollectionsMarshal.AsSpan(term.Examples))
            {
                similarities[example] += value * share;
                if (weight >= 1 && _branchOf[example] != last)
                {
                    // Examples are in the order of their branches.
                    last = _branchOf[example];
                    words[last]++;
                }
            }
        }

        var (branch, score, rival) = Best(similarities, Math.Sqrt(norm));
        var isNear = score > 0 && score >= (words[branch] > 1 ? _threshold : Math.Max(_threshold, OneWordThreshold));
        return new SemanticChoice(isNear && rival <= score * MaxRival ? branch : null, score, SemanticChoice.Lexically);
    }

    /// <summary>The best branch by its nearest example, confirmed by the next nearest one, and the score of the second best branch.</summary>
    private (int Branch, double Score, double Rival) Best(double[] similarities, double norm)
    {
        var nearest = new (double First, double Second)[_branches];
        for (var i = 0; i < similarities.Length; i++)
        {
            ref var branch = ref nearest[_branchOf[i]];
            branch = similarities[i] > branch.First ? (similarities[i], branch.First) : (branch.First, Math.Max(branch.Second, similarities[i]));
        }

        var best = (Branch: 0, Score: 0.0, Rival: 0.0);
        for (var i = 0; norm > 0 && i < nearest.Length; i++)
        {
            var score = Math.Min(1, (nearest[i].First + (Confirmation * nearest[i].Second)) / norm);
            best = score > best.Score ? (i, score, best.Score) : best with { Rival = Math.Max(best.Rival, score) };
        }

        return best;
    }

    private static Dictionary<string, double> Weigh(string text)
    {
        // How often a word comes says little in texts as short.
        var weights = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (var (feature, weight) in LexicalText.Features(text))
        {
            weights[feature] = weight;
        }

        return weights;
    }

    private double Rarity(double frequency) => Math.Log(1 + (_branchOf.Length / frequency));

    private static double Square(double value) => value * value;

    private sealed class Term
    {
        /// <summary>Number of examples that it is in.</summary>
        public int Frequency { get; set; }

        public double Rarity { get; set; }

        public List<(int Example, double Share)> Examples { get; } = [];
    }
}
