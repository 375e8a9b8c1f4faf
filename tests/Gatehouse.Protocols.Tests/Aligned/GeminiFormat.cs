using System.Text.Json;
using System.Text.Json.Nodes;

namespace Gatehouse.Protocols.Tests.Aligned;

internal sealed class GeminiFormat : IFormatReader
{
    public void ReadRequest(JsonElement body, Meaning meaning)
    {
        ReadParts("system", body.At("systemInstruction") ?? default, meaning);
        foreach (var content in body.All("contents"))
        {
            ReadParts(content.Text("role") == "model" ? "assistant" : "user", content, meaning);
        }

        foreach (var tool in body.All("tools"))
        {
            foreach (var function in tool.All("functionDeclarations"))
            {
                var name = $"tool {function.Text("name")}";
                meaning.Set(name, "");
                meaning.Set($"{name}.description", function.At("description"));
                meaning.Set($"{name}.parameters", Schemas.Reduced(function.At("parametersJsonSchema") ?? function.At("parameters")));
                meaning.Rest($"{name}.", function, "name", "description", "parameters", "parametersJsonSchema");
            }

            meaning.Rest("tool ", tool, "functionDeclarations");
        }

        var calling = body.At("toolConfig").At("functionCallingConfig");
        var names = calling.At("allowedFunctionNames").All().ToList();
        meaning.Set("tool_choice", calling.At("mode").Text()?.ToUpperInvariant() switch
        {
            "ANY" when names is [var only] => $"tool {only.GetString()}",
            "ANY" => "required",
            var other => other?.ToLowerInvariant(),
        });
        ReadConfiguration(body.At("generationConfig") ?? default, meaning);
        meaning.Set("service_tier", body.At("serviceTier"));
        meaning.Rest("", body, "model", "serviceTier", "systemInstruction", "contents", "tools", "toolConfig", "generationConfig");
    }

    public void ReadAnswer(JsonElement body, Meaning meaning)
    {
        var candidate = body.All("candidates").FirstOrDefault();
        ReadParts("assistant", candidate.At("content") ?? default, meaning);
        meaning.Set("end", candidate.Text("finishReason") switch
        {
            "STOP" => meaning.HasCall ? "tools" : "end",
            "MAX_TOKENS" => "length",
            var other => other,
        });
        foreach (var chunk in candidate.At("groundingMetadata").At("groundingChunks").All())
        {
            meaning.Cited(chunk.At("web").At("uri").Text());
        }

        var usage = body.At("usageMetadata");
        var cached = usage.Count("cachedContentTokenCount");
        meaning.Set("usage.input", usage.Count("promptTokenCount") + usage.Count("toolUsePromptTokenCount") - cached);
        meaning.Set("usage.cache_read", cached);
        meaning.Set("usage.output", usage.Count("candidatesTokenCount") + usage.Count("thoughtsTokenCount"));
        meaning.Set("usage.reasoning", usage.Count("thoughtsTokenCount"));
    }

    public JsonElement Fold(IReadOnlyList<JsonElement> events)
    {
        var parts = new JsonArray();
        var whole = new JsonObject();
        var candidate = new JsonObject { ["content"] = new JsonObject { ["parts"] = parts } };
        foreach (var item in events)
        {
            if (item.At("usageMetadata") is { } usage)
            {
                whole["usageMetadata"] = JsonNode.Parse(usage.GetRawText());
            }

            var piece = item.All("candidates").FirstOrDefault();
            foreach (var part in piece.At("content").At("parts").All())
            {
                parts.Add(JsonNode.Parse(part.GetRawText()));
            }

            candidate["finishReason"] = piece.Text("finishReason") ?? (string?)candidate["finishReason"];
            if (piece.At("groundingMetadata") is { } grounding)
            {
                candidate["groundingMetadata"] = JsonNode.Parse(grounding.GetRawText());
            }
        }

        whole["candidates"] = new JsonArray(candidate);
        return JsonDocument.Parse(whole.ToJsonString()).RootElement;
    }

