using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.Anthropic;

/// <summary>
/// Writes the body of <c>POST /v1/messages</c>. Traits of a target that it knows (<see cref="TargetRules.Has"/>):
/// <list type="bullet">
/// <item><c>anthropic_vertex</c>, <c>anthropic_bedrock</c>: the body of Vertex (rawPredict) or Bedrock (InvokeModel), whose path names the
/// model, and on Bedrock also whether the answer is streamed.</item>
/// <item><c>thinking_adaptive</c>: the model thinks adaptively and takes an effort; others are given a budget.</item>
/// <item><c>system_messages</c>: later system turns may stand among the messages (since 2026-10-21).</item>
/// <item><c>no_json_schema</c>: the model does not know <c>output_config.format</c>: a schema is refused.</item>
/// <item><c>temperature_or_top_p</c>: not both; <c>top_p</c> gives way.</item>
/// </list>
/// </summary>
internal static class AnthropicRequestWriter
{
    /// <summary>Tokens of output where neither the caller nor the catalogue says how many: Anthropic wants a number, every model takes this.</summary>
    public const long DefaultMaxTokens = 4096;

    private const string OutputConfigPrefix = "output_config.";
    private const string MetadataPrefix = "metadata.";

    /// <exception cref="UnsupportedException">Anthropic cannot express something that changes the meaning.</exception>
    public static void Write(ChatRequest request, RequestContext context, Utf8JsonWriter writer)
    {
        request = ForeignRequest.Prepare(context.Apply(request), Dialect.Anthropic);
        BlockHints.Check(request, Dialect.Anthropic, context.Dropped);
        var tools = AnthropicTools.Of(request);
        var (system, turns) = AnthropicTurns.Of(request, context);
        var thinking = AnthropicThinking.Of(request, context, turns);

        writer.WriteStartObject();
        var isDirect = WritePlatform(request, context, writer);
        writer.WriteNumber("max_tokens"u8, thinking.MaxTokens);
        WritePrompt(request, context, writer, system, turns, tools);
        thinking.Write(writer);
        WriteOutputConfig(request, context, thinking.Effort, writer);
        WriteSampling(request, context, thinking, writer);
        if (request.IsStream && !context.Rules.Has("anthropic_bedrock"))
        {
            writer.WriteBoolean("stream"u8, true);
        }

        WriteMetadata(request, writer);
        writer.WriteOptional("service_tier", ServiceTier(request, context.Dropped));
        WriteExtensions(request.Extensions, isDirect, context.Dropped, writer);
        writer.WriteEndObject();
    }

    /// <summary>Writes the body of <c>POST /v1/messages/count_tokens</c>: what makes the prompt, and nothing about the answer.</summary>
    public static void WriteCountTokens(ChatRequest request, RequestContext context, Utf8JsonWriter writer)
    {
        request = ForeignRequest.Prepare(context.Apply(request), Dialect.Anthropic);
        var tools = AnthropicTools.Of(request);
        var (system, turns) = AnthropicTurns.Of(request, context);
        var thinking = AnthropicThinking.Of(request, context, turns);

        writer.WriteStartObject();
        var isDirect = WritePlatform(request, context, writer);
        WritePrompt(request, context, writer, system, turns, tools);
        thinking.Write(writer);
        WriteOutputConfig(request, context, thinking.Effort, writer);
        WriteExtensions(request.Extensions, isDirect, context.Dropped, writer);
        writer.WriteEndObject();
    }

    private static void WritePrompt(
        ChatRequest request, RequestContext context, Utf8JsonWriter writer, IReadOnlyList<ChatMessage> system, IReadOnlyList<ChatMessage> turns,
        AnthropicTools tools)
    {
        AnthropicMessageWriter.WriteSystem(system, writer);
        AnthropicMessageWriter.WriteMessages(turns, request.Dialect == Dialect.Anthropic, writer);
        tools.Write(writer, request, context);
        AnthropicCacheControl.Write(writer, request.CacheControl);
    }

    /// <returns>The request goes to Anthropic itself.</returns>
    private static bool WritePlatform(ChatRequest request, RequestContext context, Utf8JsonWriter writer)
    {
        if (context.Rules.Has("anthropic_bedrock"))
        {
            writer.WriteString("anthropic_version"u8, "bedrock-2023-05-31"u8);
            return false;
        }

        if (context.Rules.Has("anthropic_vertex"))
        {
            writer.WriteString("anthropic_version"u8, "vertex-2023-10-16"u8);
            return false;
        }

        writer.WriteString("model"u8, context.Model.Length > 0 ? context.Model : request.Model);
        return true;
    }

