using System.Globalization;

namespace Gatehouse.Routing.Traits;

/// <summary>How much a request asks of a model.</summary>
internal enum ComplexityLevel
{
    /// <summary>Below 0.15: small talk, a fact, a translation of a sentence.</summary>
    Simple,

    /// <summary>From 0.15.</summary>
    Medium,

    /// <summary>From 0.35: work on code, several instructions, many tools.</summary>
    Complex,

    /// <summary>From 0.60: proofs, plans, root causes; what models with reasoning are for.</summary>
    Reasoning,
}

/// <summary>
/// An estimate of how much a request asks of a model, by features that are counted and weighed: no model is called, and equal requests
/// come to equal levels. The borders of the levels are those of LiteLLM's <c>complexity_router</c> (0.15, 0.35, 0.60), so that routes can be
/// moved; the features and weights are Gatehouse's own and stand in <see cref="ComplexityFeature.All"/>.
/// </summary>
internal sealed class Complexity
{
    private const double MediumFrom = 0.15;
    private const double ComplexFrom = 0.35;
    private const double ReasoningFrom = 0.60;

    private readonly double[] _shares;

    private Complexity(double score, double[] shares) => (Score, _shares) = (score, shares);

    /// <summary>0 to 1.</summary>
    public double Score { get; }

    public ComplexityLevel Level => LevelOf(Score);

    public static ComplexityLevel LevelOf(double score) => score switch
    {
        < MediumFrom => ComplexityLevel.Simple,
        < ComplexFrom => ComplexityLevel.Medium,
        < ReasoningFrom => ComplexityLevel.Complex,
        _ => ComplexityLevel.Reasoning,
    };

    /// <param name="traits">Of the request.</param>
    /// <param name="lastUserText">What the user said last: what is asked now. What was asked before counts by its size only.</param>
    public static Complexity Of(RequestTraits traits, string lastUserText)
    {
        var text = new TextFeatures(lastUserText);
        var shares = new double[ComplexityFeature.All.Length];
        var score = 0.0;
        for (var i = 0; i < shares.Length; i++)
        {
            var feature = ComplexityFeature.All[i];
            shares[i] = feature.Weight * Math.Clamp(feature.Value(traits, text), 0, 1);
            score += shares[i];
        }

        // What is added up in another order must not come to another level.
        return new Complexity(Math.Round(Math.Clamp(score, 0, 1), 6), shares);
    }

    /// <summary>The score and the features that made it: <c>0.42 (code 0.20, tools 0.11, steps 0.10)</c>.</summary>
    public string Explain()
    {
        var strongest = _shares
            .Select((share, i) => (Share: share, ComplexityFeature.All[i].Name))
            .Where(feature => Math.Abs(feature.Share) >= 0.005)
            .OrderByDescending(feature => Math.Abs(feature.Share))
            .Take(3)
            .Select(feature => string.Create(CultureInfo.InvariantCulture, $"{feature.Name} {feature.Share:0.00}"))
            .ToArray();
        var score = Score.ToString("0.00", CultureInfo.InvariantCulture);
        return strongest is [] ? score : $"{score} ({string.Join(", ", strongest)})";
    }
}
