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
        ("", "request", @"^\.stream: missing false$", "false is the default"),
        ("", "request", @"^\.stream_options: unexpected \{""include_usage"":true\}$", "the gateway asks for the usage of every stream"),
        ("azure/", "request", @"^\.model: unexpected", "the path names it; a target's model is always named"),
        ("azure/chat-completions-chat-content-filtering-0", "response", @"^\.choices\[0\]\.message: unexpected", "clients want a message, even of a filtered answer"),
        ("copilot/chat-completions-", "response", @"^\.(object|created): unexpected", "clients want them in every answer"),
        ("snowflake/chat-completions-", "response", @"finish_reason: expected """", is ""(tool_calls|stop)""$", "an empty reason says nothing"),
        ("huggingface/chat-completions-", "request", @"^\.tools: missing \[\]$", "no tools are no tools"),
        ("huggingface/chat-completions-tool-choice-matrix", "request", @"^\.tool_choice\.type: unexpected ""function""$", "what is left out is what it is"),
        ("snowflake/chat-completions-", "response", @"tool_calls\[0\]\.custom: missing", "a custom tool without a name, beside the function that is called"),

        // OpenAI Responses
        ("openai/responses-stream-simple-agent-streamed-0", "request", @"^\.tools: missing \[\]$", "no tools are no tools"),
        ("openai/responses-response-with-", "request", @"^\.model: unexpected", "the template names the model; a target's model is always named"),
        ("mistralrs/responses-", "any", @"\.annotations: unexpected \[\]$", "the specification requires the list in a message that has an id"),
        ("copilot/responses-reasoning-roundtrip-nonstreaming-1", "request", @"\.annotations: unexpected \[\]$", "as above"),

        // Anthropic
        ("anthropic/", "request", @"^\.tools\[\d+\]\.type: missing ""custom""$", "a tool without a type is a custom one"),

        // Gemini
        ("gemini/", "request", @"^\.systemInstruction\.role: missing", "Google ignores the role of a system instruction"),
        ("vertex/", "request", @"^\.systemInstruction\.role: missing", "Google ignores the role of a system instruction"),
        ("gemini/", "request", @"^\.model: missing", "the path names the model"),
        ("gemini/", "request", @"\.thought: missing false$", "false is the default of protobuf, as good as nothing"),
        ("gemini/", "request", @"\.thinkingLevel: expected ""(low|medium|high)"", is ""(LOW|MEDIUM|HIGH)""$", "Google takes both; the constants are in upper case"),
        ("vertex/", "request", @"\.thinkingLevel: expected ""(low|medium|high)"", is ""(LOW|MEDIUM|HIGH)""$", "Google takes both; the constants are in upper case"),
        ("gemini/", "request", @"^\.generationConfig: missing \{\}$", "an empty message is as good as nothing"),
        ("vertex/", "request", @"^\.generationConfig: missing \{\}$", "an empty message is as good as nothing"),
        ("gemini/", "request", @"\.mode: expected ""none"", is ""NONE""$", "Google takes both; the constants are in upper case"),
        ("gemini/", "response", @"\.finishReason: expected 1, is ""STOP""$", "a proxy wrote enums of protobuf as numbers; Google writes names"),
        ("vertex/", "response", @"\.finishReason: expected [12], is ""(STOP|MAX_TOKENS)""$", "a proxy wrote enums of protobuf as numbers; Google writes names"),
        ("gemini/", "stream", @"^\.(responseId: unexpected ""01test|modelVersion: unexpected ""asked"")", "the stream had none; what is written has always one"),
        ("vertex/", "stream", @"^\.(responseId: unexpected ""01test|modelVersion: unexpected ""asked"")", "the stream had none; what is written has always one"),
        ("vertex/streamGenerateContent-streaming-failure-unknown-finish-enum-0", "stream", @"\.parts: expected 2 elements, has 1", "its text goes on behind a reason to end; streams know no borders of parts"),
        ("gemini/", "response", @"^\.candidates: missing \[\]$", "an empty list is as good as nothing"),
        ("vertex/", "response", @"\.content: unexpected \{""role"":""model""\}$", "an answer without parts: Google mostly writes its role"),
        ("gemini/", "response", @"\.candidates\[0\]\.index: unexpected 0$", "0 is the default of protobuf, as good as nothing"),
        ("vertex/", "response", @"\.candidates\[0\]\.index: unexpected 0$", "0 is the default of protobuf, as good as nothing"),
        ("gemini/", "response", @"\.content\.role: unexpected ""model""$", "Google mostly writes it, and an answer has no other"),
        ("vertex/", "response", @"\.content\.role: unexpected ""model""$", "Google mostly writes it, and an answer has no other"),

        // Bedrock
        ("bedrock/converse", "request", @"^\.(system: missing \[\]|inferenceConfig: missing \{\})$", "an empty list or object says nothing"),
        ("bedrock/converse-stream-guardrail-converse-stream-0", "request", @"^\.messages: expected 2 elements, has 1:", "two turns of the user in a row are one: roles alternate"),
        ("bedrock/converse-bedrock-test-video-url-input-1", "request", @"\.video\.format: expected ""video/mp4"", is ""mp4""$", "it sent a media type in place of a format"),

        // Cohere
        ("cohere/v2-chat-", "request", @"^\.stream: missing false$", "false is the default"),

        // Ollama
        ("ollama/api-chat-", "request", @"^\.(options: missing \{\}|tools: missing \[\]|format: missing """")$", "nothing said is nothing said"),
        ("ollama/api-chat-stream-testwithpullmodel-1", "request", @"^\.stream: unexpected true$", "true is the default, and always written"),

        // Mistral
        ("mistral/chat-completions-", "any", @"(tools|tool_calls)\[\d+\]\.type: unexpected ""function""$", "the default, which clients want to see"),
        ("mistral/chat-completions-", "request", @"\.(content|tool_calls): missing \[\]$", "an empty list says nothing"),
        ("mistral/chat-completions-els-mistral-pixtral", "request", @"\.image_url: expected ""(?<url>https:[^""]+)"", is \{""url"":""\k<url>""\}$", "two forms of the same"),
    ];

    public static bool Covers(string id, string what, string difference) => All.Any(e =>
        id.StartsWith(e.IdPrefix, StringComparison.Ordinal) && (e.What == "any" || e.What == what)
        && Regex.IsMatch(difference, e.Place, RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1)));
}
