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

        // Bedrock
        ("bedrock/converse", "request", @"^\.(system: missing \[\]|inferenceConfig: missing \{\})$", "an empty list or object says nothing"),
        ("bedrock/converse-stream-guardrail-converse-stream-0", "request", @"^\.messages: expected 2 elements, has 1:", "two turns of the user in a row are one: roles alternate"),
        ("bedrock/converse-bedrock-test-video-url-input-1", "request", @"\.video\.format: expected ""video/mp4"", is ""mp4""$", "it sent a media type in place of a format"),

        // Cohere

        // Ollama

        // Mistral
    ];

    public static bool Covers(string id, string what, string difference) => All.Any(e =>
        id.StartsWith(e.IdPrefix, StringComparison.Ordinal) && (e.What == "any" || e.What == what)
        && Regex.IsMatch(difference, e.Place, RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1)));
}
