namespace Gatehouse.Protocols.Chat;

/// <summary>Brings the turns of a conversation into the form that a target wants.</summary>
public static class Conversation
{
    /// <summary>
    /// Merges neighbours of the same role, and drops turns without content. In a user's turn the results of tools come first: Anthropic and
    /// Bedrock want them right behind the calls.
    /// </summary>
    /// <param name="messages">User and assistant turns.</param>
    public static List<ChatMessage> Alternate(IEnumerable<ChatMessage> messages)
    {
        var turns = new List<ChatMessage>();
        List<Part>? merged = null;
        foreach (var message in messages)
        {
            if (message.Parts.Count == 0)
            {
                continue;
            }

            if (turns.Count > 0 && turns[^1] is var last && last.Role == message.Role)
            {
                if (merged is null)
                {
                    merged = [.. last.Parts];
                    turns[^1] = last with { Parts = merged, IsPlainText = false };
                }

                // The turn has the list: copied once for all of its messages, of which there may be very many.
                merged.AddRange(message.Parts);
            }
            else
            {
                turns.Add(message);
                merged = null;
            }
        }

        for (var i = 0; i < turns.Count; i++)
        {
            if (turns[i].Role == Role.User && IsMixed(turns[i].Parts))
            {
                turns[i] = turns[i] with { Parts = [.. turns[i].Parts.OfType<ToolResultPart>(), .. turns[i].Parts.Where(p => p is not ToolResultPart)] };
            }
        }

        return turns;
    }

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

    /// <summary>The names of the tools called in a conversation, by the ids of the calls.</summary>
    public static Dictionary<string, string> ToolNames(IEnumerable<ChatMessage> messages)
    {
        var names = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var call in messages.SelectMany(m => m.Parts).OfType<ToolCallPart>())
        {
            names[call.Id] = call.Name;
        }

        return names;
    }

    /// <summary>Splits off the system and developer turns with which the conversation begins.</summary>
    public static (IReadOnlyList<ChatMessage> System, IReadOnlyList<ChatMessage> Turns) SplitSystem(IReadOnlyList<ChatMessage> messages)
    {
        var count = 0;
        while (count < messages.Count && IsSystem(messages[count].Role))
        {
            count++;
        }

        return ([.. messages.Take(count)], count == 0 ? messages : [.. messages.Skip(count)]);
    }

    public static bool IsSystem(Role role) => role is Role.System or Role.Developer;

    /// <summary>The text of some parts, joined by line breaks; null when there is none.</summary>
    public static string? TextOf(IEnumerable<Part> parts)
    {
        var texts = parts.OfType<TextPart>().Select(p => p.Text).ToList();
        return texts.Count == 0 ? null : string.Join('\n', texts);
    }

    private static ToolResultPart Unanswered(ToolCallPart call, bool marksErrors) => new(call.Id)
    {
        Name = call.Name,
        Content = [new TextPart("The tool call was not answered.")],
        IsPlainText = true,
        IsError = marksErrors ? true : null,
        HasMadeId = call.HasMadeId,
    };

    private static bool IsMixed(IReadOnlyList<Part> parts)
    {
        var sawOther = false;
        foreach (var part in parts)
        {
            if (part is ToolResultPart)
            {
                if (sawOther)
                {
                    return true;
                }
            }
            else
            {
                sawOther = true;
            }
        }

        return false;
    }
}