    private static void ReadConfiguration(JsonElement configuration, Meaning meaning)
    {
        var schema = configuration.At("responseJsonSchema") ?? configuration.At("responseSchema");
        if (configuration.Text("responseMimeType") == "application/json")
        {
            meaning.Set("format", schema is null ? "json_object" : "json_schema");
        }
        else if (configuration.Text("responseMimeType") is { } type and not "text/plain")
        {
            meaning.Set("format", type);
        }

        meaning.Set("format.schema", Schemas.Reduced(schema));
        var thinking = configuration.At("thinkingConfig");
        if (thinking.At("thinkingBudget") is { } budget)
        {
            meaning.Set("reasoning", budget.GetInt64() switch { 0 => "none", -1 => "adaptive", var tokens => $"{tokens} tokens" });
        }

        meaning.Set("reasoning", thinking.At("thinkingLevel").Text()?.ToLowerInvariant());
        meaning.Set("reasoning.shown", thinking.At("includeThoughts") is { ValueKind: JsonValueKind.True } ? "true" : null);
        meaning.Set("max_tokens", configuration.At("maxOutputTokens"));
        meaning.Set("top_p", configuration.At("topP"));
        meaning.Set("top_k", configuration.At("topK"));
        meaning.Set("stop", configuration.At("stopSequences"));
        meaning.Set("presence_penalty", configuration.At("presencePenalty"));
        meaning.Set("logprobs", configuration.At("responseLogprobs"));
        meaning.Set("top_logprobs", configuration.At("logprobs"));
        if (configuration.At("responseModalities") is { } modalities)
        {
            meaning.Set("modalities", Meaning.Canonical(modalities).ToLowerInvariant());
        }

        meaning.Rest("", configuration, "responseModalities", "responseJsonSchema", "responseSchema", "responseMimeType", "thinkingConfig", "maxOutputTokens", "topP",
            "topK", "stopSequences", "presencePenalty", "responseLogprobs", "logprobs");
    }

    private static void ReadParts(string role, JsonElement content, Meaning meaning)
    {
        foreach (var part in content.All("parts"))
        {
            ReadPart(role, part, meaning);
        }
    }

    private static void ReadPart(string role, JsonElement part, Meaning meaning)
    {
        if (part.At("thought") is { ValueKind: JsonValueKind.True })
        {
            meaning.Thought(part.Text("text"));
        }
        else if (part.Text("text") is { } text)
        {
            _ = meaning.Text(role, text);
        }
        else if (part.At("functionCall") is { } call)
        {
            meaning.Call(call.Text("id"), call.Text("name")!, call.At("args")?.GetRawText() ?? "{}");
        }
        else if (part.At("functionResponse") is { } response)
        {
            // Results must be objects: what is none stands in a member, which the specification calls "output" or "result".
            var value = response.At("response");
            var inner = value.At("output") ?? value.At("result");
            var said = inner.Text() is { } plain ? Meaning.Canonical(plain) : Meaning.Canonical((inner ?? value)!.Value);
            meaning.Result(response.Text("id"), response.Text("name"), said);
        }
        else if (part.At("inlineData") is { } data)
        {
            var head = Kind(data) == "audio" ? "" : $"data:{data.Text("mimeType")};base64,";
            _ = meaning.Say(role, Kind(data), head + data.Text("data"));
        }
        else if (part.At("fileData") is { } file)
        {
            _ = meaning.Say(role, Kind(file), file.Text("fileUri")!);
        }
        else if (part.EnumerateObject().FirstOrDefault(m => m.Name != "thoughtSignature") is { Name: { } type } other)
        {
            meaning.Foreign(type, other.Value);
        }

        meaning.Signature(part.Text("thoughtSignature"));
    }

    private static string Kind(JsonElement data) => data.Text("mimeType")?.Split('/')[0] switch { "image" => "image", "audio" => "audio", _ => "file" };
}
