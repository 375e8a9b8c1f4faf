using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.Bedrock;

/// <summary>
/// Writes the body of <c>POST /model/{modelId}/converse</c> and <c>/converse-stream</c>. Traits of a target that it knows
/// (<see cref="TargetRules.Has"/>):
/// <list type="bullet">
/// <item><c>claude</c>: the model is Claude, where an ARN does not tell.</item>
/// <item><c>thinking_adaptive</c>: Claude thinks adaptively and takes an effort; others are given a budget.</item>
/// <item><c>json_schema_by_tool</c>: the model does not know <c>outputConfig.textFormat</c> (<see cref="BedrockAnswerTool"/>).</item>
/// <item><c>no_json_schema</c>: nor can it be made to call a tool: a schema is refused.</item>
/// <item><c>temperature_or_top_p</c>: not both; <c>top_p</c> gives way.</item>
/// <item><c>no_mixed_tool_results</c>: results of tools do not stand in one turn with anything else.</item>
/// </list>
/// </summary>
internal static class BedrockRequestWriter
{
    private const int MaxMetadata = 16;
    private const int MaxMetadataLength = 256;

    /// <exception cref="UnsupportedException">Bedrock cannot express something that changes the meaning.</exception>
    public static void Write(ChatRequest request, RequestContext context, Utf8JsonWriter writer)
    {
        request = ForeignRequest.Prepare(context.Apply(request), Dialect.Bedrock);
        BlockHints.Check(request, Dialect.Bedrock, context.Dropped);
        writer.WriteStartObject();
        var fields = WritePrompt(request, context, writer);
        WriteInference(request, context, fields, writer);
        WriteFormat(request, context, writer);
        WriteServiceTier(request, context, writer);
        WriteMetadata(request, context, writer);
        WriteOwn(request, writer);
        writer.WriteEndObject();
    }

