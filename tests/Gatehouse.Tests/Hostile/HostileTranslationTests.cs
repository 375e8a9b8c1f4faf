using System.Net.Http.Headers;
using System.Text;
using Gatehouse.Tests.Harness;
using Microsoft.Extensions.Logging;

namespace Gatehouse.Tests.Hostile;

/// <summary>Requests and answers with anything in them, through every pair of dialects: none is a failure of the gateway's own.</summary>
public sealed class HostileTranslationTests
{
    private const string Schema = """{"type":"object","properties":{"city":{"type":["string","null"],"enum":["a",null],"description":"d"},"n":{"anyOf":[{"type":"integer","minimum":1},{"$ref":"#/$defs/x"}]}},"required":["city"],"additionalProperties":false,"$defs":{"x":{"const":3}}}""";

    private static readonly (string Path, string Body)[] Callers =
    [
        ("/v1/chat/completions",
            """{"model":"MODEL","stream":false,"stream_options":{"include_usage":true},"max_completion_tokens":100,"temperature":0.5,"top_p":0.9,"n":1,"stop":["x"],"seed":3,"logprobs":true,"top_logprobs":2,"user":"u","metadata":{"a":"b"},"service_tier":"auto","reasoning_effort":"low","parallel_tool_calls":true,"logit_bias":{"5":1},"response_format":{"type":"json_schema","json_schema":{"name":"n","strict":true,"schema":SCHEMA}},"tools":[{"type":"function","function":{"name":"weather","description":"d","parameters":SCHEMA,"strict":true}}],"tool_choice":{"type":"function","function":{"name":"weather"}},"messages":[{"role":"system","content":"s"},{"role":"user","name":"bob","content":[{"type":"text","text":"h\u00e9 \ud83d\ude00"},{"type":"image_url","image_url":{"url":"data:image/png;base64,aGk=","detail":"low"}},{"type":"image_url","image_url":{"url":"https://example.org/a.png"}},{"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,aGk="}},{"type":"input_audio","input_audio":{"data":"aGk=","format":"wav"}}]},{"role":"assistant","content":null,"reasoning_content":"r","tool_calls":[{"id":"call_1","type":"function","function":{"name":"weather","arguments":"{\"city\":\"a\"}"}}]},{"role":"tool","tool_call_id":"call_1","content":"{\"t\":1}"},{"role":"assistant","content":"a","refusal":null},{"role":"user","content":"q"}]}"""),
        ("/v1/responses",
            """{"model":"MODEL","stream":false,"store":true,"instructions":"i","max_output_tokens":50,"temperature":1,"reasoning":{"effort":"low","summary":"auto"},"text":{"format":{"type":"json_schema","name":"n","schema":SCHEMA,"strict":true},"verbosity":"low"},"tools":[{"type":"function","name":"weather","parameters":SCHEMA,"strict":true},{"type":"web_search"}],"tool_choice":"auto","include":["reasoning.encrypted_content"],"metadata":{"a":"b"},"input":[{"role":"user","content":[{"type":"input_text","text":"t"},{"type":"input_image","image_url":"data:image/png;base64,aGk=","detail":"auto"},{"type":"input_file","filename":"f","file_data":"data:application/pdf;base64,aGk="}]},{"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"s"}],"encrypted_content":"e"},{"type":"function_call","call_id":"c1","name":"weather","arguments":"{\"city\":\"a\"}"},{"type":"function_call_output","call_id":"c1","output":"o"},{"type":"message","role":"assistant","id":"msg_1","status":"completed","content":[{"type":"output_text","text":"x","annotations":[{"type":"url_citation","url":"https://e.org","title":"t","start_index":0,"end_index":1}]}]},{"role":"user","content":"q"}]}"""),
        ("/v1/messages",
            """{"model":"MODEL","stream":false,"max_tokens":100,"system":[{"type":"text","text":"s","cache_control":{"type":"ephemeral","ttl":"1h"}}],"temperature":0.5,"top_k":5,"stop_sequences":["x"],"thinking":{"type":"enabled","budget_tokens":1024},"metadata":{"user_id":"u"},"service_tier":"auto","tools":[{"name":"weather","description":"d","input_schema":SCHEMA,"cache_control":{"type":"ephemeral"}}],"tool_choice":{"type":"tool","name":"weather","disable_parallel_tool_use":true},"messages":[{"role":"user","content":[{"type":"text","text":"t"},{"type":"image","source":{"type":"base64","media_type":"image/png","data":"aGk="}},{"type":"image","source":{"type":"url","url":"https://example.org/a.png"}},{"type":"document","title":"t","citations":{"enabled":true},"source":{"type":"text","media_type":"text/plain","data":"x"}}]},{"role":"assistant","content":[{"type":"thinking","thinking":"t","signature":"s"},{"type":"redacted_thinking","data":"d"},{"type":"text","text":"x"},{"type":"tool_use","id":"tu_1","name":"weather","input":{"city":"a"}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"tu_1","is_error":true,"content":[{"type":"text","text":"r"},{"type":"image","source":{"type":"base64","media_type":"image/png","data":"aGk="}}]}]}]}"""),
        ("/v1beta/models/MODEL:generateContent",
            """{"systemInstruction":{"parts":[{"text":"s"}]},"generationConfig":{"temperature":0.5,"topP":0.9,"topK":4,"candidateCount":1,"maxOutputTokens":100,"stopSequences":["x"],"seed":2,"responseMimeType":"application/json","responseSchema":{"type":"OBJECT","properties":{"a":{"type":"STRING","nullable":true}}},"thinkingConfig":{"thinkingBudget":100,"includeThoughts":true},"responseLogprobs":true,"logprobs":2},"safetySettings":[{"category":"HARM_CATEGORY_HARASSMENT","threshold":"BLOCK_NONE"}],"tools":[{"functionDeclarations":[{"name":"weather","description":"d","parameters":{"type":"OBJECT","properties":{"city":{"type":"STRING"}}}}]},{"googleSearch":{}}],"toolConfig":{"functionCallingConfig":{"mode":"ANY","allowedFunctionNames":["weather"]}},"contents":[{"role":"user","parts":[{"text":"t"},{"inlineData":{"mimeType":"image/png","data":"aGk="}},{"fileData":{"mimeType":"image/png","fileUri":"https://example.org/a.png"}}]},{"role":"model","parts":[{"text":"x","thought":true,"thoughtSignature":"c2ln"},{"functionCall":{"id":"f1","name":"weather","args":{"city":"a"}}}]},{"role":"user","parts":[{"functionResponse":{"id":"f1","name":"weather","response":{"result":"r"}}}]}]}"""),
        ("/v1/messages/count_tokens",
            """{"model":"MODEL","system":"s","messages":[{"role":"user","content":[{"type":"text","text":"t"},{"type":"image","source":{"type":"base64","media_type":"image/png","data":"aGk="}}]}],"tools":[{"name":"w","input_schema":SCHEMA}]}"""),
        ("/v1beta/models/MODEL:countTokens", """{"contents":[{"role":"user","parts":[{"text":"t"}]}],"generateContentRequest":{"model":"models/other","contents":[{"parts":[{"text":"t"}]}]}}"""),
        ("/v1/embeddings", """{"model":"MODEL","input":["a","b"],"dimensions":256,"encoding_format":"float","user":"u","input_type":"query"}"""),
        ("/v1/rerank", """{"model":"MODEL","query":"q","documents":["a",{"text":"b"}],"top_n":1,"return_documents":true,"max_tokens_per_doc":5}"""),
    ];

