using System.Text.RegularExpressions;

namespace Gatehouse.Protocols.Tests.Aligned;

/// <param name="What">The comparisons it holds for, with <c>|</c> between them.</param>
/// <param name="Pattern">A regular expression on the beginning of the difference: case, pair, fact and values.</param>
/// <param name="Reason">Why it is right.</param>
internal sealed record AlignedException(string What, string Pattern, string Reason)
{
    private readonly Regex _regex = new($"^(?:{Pattern})", RegexOptions.ExplicitCapture | RegexOptions.Singleline, TimeSpan.FromSeconds(1));

    public bool IsFor(string what) => What.Split('|').Contains(what, StringComparer.Ordinal);

    public bool Covers(string difference) => _regex.IsMatch(difference);
}

/// <summary>Where a translation may say something else than its source and its recording: all there are, each with its reason.</summary>
internal static class AlignedExceptions
{
    public static readonly IReadOnlyList<AlignedException> All =
    [
        new("requests|second turns|requests of a peer", @"\S+ \S+>responses: store: said nothing, written 'false'$", "the default of Responses is to keep answers, that of all others is not to"),
        new("requests|second turns|requests of a peer", @"\S+ \S+>responses: include: said nothing, written '\[""reasoning\.encrypted_content"" \]'$", "what is not kept must come with its encrypted thoughts, or the next turn lacks them"),
        new("requests|second turns|requests of a peer", @"\S+ \S+>responses: tool \w+\.strict: said nothing, (recorded 'true', )?written 'false'$", "the default of Responses is strict, that of all others is not"),
        new("requests|second turns", @"\S+ (?!\S*anthropic>)\S+>\S*anthropic: max_tokens: said nothing, (recorded '\d+', )?written '4096'$", "Anthropic requires a limit: the gateway's default, where the caller set none"),
        new("requests|second turns|requests of a peer", @"\S+ \S+>\S*anthropic: max_tokens: said nothing, (recorded '\d+', )?written '(5120|12288|20480)'$", "Anthropic requires a limit; there must be room for the thoughts and as much again"),
        new("requests|second turns|requests of a peer", @"\S+ \S+>(google|\S*anthropic|bedrock): reasoning: said '(low|medium|high)', (recorded ('(5000|10000|15000|2048|1024|3072) tokens'|nothing), )?written '(2048|8192|16384) tokens'$", "an effort in tokens: no provider publishes a table; the recordings have each another, and Gatehouse's is documented"),
        new("requests|second turns|requests of a peer", @"\S+ \S+>(\S*anthropic|bedrock): reasoning: said '(medium|high)', (recorded ('(2048|3072|15000) tokens'|nothing), )?written '(6144|10000|10240) tokens'$", "at most half of the limit goes to thoughts, or nothing would be left to say"),
        new("requests|second turns|requests of a peer", @"\S+ google>\S+: reasoning: said '(1024|5000|10000) tokens', (recorded '(low|medium|high)', )?written '(minimal|low|medium|high)'$", "a budget as an effort: the least that has it and that the model knows, by the same documented table"),
        new("requests of a peer", @"textFormatJsonObjectParam \S+>(anthropic|bedrock): part\[[01]\]: said (nothing|'user text: Return .*'), written '(system text: Answer with one JSON object and nothing else\.|user text: Return .*)'$", "these formats have nothing like json_object: the model is asked in words"),
        new("requests of a peer", @"thinkingDisabledParam anthropic>chat-completions: reasoning: said 'none', recorded nothing, written 'minimal'$", "gpt-5 thinks always: the least it has, where the peer leaves it to the model"),
        new("golden requests", @"structured-output anthropic>bedrock: (format|format\.schema|tool gatehouse_json_answer(\.\w+)?|tool_choice): ", "the model does not know outputConfig.textFormat: it is given a tool, and cannot think while it must call it"),
        new("requests of a peer", @"reasoningRequestTruncated responses>anthropic: reasoning: said 'high', recorded '1024 tokens', written nothing and told", "a budget must be less than max_tokens (Anthropic), which is 100 here; the peer's request was refused"),
        new("requests of a peer", @"reasoningEffortNoneParam \S+>(anthropic|bedrock): reasoning: said 'none', written nothing", "Claude does not think unless it is told to; not every model takes 'disabled'"),
        new("requests of a peer", @"(reasoningEffortNoneParam|thinkingDisabledParam) \S+>google: reasoning: said 'none', recorded (nothing|'thinking_level_unspecified'), written 'minimal'$", "Gemini 3 cannot be kept from thinking: the least it has; unspecified, as the peer has it, is the model's default"),
        new("second turns", @"\S+ (google|responses)>\S+: (thought|signature)\[\d+\]: said .*, written nothing", "thoughts go back to the one who had them, and to nobody else"),
        new("requests of a peer", @"anthropicMixedToolResultWithText anthropic>google: signature\[0\]: said nothing, written 'skip_thought_signature_validator'$", "Gemini 3 refuses calls without its signature; this is Google's documented stand-in for calls of others"),
        new("second turns", @"(complexReasoningRequest|reasoningSummaryParam) (responses|google)>\S+: reasoning\.shown: said 'true', written nothing and told", "there is no such parameter: Claude shows its thoughts whenever it thinks, OpenAI Chat never does"),
        new("requests|second turns", @"\w+ \S+>(chat-completions|responses|anthropic): (temperature|top_p): said '[\d.]+', written nothing and told as .*(temperature|top_p)", "these models refuse it (rules of the target)"),
        new("second turns", @"(metadataParam|promptCacheKeyParam) \S+>anthropic: (metadata|store|prompt_cache_key): said .*, written nothing and told", "Anthropic has no such parameter"),
        new("requests|second turns", @"metadataParam responses>chat-completions: metadata: said .*, written nothing and told as .*metadata", "OpenAI Chat: \"The 'metadata' parameter is only allowed when 'store' is enabled\""),
        new("requests|second turns|requests of a peer", @"\w+ (anthropic>(chat-completions|responses)|responses>anthropic): cache\[\d\]: said '(5m|1h)', (recorded '5m', )?written nothing and told as .*(cache_control|prompt_cache_breakpoint)", "OpenAI's marks of a cache are other ones, of some models; it caches without them"),
        new("second turns", @"textFormatJsonSchemaWithDescriptionParam \S+>(anthropic|google): format\.description: said .*, written nothing and told as .*response_format\.description", "the format has no place for it"),
        new("second turns", @"toolChoiceRequiredParam \S+>google: tool get_weather\.strict: said 'true', written nothing and told as .*strict", "Gemini's declarations have no such member"),
        new("requests of a peer", @"logprobsParam chat-completions>responses: top_logprobs: said '2', written nothing and told as logprobs$", "GPT-5 refuses it (rules of the target)"),
        new("requests of a peer", @"documentContentParam anthropic>google: part\[[012]\]: ", "Gemini's files have no title: it is told before the file as text; the peer lost it, and put text where base64 must be"),
        new("requests of a peer", @"jsonSchema(MinimumMaximum|PrefixItems)Param \S+>anthropic: format\.schema: ", "limits that Anthropic's structured outputs refuse are told in words, so that the model still knows them; the peer lost them"),
        new("requests|second turns|requests of a peer", @"codeInterpreterToolParam \S+: refused: ((tools\[0\]|messages\[1\]\.content\[0\]) \((bash_20250124|codeExecution|executableCode|code_interpreter)\)|a part of type 'code_interpreter_call')$", "a provider's own tool runs at that provider only"),
        new("requests|second turns|requests of a peer", @"responsesToolSearchInputParam \S+: refused: ((tools\[0\]|messages\[1\]\.content\[0\]) \((tool_search_tool_regex_20251119|namespace|server_tool_use)\)|a part of type 'tool_search_call')$", "a provider's own tool runs at that provider only"),
        new("requests|second turns|requests of a peer", @"webSearchToolAdvancedParam \S+: refused: (tools\[0\] \((web_search_20250305|googleSearch)\)|a part of type 'server_tool_use')$", "a provider's own tool runs at that provider only"),
        new("requests of a peer", @"textEditorToolV[23]Param anthropic>google: refused: tools\[0\] \(text_editor_\d+\)$", "a tool whose description only Claude knows"),
        new("requests of a peer", @"(responseModalitiesAudio|speechConfig)Param google>\S+: refused: modalities \(audio\)$", "an answer in sound is not one in text; OpenAI's Chat models want a voice of their own with it"),
        new("requests of a peer", @"openaiServiceTierFastParam responses>google: service_tier: said '""fast""', recorded '""priority""', written nothing and told as .*service_tier", "tiers have their own names and prices at each provider: none is bought in another's words"),
        new("requests|second turns", @"simpleRequestTruncated \S+>responses: max_tokens: said '1', written '16'$", "the least that Responses takes, as the recording in its format says (400)"),
        new("answers|streams", @"\w+ \S+>bedrock \S+: usage\.reasoning: said '\d+', written nothing$", "Bedrock does not count thoughts apart from the output"),
        new("answers|streams", @"(codeInterpreterTool|responsesToolSearchInput|webSearchToolAdvanced)Param \S+ \S+: foreign\[\d+\]: said '(executableCode|codeExecutionResult|code_interpreter_call|server_tool_use|tool_search_tool_result|web_search_tool_result|tool_search_call|tool_search_output|web_search_call): .*, written nothing$", "what a provider's own tool did has no form elsewhere; the answer's text says what came of it"),
        new("answers|streams", @"\w+ google>chat-completions \S+: signature\[\d\]: said .*, written nothing$", "Gemini's signature of a text: OpenAI Chat has no place beside a text, and Google does not demand it back"),
        new("answers|streams", @"(responseModalitiesAudio|speechConfig)Param google>(responses|anthropic|bedrock) \S+: (part|foreign)\[\d+\]: ", "sound cannot be said in the format; requests for it are refused before"),
        new("answers", @"speechConfigParam google>\S+ response: end: said 'OTHER', written 'end'$", "'unknown reason' is a word of Google's alone; the answer is empty"),
        new("answers|streams", @"responsesAdditionalToolsMultipleToolsParam responses>(anthropic|google|bedrock) \S+: part\[0\]: said 'assistant call write_release_note #call0: (?<text>[^']*)', written 'assistant call write_release_note #call0: \{text:""\k<text>"" \}'$", "free text of a custom tool as the one argument of a tool that takes JSON"),
        new("answers of a peer", @"(responsesToolSearchInput|webSearchToolAdvanced)Param responses>anthropic: foreign\[\d\]: said '(tool_search_call|tool_search_output|web_search_call): .*, recorded .*, written nothing$", "the peer dresses OpenAI's own tools as Anthropic's, with results that Anthropic did not encrypt and would refuse on the next turn"),
        new("golden requests", @"full chat-completions>\S+: refused: n$", "several answers cannot be had there; one would be another answer"),
        new("golden requests", @"(parallel-tool-call|tool-call|tool_history_without_tools) \S+>(bedrock|anthropic): tool( get_\w+(\.parameters)?|_choice): said nothing, written ('|'none'$)", "calls in the history without tools are refused there: they are declared from the history, and not to be called"),
        new("golden requests", @"reasoning(_max)? chat-completions>(anthropic|google): (reasoning: said '(medium|xhigh)', recorded '\d+ tokens', written '(6144|8192|24576) tokens'|max_tokens: said nothing, recorded '4096', written '12288')$", "an effort in tokens: no provider publishes a table; Gatehouse's is documented"),
        new("golden requests", @"(reasoning chat-completions|structured-output anthropic)>bedrock: reasoning: said '(medium|high)', (recorded '2048 tokens', )?written nothing and told as reasoning_effort$", "no model of Bedrock's that can think (gpt-3.5-turbo, claude-3-sonnet)"),
        new("golden requests", @"reasoning_replay chat-completions>bedrock: thought\[0\]: said 'Twoplustwo\.', written nothing and told as messages\[1\]\.reasoning_signature", "a signature in that gateway's own member: it cannot be known whose it is"),
        new("golden requests", @"(basic|tools) anthropic>responses: (store|tool get_weather\.strict): said nothing, written 'false'$", "the defaults of Responses are to keep answers and to be strict"),
        new("golden requests", @"(cache_control|system_message) anthropic>chat-completions: (part|cache)\[\d+\]: ", "one text for each turn; images of results stand behind them; OpenAI's cache needs no marks"),
        new("golden requests", @"(system_message anthropic>bedrock|cache_control responses>google): part\[[12]\]: said 'system text: .*, written 'user text: <system> .* </system>'$", "a later system turn where the format has only a first one: nothing is moved before what was said earlier"),
        new("golden requests", @"^tool_history_without_tools anthropic>bedrock: part\[[012]\]: ", "the history begins with the assistant, which Bedrock refuses: a turn of the user stands before it"),
        new("golden requests", @"gpt_adaptive_thinking_with_tools anthropic>chat-completions: reasoning: said 'adaptive', recorded 'none', written nothing and nobody told$", "adaptive is that the model decides, which is OpenAI's default; none would keep it from thinking"),
        new("golden requests", @"responses_agent_subset anthropic>responses: refused: messages\[1\]\.content\[3\] \(file id of another provider\)$", "the file is not at the other provider"),
        new("golden requests", @"server_tools anthropic>\S+: refused: tools\[0\] \(web_search_20250305\)$", "a provider's own tool runs at that provider only"),
        new("golden requests", @"input-list responses>google: stream: said 'true', written nothing", "the path says it"),
        new("golden requests", @"input-media responses>bedrock: refused: messages\[0\]\.content\[3\] \(a document from a URL", "Bedrock takes no URLs but s3://, and the gateway does not fetch what callers name"),
        new("golden answers", @"audio chat-completions>(anthropic|responses): part\[0\]: said 'assistant text: (?<text>[^']*)', written 'assistant text: \k<text>\k<text>'$", "what is said in the sound stands in for it; the text beside it says the same here"),
        new("golden answers", @"truncated_tool_call chat-completions>anthropic: part\[0\]: said 'assistant call get_weather #call0: \{""location"": ""Par'", "arguments that were cut must be an object there; the other gateway writes a bare text, which is none"),
    ];
}
