using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.Gemini;

/// <summary>Writes the body of <c>generateContent</c> and <c>streamGenerateContent</c>; the path names the model.</summary>
internal static class GeminiRequestWriter
{
    public static void Write(ChatRequest request, RequestContext context, Utf8JsonWriter writer)
    {
        request = ForeignRequest.Prepare(context.Apply(request), Dialect.Gemini);
        writer.WriteStartObject();
        NameLosses(request, context);
        new GeminiContentWriter(request, context, writer).Write();
        GeminiToolWriter.WriteTools(request, context, writer);
        GeminiToolWriter.WriteChoice(request, writer);
        GeminiConfigWriter.Write(request, context, writer);
        if (request.Metadata is { } labels && (request.Dialect == Dialect.Gemini || context.Rules.Has("labels")))
        {
            // Only Vertex AI knows them.
            writer.WriteOptional("labels", labels);
        }

        if (request.ServiceTier is { } tier && request.Dialect == Dialect.Gemini)
        {
            writer.WriteString("serviceTier"u8, tier);
        }

        GeminiContentWriter.WriteExtensions(writer, request.Extensions, "");
        writer.WriteEndObject();
    }

    private static void NameLosses(ChatRequest request, RequestContext context)
    {
        var dropped = context.Dropped;
        dropped.Add(request.Extensions, Dialect.Gemini);
        if (request.PreviousResponseId is not null)
        {
            throw new UnsupportedException("previous_response_id");
        }

        if (request.Dialect == Dialect.Gemini)
        {
            return;
        }

        Name(dropped, "logit_bias", request.LogitBias is not null);
        Name(dropped, "user", request.User is not null);
        Name(dropped, "safety_identifier", request.SafetyIdentifier is not null);
        Name(dropped, "metadata", request.Metadata is not null && !context.Rules.Has("labels"));
        Name(dropped, "service_tier", request.ServiceTier is not (null or "auto" or "default"));
        Name(dropped, "prompt_cache_key", request.PromptCacheKey is not null);
        Name(dropped, "verbosity", request.Verbosity is not null);
        Name(dropped, "cache_control", request.CacheControl is not null);
        Name(dropped, "store", request.Store == true);
        Name(dropped, "parallel_tool_calls", request.ParallelToolCalls == false);
    }

    private static void Name(DroppedParameters dropped, string name, bool isThere)
    {
        if (isThere)
        {
            dropped.Add(name);
        }
    }
}
