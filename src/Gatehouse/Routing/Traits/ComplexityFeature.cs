namespace Gatehouse.Routing.Traits;

/// <summary>One thing by which a request is judged.</summary>
/// <param name="Name">For a person.</param>
/// <param name="Weight">What it adds to the score when it is there in full. Negative: it makes the request simpler.</param>
/// <param name="Value">How much of it is there, 0 to 1; more counts as 1.</param>
internal sealed record ComplexityFeature(string Name, double Weight, Func<RequestTraits, TextFeatures, double> Value)
{
    /// <summary>
    /// The weights were set so that each of what makes a request medium suffices alone (about 0.2), two of them together are complex, and
    /// words that ask for reasoning with one of the others, or three others, lead to the highest level.
    /// </summary>
    public static readonly ComplexityFeature[] All =
    [
        // "Prove", "step by step", "trade-offs": what was written for models with reasoning. Two of them are no accident.
        new("reasoning words", 0.40, (_, text) => text.ReasoningWords / 2.0),

        // The caller has switched thinking on, and pays for it already.
        new("thinking asked for", 0.20, (request, _) => request.WantsReasoning ? 1 : 0),

        // A block of code is 1; words of code without one may be a quotation.
        new("code", 0.20, (_, text) => text.CodeFences > 0 ? 1 : text.CodeWords / 4.0),

        // Whoever shows a failure wants its cause found.
        new("stack trace", 0.15, (_, text) => text.TraceWords / 2.0),

        // Formulas and words of mathematics.
        new("mathematics", 0.25, (_, text) => text.MathWords / 2.0),

        // Words of engineering and science: an answer takes knowledge, not only language.
        new("technical words", 0.25, (_, text) => text.TechnicalWords / 4.0),

        // Numbered or listed instructions, "first ... then ... finally".
        new("steps", 0.20, (_, text) => Math.Max(text.ListLines / 3.0, text.SequenceWords / 3.0)),

        // "Why", "how", "compare": more than one makes a question that is to be thought about.
        new("questions", 0.10, (_, text) => (text.QuestionWords + Math.Max(0, text.QuestionMarks - 1)) / 3.0),

        // None up to 500 tokens, all at 32,000; what is in between grows with the logarithm.
        new("size", 0.25, (request, _) => Math.Log2(Math.Max(1, request.InputTokens / 500.0)) / 6),

        // A long text of the user's own asks for more than a short one: 200 characters to 3,200.
        new("length of the question", 0.10, (_, text) => Math.Log2(Math.Max(1, text.Length / 200.0)) / 4),

        // A long conversation has a history to be kept in mind.
        new("turns", 0.10, (request, _) => (request.TurnCount - 4) / 16.0),

        // A choice among tools; one alone is often only a form of the answer.
        new("tools", 0.15, (request, _) => request.ToolCount == 0 ? 0 : 0.3 + (request.ToolCount / 10.0)),

        // The answer has to fit a form beside being right.
        new("structured output", 0.08, (request, _) => request.WantsStructuredOutput ? 1 : 0),

        // Images, sounds and files have to be understood, mostly simply.
        new("media", 0.08, (request, _) => request.Modalities == Modalities.None ? 0 : 1),

        // Greetings, thanks, "what is", "translate": only of short texts about nothing special, as others begin so too.
        new("simple words", -0.15, (_, text) => text.Length < 160 && text.MathWords + text.TechnicalWords + text.CodeWords == 0 ? text.SimpleWords : 0),
    ];
}