    private static void WriteOutputConfig(ChatRequest request, RequestContext context, string? effort, Utf8JsonWriter writer)
    {
        if (request.ResponseFormat?.Kind == ResponseFormatKind.JsonSchema && request.Dialect != Dialect.Anthropic && context.Rules.Has("no_json_schema"))
        {
            // Who asks for a schema relies on it.
            throw new UnsupportedException("response_format (json_schema)");
        }

        var format = request.ResponseFormat is { Kind: ResponseFormatKind.JsonSchema } schema ? schema : null;
        if (format?.Extensions is { Dialect: Dialect.Anthropic } own && own.Members[0] is { Name: "output_format" } older)
        {
            writer.WritePropertyName("output_format"u8);
            writer.WriteElement(older.Value);
            format = null;
        }

        var isOwn = request.Extensions is { Dialect: Dialect.Anthropic };
        if (effort is null && format is null && !(isOwn && request.Extensions!.Members.Any(m => IsInner(m, OutputConfigPrefix))))
        {
            return;
        }

        writer.WriteStartObject("output_config"u8);
        writer.WriteOptional("effort", effort);
        if (format is not null)
        {
            writer.WriteStartObject("format"u8);
            writer.WriteString("type"u8, "json_schema"u8);
            writer.WritePropertyName("schema"u8);
            AnthropicSchema.WriteOutput(writer, format.Schema, request.Dialect == Dialect.Anthropic);
            writer.WriteExtensions(format.Extensions, Dialect.Anthropic);
            writer.WriteEndObject();
        }

        WriteInner(request.Extensions, OutputConfigPrefix, writer);
        writer.WriteEndObject();
    }

    private static void WriteSampling(ChatRequest request, RequestContext context, AnthropicThinking thinking, Utf8JsonWriter writer)
    {
        var (temperature, topP, topK) = (request.Temperature, request.TopP, request.TopK);
        if (request.Dialect != Dialect.Anthropic)
        {
            if (thinking.IsOn)
            {
                // "Thinking isn't compatible with temperature or top_k modifications" (docs, Extended thinking).
                Drop(ref temperature, "temperature", context.Dropped);
                Drop(ref topK, "top_k", context.Dropped);
                Drop(ref topP, "top_p", context.Dropped);
            }

            if (temperature > 1)
            {
                context.Dropped.Add("temperature");
                temperature = 1;
            }
        }

        if (temperature is not null && context.Rules.Has("temperature_or_top_p"))
        {
            Drop(ref topP, "top_p", context.Dropped);
        }

        writer.WriteOptional("temperature", temperature);
        writer.WriteOptional("top_p", topP);
        writer.WriteOptional("top_k", topK);
        writer.WriteOptional("stop_sequences", StopSequences(request, context.Dropped));
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

    /// <summary>"stop_sequences: each stop sequence must contain non-whitespace" (its 400).</summary>
    private static IReadOnlyList<string>? StopSequences(ChatRequest request, DroppedParameters dropped)
    {
        if (request.Dialect == Dialect.Anthropic || request.StopSequences is not { } sequences || !sequences.Any(string.IsNullOrWhiteSpace))
        {
            return request.StopSequences;
        }

        dropped.Add("stop");
        return [.. sequences.Where(s => !string.IsNullOrWhiteSpace(s))];
    }

    private static void WriteMetadata(ChatRequest request, Utf8JsonWriter writer)
    {
        var hasMore = request.Extensions is { Dialect: Dialect.Anthropic } own && own.Members.Any(m => IsInner(m, MetadataPrefix));
        // "user_id: An external identifier for the user who is associated with the request": what OpenAI now asks for as safety_identifier.
        var user = request.SafetyIdentifier ?? request.User;
        if (user is null && !hasMore)
        {
            return;
        }

        writer.WriteStartObject("metadata"u8);
        writer.WriteOptional("user_id", user);
        WriteInner(request.Extensions, MetadataPrefix, writer);
        writer.WriteEndObject();
    }

    private static string? ServiceTier(ChatRequest request, DroppedParameters dropped)
    {
        switch (request.ServiceTier)
        {
            case null or "auto" or "standard_only":
                return request.ServiceTier;
            case "default":
                return "standard_only";
            default:
                if (request.Dialect == Dialect.Anthropic)
                {
                    return request.ServiceTier;
                }

                dropped.Add("service_tier");
                return null;
        }
    }

    /// <summary>
    /// <c>anthropic_version</c> belongs to the platform. <c>anthropic_beta</c> is a member of the body on Bedrock and Vertex, and a header
    /// elsewhere.
    /// </summary>
    private static void WriteExtensions(Extensions? extensions, bool isDirect, DroppedParameters dropped, Utf8JsonWriter writer)
    {
        dropped.Add(extensions, Dialect.Anthropic);
        if (extensions is not { Dialect: Dialect.Anthropic })
        {
            return;
        }

        foreach (var member in extensions.Members)
        {
            if (member.Name == "anthropic_version" || IsInner(member, OutputConfigPrefix) || IsInner(member, MetadataPrefix))
            {
                continue;
            }

            if (isDirect && member.Name == "anthropic_beta")
            {
                dropped.Add(member.Name);
                continue;
            }

            writer.WritePropertyName(member.Name);
            writer.WriteElement(member.Value);
        }
    }

    private static bool IsInner(Extension member, string prefix) => member.Name.StartsWith(prefix, StringComparison.Ordinal);

    private static void WriteInner(Extensions? extensions, string prefix, Utf8JsonWriter writer)
    {
        if (extensions is not { Dialect: Dialect.Anthropic })
        {
            return;
        }

        foreach (var member in extensions.Members)
        {
            if (IsInner(member, prefix))
            {
                writer.WritePropertyName(member.Name.AsSpan(prefix.Length));
                writer.WriteElement(member.Value);
            }
        }
    }
}
