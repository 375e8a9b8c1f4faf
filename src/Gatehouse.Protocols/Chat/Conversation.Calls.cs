namespace Gatehouse.Protocols.Chat;

/// <content>Tool calls and their results.</content>
public static partial class Conversation
{
    /// <summary>
    /// Brings turns into the form of Anthropic, Bedrock and Gemini, which refuse a call without its result right behind it: calls that the
    /// conversation goes on after without an answer get one that says so, as an error. Calls at its end wait for theirs.
    /// </summary>
    /// <param name="turns">From <see cref="Alternate"/>; changed.</param>
    /// <param name="marksErrors">The target knows results that are errors.</param>
    public static void AnswerCalls(List<ChatMessage> turns, bool marksErrors = true)
    {
        for (var i = 0; i + 1 < turns.Count; i++)
        {
            var next = turns[i + 1];
            if (turns[i].Role != Role.Assistant || next.Role != Role.User || !turns[i].Parts.Any(p => p is ToolCallPart))
            {
                continue;
            }

            var results = next.Parts.OfType<ToolResultPart>().ToList();
            var answered = results.Select(r => r.CallId).ToHashSet(StringComparer.Ordinal);
            var missing = turns[i].Parts.OfType<ToolCallPart>().Where(c => answered.Add(c.Id)).Select(c => Unanswered(c, marksErrors)).ToList();
            if (missing.Count > 0)
            {
                turns[i + 1] = next with { IsPlainText = false, Parts = [.. results, .. missing, .. next.Parts.Where(p => p is not ToolResultPart)] };
            }
        }
    }

    /// <summary>Brings turns into the form of Claude, which wants one at least, and the first one from the user.</summary>
    /// <param name="turns">From <see cref="Alternate"/>; changed.</param>
    /// <exception cref="MalformedException">No turn says anything.</exception>
    public static void OpenWithUser(List<ChatMessage> turns)
    {
        if (turns.Count == 0)
        {
            throw new MalformedException("messages", "there must be at least one message that is not empty");
        }

        if (turns[0].Role == Role.Assistant)
        {
            // "messages: first message must use the "user" role" (its 400). A greeting of the assistant is common elsewhere.
            turns.Insert(0, new ChatMessage(Role.User, [new TextPart(".")]) { IsPlainText = true });
        }
    }

    /// <summary>Joins results whose caller left the id of the call empty with the calls that wait, in their order.</summary>
    /// <returns>The same list when there are none.</returns>
    public static IReadOnlyList<ChatMessage> JoinResults(IReadOnlyList<ChatMessage> messages)
    {
        if (!messages.Any(m => m.Parts.Any(p => p is ToolResultPart { CallId: "" } or ToolCallPart { Id: "" })))
        {
            return messages;
        }

        var answered = messages.SelectMany(m => m.Parts).OfType<ToolResultPart>().Select(r => r.CallId).ToHashSet(StringComparer.Ordinal);
        var waiting = new Queue<string>();
        var made = 0;
        return [.. messages.Select(m => m with { Parts = [.. m.Parts.Select(Join)] })];

        Part Join(Part part)
        {
            switch (part)
            {
                case ToolCallPart call:
                    var named = call.Id.Length > 0 ? call : call with { Id = $"call_unnamed_{made++}", HasMadeId = true };
                    if (!answered.Contains(named.Id))
                    {
                        waiting.Enqueue(named.Id);
                    }

                    return named;
                case ToolResultPart { CallId: "" } result when waiting.TryDequeue(out var first):
                    return result with { CallId = first, HasMadeId = true };
                default:
                    return part;
            }
        }
    }

    private static ToolResultPart Unanswered(ToolCallPart call, bool marksErrors) => new(call.Id)
    {
        Name = call.Name,
        Content = [new TextPart("The tool call was not answered.")],
        IsPlainText = true,
        IsError = marksErrors ? true : null,
        HasMadeId = call.HasMadeId,
    };
}
