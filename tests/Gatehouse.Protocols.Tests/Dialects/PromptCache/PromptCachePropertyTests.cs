using System.Text;
using System.Text.Json.Nodes;
using FsCheck;
using FsCheck.Fluent;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Dialects.PromptCache;
using Gatehouse.Protocols.Json;
using Gatehouse.Protocols.Tests.Generators;
using Gatehouse.Protocols.Tests.Recorded;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Protocols.Tests.Dialects.PromptCache;

/// <summary>Whatever the request, nothing of it changes but for at most four breakpoints, and those stand where they may.</summary>
public sealed class PromptCachePropertyTests
{
    private static readonly string[] MayBeMarked = ["text", "image", "document", "search_result", "tool_result"];

    private static readonly string[] Unmarked = ["cache_control", "cachePoint", "guardContent"];

    private static readonly string[] Behind = ["text", "image", "toolUse", "toolResult"];

    private static readonly Gen<string> Text = Gen.OneOf(JsonTexts.String, Gen.Elements("\"\"", "\" \"", "\"\\n\"", "\"hello\""));

    private static readonly Gen<string> AnthropicBlock = JsonTexts.Padded(Gen.OneOf(
        from text in Text select $$"""{"type":"text","text":{{text}}}""",
        from text in Text select $$"""{"text" : {{text}}, "type" : "text"}""",
        from text in Text select $$"""{"type":"thinking","thinking":{{text}},"signature":"s"}""",
        Gen.Constant("""{"type":"redacted_thinking","data":"d"}"""),
        Gen.Constant("""{"type":"image","source":{"type":"url","url":"u"}}"""),
        from input in JsonTexts.ObjectOf(Gen.Elements("\"cache_control\"", "\"a\"")).Resize(16) select $$"""{"type":"tool_use","id":"i","name":"n","input":{{input}}}""",
        from text in Text select $$"""{"type":"tool_result","tool_use_id":"i","content":{{text}},"cache_control":null}""",
        from text in Text select $$"""{"type":"tool_result","tool_use_id":"i","content":[{"type":"text","text":{{text}}}]}"""));

    private static readonly Gen<string> BedrockBlock = JsonTexts.Padded(Gen.OneOf(
        from text in Text select $$"""{"text":{{text}}}""",
        from text in Text select $$$$"""{"reasoningContent":{"reasoningText":{"text":{{{{text}}}}}}}""",
        Gen.Constant("""{"image":{"format":"png","source":{"bytes":"AA=="}}}"""),
        Gen.Constant("""{"document":{"format":"pdf","name":"d","source":{"bytes":"AA=="}}}"""),
        from input in JsonTexts.ObjectOf(Gen.Elements("\"cachePoint\"", "\"a\"")).Resize(16) select $$$"""{"toolUse":{"toolUseId":"i","name":"n","input":{{{input}}}}}""",
        from text in Text select $$$"""{"toolResult":{"toolUseId":"i","content":[{"text":{{{text}}}}]}}"""));

    private static readonly Gen<string> Marked = Gen.Elements(
        """{"type":"text","text":"m","cache_control":{"type":"ephemeral"}}""",
        """{"type":"tool_result","tool_use_id":"i","content":[{"type":"text","text":"m","cache_control":{"type":"ephemeral"}}]}""");

    private static readonly Gen<string> AnthropicTool = JsonTexts.Padded(
        from schema in JsonTexts.ObjectOf(Gen.Elements("\"cache_control\"", "\"defer_loading\"", "\"type\"")).Resize(16)
        from more in Gen.Elements("", ",\"defer_loading\":true", ",\"cache_control\":null", ",\"type\":\"custom\"")
        select $$"""{"name":"n","input_schema":{{schema}}{{more}}}""");

    private static readonly Gen<string> BedrockTool = JsonTexts.Padded(
        from schema in JsonTexts.ObjectOf(Gen.Elements("\"cachePoint\"", "\"a\"")).Resize(16) select $$$$"""{"toolSpec":{"name":"n","inputSchema":{"json":{{{{schema}}}}}}}""");

    [Fact]
    public void Of_anthropics_requests_nothing_else_changes() => Properties.Hold(
        Example(AnthropicBlock, AnthropicTool, tools => $"\"tools\":{tools}", hasStrings: true), example => Check(Dialect.Anthropic, example.Body, example.Cuts));

