using System.Buffers;
using System.Text;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.PromptCache;

/// <summary>
/// Puts breakpoints of a provider's prompt cache into a request, as edits of its text: <c>"cache_control": {"type": "ephemeral"}</c>, or
/// Bedrock's <c>{"cachePoint": {"type": "default"}}</c>. There are four at most, as many as Anthropic and Bedrock take. A request that has one
/// of its own is left alone.
/// </summary>
public static class PromptCacheMarks
{
    /// <summary>The edits, in order; none where there is nothing to mark.</summary>
    /// <param name="body">A whole JSON text, in the dialect of the plan.</param>
    /// <param name="plan">What to mark.</param>
    public static JsonEdit[] EditsFor(in ReadOnlySequence<byte> body, PromptCachePlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        var scan = new PromptScan(body, plan);
        scan.Read();
        if (scan.HasMark || scan.Tokens < plan.MinTokens)
        {
            return [];
        }

        var edits = new List<JsonEdit>();
        Mark(plan.Tools, scan.Tools, plan, edits);
        Mark(plan.System, scan.System, plan, edits);
        Mark(plan.Messages, scan.UserBefore, plan, edits);
        Mark(plan.Messages, scan.LastUser, plan, edits);
        return [.. edits.OrderBy(edit => edit.Offset)];
    }

    /// <summary>The caller has set breakpoints, whether or not the target's dialect can say all of them.</summary>
    public static bool AreIn(ChatRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        return request.CacheControl is not null
            || request.Tools.Any(tool => tool.CacheControl is not null)
            || request.Messages.Any(message => message.CacheControl is not null || message.Parts.Any(IsMarked));
    }

    private static bool IsMarked(Part part) => part.CacheControl is not null
        || (part is ToolResultPart result && result.Content.Any(IsMarked))
        || (part is FilePart { Content: { } content } && content.Any(IsMarked));

    private static void Mark(bool isWanted, PromptPlace place, PromptCachePlan plan, List<JsonEdit> edits)
    {
        if (!isWanted)
        {
            return;
        }

        var control = plan.OneHour ? """{"type":"ephemeral","ttl":"1h"}""" : """{"type":"ephemeral"}""";
        switch (place.Kind)
        {
            case PromptPlaceKind.String:
                edits.Add(Insert(place.Start, """[{"type":"text","text":"""));
                edits.Add(Insert(place.End, $$""","cache_control":{{control}}}]"""));
                break;
            case PromptPlaceKind.Object:
                edits.Add(Insert(place.End, $""","cache_control":{control}"""));
                break;
            case PromptPlaceKind.NullMember:
                edits.Add(new JsonEdit(place.Start, (int)(place.End - place.Start), Encoding.UTF8.GetBytes(control)));
                break;
            case PromptPlaceKind.Block:
                edits.Add(Insert(place.End, plan.OneHour ? """,{"cachePoint":{"type":"default","ttl":"1h"}}""" : """,{"cachePoint":{"type":"default"}}"""));
                break;
        }
    }

    private static JsonEdit Insert(long offset, string text) => new(offset, 0, Encoding.UTF8.GetBytes(text));
}
