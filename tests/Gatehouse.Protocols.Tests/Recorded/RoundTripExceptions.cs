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
        ("", "request", @"^\.stream: missing false$", "false is the default"),
        ("openai/responses-stream-simple-agent-streamed-0", "request", @"^\.tools: missing \[\]$", "no tools are no tools"),
        ("openai/responses-response-with-", "request", @"^\.model: unexpected", "the template names the model; a target's model is always named"),
        ("mistralrs/responses-", "any", @"\.annotations: unexpected \[\]$", "the specification requires the list in a message that has an id"),
        ("copilot/responses-reasoning-roundtrip-nonstreaming-1", "request", @"\.annotations: unexpected \[\]$", "as above"),

        // Anthropic

        // Gemini

        // Bedrock

        // Cohere
        ("cohere/v2-chat-", "request", @"^\.stream: missing false$", "false is the default"),

        // Ollama
        ("ollama/api-chat-", "request", @"^\.(options: missing \{\}|tools: missing \[\]|format: missing """")$", "nothing said is nothing said"),
        ("ollama/api-chat-stream-testwithpullmodel-1", "request", @"^\.stream: unexpected true$", "true is the default, and always written"),

        // Mistral
    ];

    public static bool Covers(string id, string what, string difference) => All.Any(e =>
        id.StartsWith(e.IdPrefix, StringComparison.Ordinal) && (e.What == "any" || e.What == what)
        && Regex.IsMatch(difference, e.Place, RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1)));
}