    [Fact]
    public void Of_bedrocks_requests_nothing_else_changes() => Properties.Hold(
        Example(BedrockBlock, BedrockTool, tools => $$"""{{"\"toolConfig\""}}:{"tools":{{tools}}}""", hasStrings: false), example => Check(Dialect.Bedrock, example.Body, example.Cuts));

    [Fact]
    public void A_breakpoint_of_the_callers_own_leaves_the_whole_request_alone() => Properties.Hold(
        Example(Gen.Frequency((5, AnthropicBlock), (5, Marked)), AnthropicTool, tools => $"\"tools\":{tools}", hasStrings: true),
        example =>
        {
            if (example.Body.Contains("\"m\",\"cache_control\"", StringComparison.Ordinal))
            {
                Assert.Empty(Edits(Dialect.Anthropic, example.Body, example.Cuts));
            }
        });

    [Fact]
    public void Of_no_other_text_is_anything_made_that_cannot_be_read() => Properties.Hold(
        from dialect in Gen.Elements(Dialect.Anthropic, Dialect.Bedrock, Dialect.OpenAiChat)
        from body in JsonTexts.ObjectOf(Gen.Elements("\"messages\"", "\"system\"", "\"tools\"", "\"role\"", "\"content\"", "\"type\"", "\"text\"", "\"toolConfig\"")).Resize(60)
        from cuts in Cuts.Lengths
        select (Dialect: dialect, Body: body, Cuts: cuts),
        example => Assert.NotNull(JsonNode.Parse(Apply(example.Dialect, example.Body, example.Cuts))));

    [Fact]
    public void Of_recorded_requests_nothing_else_changes()
    {
        Require.Present(SharedData.IsPresent("wire.tar.gz"), "the recorded traffic");
        var counts = new Dictionary<Dialect, int>();
        foreach (var recorded in RecordedCases.All.Where(c => c.Request is { Length: > 0 }))
        {
            Dialect? dialect = recorded switch
            {
                { Provider: "anthropic", Endpoint: "messages" } => Dialect.Anthropic,
                { Endpoint: "converse" or "converse-stream" } => Dialect.Bedrock,
                { Provider: "openrouter", Endpoint: "chat/completions" } => Dialect.OpenAiChat,
                _ => null,
            };
            if (dialect is not { } known)
            {
                continue;
            }

            var body = Encoding.UTF8.GetString(recorded.Request!);
            var isMarked = Check(known, body, [4096]);
            // Left out: those with breakpoints of their own, one that is all guarded content, and what was refused as malformed.
            Assert.True(isMarked || !recorded.IsSuccess || Array.Exists(Unmarked, name => body.Contains(name, StringComparison.Ordinal)), recorded.Id);
            counts[known] = counts.GetValueOrDefault(known) + (isMarked ? 1 : 0);
        }

        Assert.Equal((100, 69, 34), (counts[Dialect.Anthropic], counts[Dialect.Bedrock], counts[Dialect.OpenAiChat]));
    }

    private static Gen<(string Body, int[] Cuts)> Example(Gen<string> block, Gen<string> tool, Func<string, string> toolMember, bool hasStrings)
    {
        var blocks = block.ListOf().Resize(4).Select(list => $"[{string.Join(',', list)}]");
        var content = hasStrings ? Gen.OneOf(blocks, Text) : blocks;
        var message =
            from role in Gen.Elements("user", "user", "assistant", "system")
            from value in content
            from isTurned in Gen.Elements(true, false)
            select isTurned ? $$"""{"content":{{value}},"role":"{{role}}"}""" : $$"""{"role":"{{role}}", "content" :{{value}}}""";
        var members =
            from messages in message.ListOf().Resize(5)
            from system in content
            from tools in tool.ListOf().Resize(3)
            select new[] { $"\"messages\":[{string.Join(',', messages)}]", $"\"system\":{system}", toolMember($"[{string.Join(',', tools)}]"), "\"max_tokens\":1.50e2", "\"x\":{\"y\":[1.0]}" };
        return
            from list in members
            from order in Gen.Shuffle(list)
            from count in Gen.Choose(1, list.Length)
            from cuts in Cuts.Lengths
            select ($"{{{string.Join(',', order.Take(count))}}}", cuts);
    }