    private static readonly string[] Answers =
    [
        """{"id":"x","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"c","reasoning_content":"r","tool_calls":[{"id":"c1","type":"function","function":{"name":"weather","arguments":"{\"city\":1}"}}],"annotations":[{"type":"url_citation","url_citation":{"url":"u","title":"t","start_index":0,"end_index":1}}]},"logprobs":{"content":[{"token":"c","logprob":-0.5,"bytes":[99],"top_logprobs":[]}]},"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":5,"completion_tokens":6,"total_tokens":11,"prompt_tokens_details":{"cached_tokens":2}}}""",
        """{"id":"resp_1","object":"response","status":"completed","model":"m","output":[{"type":"reasoning","id":"rs","summary":[{"type":"summary_text","text":"s"}],"encrypted_content":"e"},{"type":"function_call","id":"fc","call_id":"c","name":"weather","arguments":"{}"},{"type":"message","id":"m","role":"assistant","status":"completed","content":[{"type":"output_text","text":"x","annotations":[]}]}],"usage":{"input_tokens":5,"output_tokens":6,"total_tokens":11}}""",
        """{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[{"type":"thinking","thinking":"t","signature":"s"},{"type":"text","text":"x","citations":[{"type":"char_location","cited_text":"c","document_index":0,"document_title":"t","start_char_index":0,"end_char_index":1}]},{"type":"tool_use","id":"tu","name":"weather","input":{"city":1}}],"stop_reason":"tool_use","usage":{"input_tokens":5,"output_tokens":6,"cache_read_input_tokens":3}}""",
        """{"candidates":[{"content":{"role":"model","parts":[{"text":"t","thought":true},{"text":"x"},{"functionCall":{"name":"weather","args":{"city":1}}},{"inlineData":{"mimeType":"image/png","data":"aGk="}}]},"finishReason":"STOP","index":0,"groundingMetadata":{"groundingChunks":[{"web":{"uri":"u","title":"t"}}],"groundingSupports":[{"segment":{"startIndex":0,"endIndex":1,"text":"x"},"groundingChunkIndices":[0]}]},"logprobsResult":{"chosenCandidates":[{"token":"x","logProbability":-0.5}]}}],"usageMetadata":{"promptTokenCount":5,"candidatesTokenCount":6,"thoughtsTokenCount":2,"totalTokenCount":13},"modelVersion":"m","responseId":"r","totalTokens":4}""",
        """{"output":{"message":{"role":"assistant","content":[{"reasoningContent":{"reasoningText":{"text":"t","signature":"s"}}},{"text":"x"},{"toolUse":{"toolUseId":"t","name":"weather","input":{"city":1}}}]}},"stopReason":"tool_use","usage":{"inputTokens":5,"outputTokens":6,"totalTokens":11},"metrics":{"latencyMs":1},"inputTokens":4}""",
        """{"id":"c","message":{"role":"assistant","content":[{"type":"thinking","thinking":"t"},{"type":"text","text":"x"}],"tool_plan":"p","tool_calls":[{"id":"a","type":"function","function":{"name":"weather","arguments":"{}"}}],"citations":[{"start":0,"end":1,"text":"x","sources":[{"type":"document","id":"d","document":{"title":"t"}}]}]},"finish_reason":"TOOL_CALL","usage":{"tokens":{"input_tokens":5,"output_tokens":6},"billed_units":{"input_tokens":5}}}""",
        """{"model":"m","created_at":"2025-01-01T00:00:00.123456789Z","message":{"role":"assistant","content":"x","thinking":"t","tool_calls":[{"function":{"name":"weather","arguments":{"city":1}}}]},"done":true,"done_reason":"stop","prompt_eval_count":5,"eval_count":6}""",
        """{"object":"list","model":"m","data":[{"object":"embedding","index":0,"embedding":[0.1,-0.2]},{"object":"embedding","index":1,"embedding":[0.1,1e-7]}],"embeddings":{"float":[[0.1,0.2],[0.3,0.4]]},"usage":{"prompt_tokens":3,"total_tokens":3},"results":[{"index":0,"relevance_score":0.9},{"index":1,"relevance_score":0.5}],"input_tokens":7}""",
        """{"error":{"message":"m","type":"invalid_request_error","code":"c","param":"p","status":"INVALID_ARGUMENT"},"message":"m","type":"error"}""",
    ];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task No_request_makes_a_translation_fail(int seed)
    {
        await using var upstream = new ScriptedUpstream((_, connection) => connection.RespondAsync(200, "application/json", Answers[0]));
        await using var gateway = await GatewayHost.StartAsync(HostileProviders.Configuration(upstream.Address));
        var random = new Random(seed);
        for (var i = 0; i < Rounds; i++)
        {
            var (path, body) = Callers[random.Next(Callers.Length)];
            var target = HostileProviders.Targets[random.Next(HostileProviders.Targets.Length)];
            body = Filled(body, target, random);

            await SendAsync(gateway, path.Replace("MODEL", Uri.EscapeDataString(target), StringComparison.Ordinal), HostileBodies.Mutate(body, random));
        }

        Assert.NotEmpty(upstream.Requests);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task No_answer_makes_a_translation_fail(int seed)
    {
        var random = new Random(seed);
        await using var upstream = new ScriptedUpstream((_, connection) => connection.RespondAsync(
            random.Next(6) == 0 ? 400 + random.Next(200) : 200, "application/json", HostileBodies.Mutate(Answers[random.Next(Answers.Length)], random)));
        await using var gateway = await GatewayHost.StartAsync(HostileProviders.Configuration(upstream.Address));
        for (var i = 0; i < Rounds; i++)
        {
            var (path, body) = Callers[random.Next(Callers.Length)];
            var target = HostileProviders.Targets[random.Next(HostileProviders.Targets.Length)];

            await SendAsync(gateway, path.Replace("MODEL", Uri.EscapeDataString(target), StringComparison.Ordinal), Encoding.UTF8.GetBytes(Filled(body, target, random)));
        }
    }

    private static int Rounds => int.TryParse(Environment.GetEnvironmentVariable("HOSTILE_ROUNDS"), out var rounds) ? rounds : 400;

    private static string Filled(string body, string target, Random random)
    {
        body = body.Replace("MODEL", target, StringComparison.Ordinal).Replace("SCHEMA", Schema, StringComparison.Ordinal);
        return random.Next(3) == 0 ? body.Replace("\"stream\":false", "\"stream\":true", StringComparison.Ordinal) : body;
    }

    private static async Task SendAsync(GatewayHost gateway, string path, byte[] body)
    {
        using var content = new ByteArrayContent(body);
        content.Headers.ContentType = MediaTypeHeaderValue.Parse("application/json");
        using var response = await gateway.Client.PostAsync(new Uri(path, UriKind.Relative), content, TestContext.Current.CancellationToken);
        var answer = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);

        Assert.False(
            answer.Contains("internal_error", StringComparison.Ordinal) || gateway.Logs.Entries.Any(entry => entry.Level >= LogLevel.Error),
            $"{path}\n{Encoding.UTF8.GetString(body)}\n{string.Join('\n', gateway.Logs.Entries.Where(entry => entry.Level >= LogLevel.Error))}");
    }
}
