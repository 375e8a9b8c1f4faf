using System.Text.RegularExpressions;

namespace Gatehouse.Protocols.Tests.Recorded;

/// <summary>
/// Where a recorded body, read and written again in its own dialect, may differ: all there are, each with its reason. An exception is
/// about one place (a regular expression on what <see cref="JsonDifference"/> says) in the cases whose id begins with a prefix.
/// </summary>
internal static class RoundTripExceptions
{
    private static readonly (string IdPrefix, string What, string Place, string Reason)[] All =
    [
        // OpenAI Chat

        // OpenAI Responses

        // Anthropic

        // Gemini
        ("gemini/", "request", @"^\.systemInstruction\.role: missing", "Google ignores the role of a system instruction"),
        ("vertex/", "request", @"^\.systemInstruction\.role: missing", "Google ignores the role of a system instruction"),
        ("gemini/", "request", @"^(\.generateContentRequest)?\.model: missing", "the path names the model"),
        ("gemini/", "request", @"\.thought: missing false$", "false is the default of protobuf, as good as nothing"),
        ("gemini/", "request", @"\.thinkingLevel: expected ""(low|medium|high)"", is ""(LOW|MEDIUM|HIGH)""$", "Google takes both; the constants are in upper case"),
        ("vertex/", "request", @"\.thinkingLevel: expected ""(low|medium|high)"", is ""(LOW|MEDIUM|HIGH)""$", "Google takes both; the constants are in upper case"),
        ("gemini/", "response", @"\.candidates\[0\]\.index: unexpected 0$", "0 is the default of protobuf, as good as nothing"),
        ("vertex/", "response", @"\.candidates\[0\]\.index: unexpected 0$", "0 is the default of protobuf, as good as nothing"),
        ("gemini/", "response", @"\.content\.role: unexpected ""model""$", "Google mostly writes it, and an answer has no other"),
        ("vertex/", "response", @"\.content\.role: unexpected ""model""$", "Google mostly writes it, and an answer has no other"),

        // Bedrock

        // Cohere

        // Ollama

        // Mistral
    ];

    public static bool Covers(string id, string what, string difference) => All.Any(e =>
        id.StartsWith(e.IdPrefix, StringComparison.Ordinal) && (e.What == "any" || e.What == what)
        && Regex.IsMatch(difference, e.Place, RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1)));
}
