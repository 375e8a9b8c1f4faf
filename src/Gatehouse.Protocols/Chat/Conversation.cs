namespace Gatehouse.Protocols.Chat;

/// <summary>Brings the turns of a conversation into the form that a target wants.</summary>
public static partial class Conversation
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
    /// Puts together what was streamed: Google's SDK keeps every chunk of a stream as a turn of its own, and sends them all back. Texts are
    /// joined where they were cut, and the pieces of a thought up to the signature that seals all of them.
    /// </summary>
    public static IReadOnlyList<ChatMessage> JoinStreamed(IReadOnlyList<ChatMessage> messages)
    {
        var turns = new List<ChatMessage>(messages.Count);
        for (var i = 0; i < messages.Count;)
        {
            var first = messages[i];
            var pieces = new List<(Part Part, bool IsCut)>();
            var start = i;
            do
            {
                pieces.AddRange(messages[i].Parts.Select((part, place) => (part, place == 0)));
                i++;
            }
            while (first.Role == Role.Assistant && i < messages.Count && messages[i].Role == Role.Assistant);
            turns.Add(first.Role == Role.Assistant ? first with { Parts = Join(pieces), IsPlainText = first.IsPlainText && i == start + 1 } : first);
        }

        return turns;
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

    private static List<Part> Join(List<(Part Part, bool IsCut)> pieces)
    {
        var parts = new List<Part>(pieces.Count);
        for (var i = 0; i < pieces.Count;)
        {
            var start = i++;
            switch (pieces[start].Part)
            {
                case TextPart text:
                    while (i < pieces.Count && pieces[i] is { IsCut: true, Part: TextPart } && ((TextPart)pieces[i - 1].Part).Signature is null)
                    {
                        i++;
                    }

                    var texts = pieces[start..i].ConvertAll(piece => (TextPart)piece.Part);
                    parts.Add(i == start + 1 ? text : text with { Text = string.Concat(texts.Select(t => t.Text)), Signature = texts[^1].Signature });
                    break;
                case ReasoningPart { IsRedacted: false } thought:
                    while (i < pieces.Count && pieces[i].Part is ReasoningPart && ((ReasoningPart)pieces[i - 1].Part).Signature is null)
                    {
                        i++;
                    }

                    var thoughts = pieces[start..i].ConvertAll(piece => (ReasoningPart)piece.Part);
                    parts.Add(i == start + 1 ? thought : thought with { Text = string.Concat(thoughts.Select(t => t.Text)), Signature = thoughts[^1].Signature });
                    break;
                case var other:
                    parts.Add(other);
                    break;
            }
        }

        // The last chunk of a stream has often nothing but the end in it.
        if (parts.Count > 1)
        {
            _ = parts.RemoveAll(part => part is TextPart { Text: "", Signature: null });
        }

        return parts;
    }

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