    /// <summary>Writes what makes the prompt: the members that <c>CountTokens</c> knows too.</summary>
    /// <param name="request">After the rules of the target.</param>
    /// <param name="context">Whom it goes to.</param>
    /// <param name="writer">In an object.</param>
    public static BedrockModelFields WritePrompt(ChatRequest request, RequestContext context, Utf8JsonWriter writer)
    {
        var family = BedrockModelFamilies.Of(context.Model, context.Rules);
        var isOwn = request.Dialect == Dialect.Bedrock;
        var (system, turns) = BedrockTurns.Of(request, context, family);
        var tools = BedrockToolPlan.Of(request, context, family, turns);
        var fields = BedrockModelFields.Of(request, context, family, turns, tools);
        var content = new BedrockContentWriter(writer, isOwn);
        if (system.Count > 0)
        {
            writer.WritePropertyName("system"u8);
            content.Write(system);
        }

        writer.WriteStartArray("messages"u8);
        foreach (var turn in turns)
        {
            writer.WriteStartObject();
            writer.WriteString("role"u8, turn.Role switch { Role.Assistant => "assistant"u8, Role.User => "user"u8, _ => "system"u8 });
            writer.WritePropertyName("content"u8);
            content.Write(turn.Parts);
            writer.WriteExtensions(turn.Extensions, Dialect.Bedrock);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        BedrockToolWriter.Write(writer, tools, request, context, family);
        fields.Write(writer);
        return fields;
    }

    /// <summary>A member of this dialect that was kept as it is.</summary>
    public static JsonElement? OwnMember(ChatRequest request, string name)
    {
        if (request.Extensions is { Dialect: Dialect.Bedrock } own)
        {
            foreach (var member in own.Members)
            {
                if (member.Name == name)
                {
                    return member.Value;
                }
            }
        }

        return null;
    }

    /// <summary>Writes the members of an inner object that were kept.</summary>
    public static void WriteInner(Utf8JsonWriter writer, Extensions? extensions, string prefix)
    {
        if (extensions is not { Dialect: Dialect.Bedrock })
        {
            return;
        }

        foreach (var member in extensions.Members)
        {
            if (member.Name.StartsWith(prefix, StringComparison.Ordinal))
            {
                writer.WritePropertyName(member.Name.AsSpan(prefix.Length));
                writer.WriteElement(member.Value);
            }
        }
    }

    private static void WriteInference(ChatRequest request, RequestContext context, BedrockModelFields fields, Utf8JsonWriter writer)
    {
        var (temperature, topP, stop) = (request.Temperature, request.TopP, request.StopSequences);
        if (request.Dialect != Dialect.Bedrock)
        {
            if (fields.IsThinking)
            {
                // "Thinking isn't compatible with temperature or top_k modifications" (Anthropic's docs, Extended thinking).
                Drop(ref temperature, "temperature", context.Dropped);
                Drop(ref topP, "top_p", context.Dropped);
            }

            if (temperature > 1)
            {
                // InferenceConfigurationTemperatureFloat: 0 to 1.
                context.Dropped.Add("temperature");
                temperature = 1;
            }

            if (temperature is not null && context.Rules.Has("temperature_or_top_p"))
            {
                Drop(ref topP, "top_p", context.Dropped);
            }

            // "NonEmptyString", and Claude wants more than white space.
            if (stop is not null && stop.Any(string.IsNullOrWhiteSpace))
            {
                context.Dropped.Add("stop");
                stop = [.. stop.Where(s => !string.IsNullOrWhiteSpace(s))];
            }
        }

        var hasMore = request.Extensions is { Dialect: Dialect.Bedrock } own
            && own.Members.Any(m => m.Name.StartsWith(BedrockRequestReader.InferencePrefix, StringComparison.Ordinal));
        if (request.MaxOutputTokens is null && temperature is null && topP is null && stop is null && !hasMore)
        {
            return;
        }

        writer.WriteStartObject("inferenceConfig"u8);
        writer.WriteOptional("maxTokens", request.MaxOutputTokens);
        writer.WriteOptional("temperature", temperature);
        writer.WriteOptional("topP", topP);
        writer.WriteOptional("stopSequences", stop);
        WriteInner(writer, request.Extensions, BedrockRequestReader.InferencePrefix);
        writer.WriteEndObject();
    }

    private static void WriteFormat(ChatRequest request, RequestContext context, Utf8JsonWriter writer)
    {
        if (request.ResponseFormat?.Kind == ResponseFormatKind.JsonSchema && request.Dialect != Dialect.Bedrock && context.Rules.Has("no_json_schema"))
        {
            // Who asks for a schema relies on it.
            throw new UnsupportedException("response_format (json_schema)");
        }

        if (request.ResponseFormat is { Kind: ResponseFormatKind.JsonSchema } format
            && OwnMember(request, BedrockRequestReader.OutputConfig) is null
            && (request.Dialect == Dialect.Bedrock || !context.Rules.Has(BedrockAnswerTool.Trait)))
        {
            // The schema is always kept to; `strict: false` only allows more.
            BedrockOutputFormat.Write(writer, format);
        }
    }

    private static void WriteServiceTier(ChatRequest request, RequestContext context, Utf8JsonWriter writer)
    {
        switch (request.ServiceTier)
        {
            case null:
            case "auto" when request.Dialect != Dialect.Bedrock:
                return;
            case { } tier when request.Dialect == Dialect.Bedrock || tier is "default" or "flex" or "priority" or "reserved":
                writer.WriteStartObject("serviceTier"u8);
                writer.WriteString("type"u8, tier);
                writer.WriteEndObject();
                return;
            default:
                context.Dropped.Add("service_tier");
                return;
        }
    }

    private static void WriteMetadata(ChatRequest request, RequestContext context, Utf8JsonWriter writer)
    {
        if (request.Metadata is not { ValueKind: JsonValueKind.Object } metadata)
        {
            return;
        }

        if (request.Dialect == Dialect.Bedrock || IsMetadata(metadata))
        {
            writer.WritePropertyName("requestMetadata"u8);
            writer.WriteElement(metadata);
        }
        else
        {
            context.Dropped.Add("metadata");
        }
    }

    /// <summary>1 to 16 members, names of 1 to 256 and values of 0 to 256 characters of <c>[a-zA-Z0-9\s:_@$#=/+,-.]</c> (RequestMetadata).</summary>
    private static bool IsMetadata(JsonElement metadata)
    {
        var count = 0;
        foreach (var member in metadata.EnumerateObject())
        {
            var name = JsonMembers.NameOf(member);
            var isText = member.Value.ValueKind == JsonValueKind.String;
            if (++count > MaxMetadata || !isText || name.Length == 0 || !Fits(name) || !Fits(member.Value.TextOrFail("metadata")))
            {
                return false;
            }
        }

        return count > 0;
    }

    private static bool Fits(string text) => text.Length <= MaxMetadataLength
        && text.All(c => char.IsAsciiLetterOrDigit(c) || char.IsWhiteSpace(c) || c is ':' or '_' or '@' or '$' or '#' or '=' or '/' or '+' or ',' or '-' or '.');

    private static void WriteOwn(ChatRequest request, Utf8JsonWriter writer)
    {
        if (request.Extensions is not { Dialect: Dialect.Bedrock } own)
        {
            return;
        }

        foreach (var member in own.Members)
        {
            var isWritten = member.Name == BedrockRequestReader.ModelFields
                || member.Name.StartsWith(BedrockRequestReader.InferencePrefix, StringComparison.Ordinal)
                || member.Name.StartsWith(BedrockToolReader.ConfigPrefix, StringComparison.Ordinal);
            if (!isWritten)
            {
                writer.WritePropertyName(member.Name);
                writer.WriteElement(member.Value);
            }
        }
    }

    private static void Drop<T>(ref T? value, string name, DroppedParameters dropped)
        where T : struct
    {
        if (value is not null)
        {
            dropped.Add(name);
            value = null;
        }
    }
}
