using System.Collections.Frozen;
using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Dialects.OpenAi;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.Bedrock;

/// <summary>
/// Reads the body of <c>POST /model/{modelId}/converse</c> and <c>/converse-stream</c>, which are the same: the path tells the model and
/// whether the answer is streamed.
/// </summary>
internal static class BedrockRequestReader
{
    /// <summary>Kept whole for a target of the same dialect, and read for others: models differ in what stands in it.</summary>
    public const string ModelFields = "additionalModelRequestFields";

    /// <summary>Kept whole if it has more than <c>textFormat</c>.</summary>
    public const string OutputConfig = "outputConfig";

    public const string InferencePrefix = "inferenceConfig.";

    private static readonly HashSet<string> Members = new(StringComparer.Ordinal)
    {
        "modelId", "messages", "system", "inferenceConfig", "toolConfig", "requestMetadata",
    };

    private static readonly FrozenDictionary<string, MemberTypes> Types = OpenAiChatMembers.Table(
        ("modelId", MemberTypes.Text), ("messages", MemberTypes.Array), ("system", MemberTypes.Array), ("inferenceConfig", MemberTypes.Object),
        ("toolConfig", MemberTypes.Object), ("requestMetadata", MemberTypes.Object), ("guardrailConfig", MemberTypes.Object),
        ("promptVariables", MemberTypes.Object), (ModelFields, MemberTypes.Object), ("additionalModelResponseFieldPaths", MemberTypes.Texts),
        ("performanceConfig", MemberTypes.Object), ("serviceTier", MemberTypes.Object), (OutputConfig, MemberTypes.Object));

    private static readonly FrozenDictionary<string, MemberTypes> InferenceTypes = OpenAiChatMembers.Table(
        ("maxTokens", MemberTypes.Integer), ("temperature", MemberTypes.Number), ("topP", MemberTypes.Number), ("stopSequences", MemberTypes.Texts));

    private static readonly FrozenDictionary<string, MemberTypes> ToolConfigTypes = OpenAiChatMembers.Table(
        ("tools", MemberTypes.Array), ("toolChoice", MemberTypes.Object));

    /// <summary>A guardrail is the caller's protection, and the variables make the prompt.</summary>
    private static readonly HashSet<string> MeaningfulMembers = new(StringComparer.Ordinal) { "guardrailConfig", "promptVariables" };

    private static readonly HashSet<string> InferenceMembers = new(StringComparer.Ordinal) { "maxTokens", "temperature", "topP", "stopSequences" };
    private static readonly HashSet<string> MessageMembers = new(StringComparer.Ordinal) { "role", "content" };

    /// <exception cref="MalformedException">It is not a request of this dialect.</exception>
    public static ChatRequest Read(JsonElement body)
    {
        JsonUnicode.Check(body);
        if (body.ValueKind != JsonValueKind.Object)
        {
            throw new MalformedException(null, "the body must be a JSON object");
        }

        ParameterTypes.Check(body, Types);
        ParameterTypes.Check(body.Member("inferenceConfig"), InferenceTypes, InferencePrefix);
        ParameterTypes.Check(body.Member("toolConfig"), ToolConfigTypes, "toolConfig.");
        var inference = body.Object("inferenceConfig");
        var (tools, choice, toolExtensions) = BedrockToolReader.Read(body);
        var format = BedrockOutputFormat.Read(body);
        return new ChatRequest
        {
            Dialect = Dialect.Bedrock,
            Model = body.Text("modelId") ?? "",
            IncludeUsage = true,
            Messages = ReadMessages(body),
            Tools = tools,
            ToolChoice = choice,
            MaxOutputTokens = inference?.Integer("maxTokens"),
            Temperature = inference?.Number("temperature"),
            TopP = inference?.Number("topP"),
            StopSequences = inference?.Texts("stopSequences"),
            TopK = BedrockModelFields.ReadTopK(body),
            Reasoning = BedrockModelFields.ReadReasoning(body),
            ResponseFormat = format,
            Metadata = body.Object("requestMetadata"),
            ServiceTier = IsPlainTier(body) ? body.Object("serviceTier")!.Value.Text("type") : null,
            Extensions = ReadExtensions(body, inference, toolExtensions, format),
        };
    }

    private static List<ChatMessage> ReadMessages(JsonElement body)
    {
        var messages = new List<ChatMessage>();
        var content = new BedrockContentReader(fallbackId: null);
        if (body.Array("system") is { } system && system.GetArrayLength() > 0)
        {
            messages.Add(new ChatMessage(Role.System, content.Read(system, "system")));
        }

        if (body.Member("messages") is { ValueKind: not JsonValueKind.Array })
        {
            throw new MalformedException("messages", "messages must be an array");
        }

        var index = 0;
        foreach (var message in body.Items("messages"))
        {
            var place = new BlockPlace("messages", index++);
            var role = message.Text("role") switch
            {
                "user" => Role.User,
                "assistant" => Role.Assistant,
                "system" => Role.System,
                _ => throw place.Missing("role", "\"user\" or \"assistant\""),
            };
            var blocks = message.Array("content") ?? throw place.Missing("content", "an array of blocks");
            messages.Add(new ChatMessage(role, content.Read(blocks, $"{place}.content"))
            {
                Extensions = message.ExtensionsBeside(Dialect.Bedrock, MessageMembers),
            });
        }

        return messages;
    }

    private static bool IsPlainTier(JsonElement body) =>
        body.Object("serviceTier") is { } tier && tier.Text("type") is not null && tier.GetPropertyCount() == 1;

    private static Extensions? ReadExtensions(JsonElement body, JsonElement? inference, Extensions? tools, ResponseFormat? format)
    {
        var members = new List<Extension>();
        if (body.ExtensionsBeside(Dialect.Bedrock, Members, MeaningfulMembers) is { } own)
        {
            foreach (var member in own.Members)
            {
                var isRead = member.Value.ValueKind == JsonValueKind.Null
                    || (member.Name == "serviceTier" && IsPlainTier(body))
                    || (member.Name == OutputConfig && format is not null && member.Value.GetPropertyCount() == 1);
                if (!isRead)
                {
                    members.Add(member);
                }
            }
        }

        if (inference?.ExtensionsBeside(Dialect.Bedrock, InferenceMembers) is { } more)
        {
            members.AddRange(more.Members.Select(m => m with { Name = InferencePrefix + m.Name }));
        }

        members.AddRange(tools?.Members ?? []);
        return Extensions.Of(Dialect.Bedrock, members);
    }
}