    /// <returns>Something was marked.</returns>
    private static bool Check(Dialect dialect, string body, int[] cuts)
    {
        var before = JsonNode.Parse(body);
        var after = JsonNode.Parse(Apply(dialect, body, cuts));
        var marks = dialect == Dialect.Bedrock ? WithoutPoints(after!) : WithoutControls(after!, dialect);

        Assert.InRange(marks, 0, 4);
        if (Apply(dialect, body, cuts) is var marked && marked != body)
        {
            Assert.True(marks > 0);
            if (dialect != Dialect.Bedrock)
            {
                _ = WithoutControls(before!, dialect);
            }

            Assert.Equal(before!.ToJsonString(), after!.ToJsonString());
            // Once there, they are a caller's own.
            Assert.Equal(marked, Apply(dialect, marked, cuts));
            return true;
        }

        return false;
    }

    /// <summary>Takes marks out, and makes lists of texts that are strings; counts the marks and checks that they may stand there.</summary>
    private static int WithoutControls(JsonNode request, Dialect dialect)
    {
        var count = 0;
        foreach (var tool in (request["tools"] as JsonArray ?? []).OfType<JsonObject>())
        {
            count += Take(tool, _ => tool["defer_loading"]?.ToJsonString() != "true");
        }

        if (dialect == Dialect.Anthropic)
        {
            List(request.AsObject(), "system");
            count += TakeFrom(request["system"] as JsonArray);
        }

        foreach (var message in (request["messages"] as JsonArray ?? []).OfType<JsonObject>())
        {
            List(message, "content");
            var marks = TakeFrom(message["content"] as JsonArray);
            Assert.True(marks == 0 || message["role"]!.GetValue<string>() != "assistant");
            count += marks;
        }

        return count;

        static int TakeFrom(JsonArray? blocks) => (blocks ?? []).OfType<JsonObject>().Sum(block => Take(block, block =>
            MayBeMarked.Contains(block["type"]!.GetValue<string>(), StringComparer.Ordinal) && (block["type"]!.GetValue<string>() != "text" || !string.IsNullOrWhiteSpace(block["text"]!.GetValue<string>()))));

        static int Take(JsonObject owner, Func<JsonObject, bool> mayHaveIt)
        {
            if (owner["cache_control"] is null)
            {
                // Null, or none.
                _ = owner.Remove("cache_control");
                return 0;
            }

            Assert.True(mayHaveIt(owner), owner.ToJsonString());
            Assert.Equal("""{"type":"ephemeral"}""", owner["cache_control"]!.ToJsonString().Replace(",\"ttl\":\"5m\"", "", StringComparison.Ordinal).Replace("\"ttl\":\"5m\",", "", StringComparison.Ordinal));
            _ = owner.Remove("cache_control");
            return 1;
        }

        static void List(JsonObject owner, string name)
        {
            if (owner[name] is JsonValue value && value.GetValueKind() == System.Text.Json.JsonValueKind.String)
            {
                owner[name] = new JsonArray(new JsonObject { ["type"] = "text", ["text"] = value.DeepClone() });
            }
        }
    }

    private static int WithoutPoints(JsonNode request)
    {
        var count = TakeFrom(request["toolConfig"]?["tools"] as JsonArray, "toolSpec") + TakeFrom(request["system"] as JsonArray, Behind);
        foreach (var message in (request["messages"] as JsonArray ?? []).OfType<JsonObject>())
        {
            count += TakeFrom(message["content"] as JsonArray, Behind);
        }

        return count;

        static int TakeFrom(JsonArray? blocks, params string[] mayComeBefore)
        {
            var taken = 0;
            for (var i = (blocks?.Count ?? 0) - 1; i >= 0; i--)
            {
                if (blocks![i]?["cachePoint"] is { } point)
                {
                    Assert.Equal("""{"type":"default"}""", point.ToJsonString());
                    Assert.Contains(blocks[i - 1]!.AsObject().Single().Key, mayComeBefore, StringComparer.Ordinal);
                    blocks.RemoveAt(i);
                    taken++;
                }
            }

            return taken;
        }
    }

    private static string Apply(Dialect dialect, string body, int[] cuts)
    {
        var bytes = Cuts.Sequence(Encoding.UTF8.GetBytes(body), cuts);
        return Encoding.UTF8.GetString(new SplicedJson(bytes, Edits(dialect, body, cuts)).ToMemory().Span);
    }

    private static JsonEdit[] Edits(Dialect dialect, string body, int[] cuts) =>
        PromptCacheMarks.EditsFor(Cuts.Sequence(Encoding.UTF8.GetBytes(body), cuts), PromptCacheMarksTests.Everything(dialect));
}
