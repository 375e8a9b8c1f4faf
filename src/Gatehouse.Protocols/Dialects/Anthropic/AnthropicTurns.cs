using Gatehouse.Protocols.Chat;

namespace Gatehouse.Protocols.Dialects.Anthropic;

/// <summary>
/// The conversation in the form that Anthropic wants. One of its own callers stays as it is, but for thoughts of other makers, which it
/// would refuse. That of another dialect becomes alternating turns that begin with the user, in parts that Anthropic has blocks for.
/// </summary>
internal static class AnthropicTurns
{
    /// <returns>What goes into <c>system</c>, and what into <c>messages</c>.</returns>
    /// <exception cref="UnsupportedException">A part has no block.</exception>
    public static (IReadOnlyList<ChatMessage> System, IReadOnlyList<ChatMessage> Turns) Of(ChatRequest request, RequestContext context)
    {
        if (request.Dialect == Dialect.Anthropic)
        {
            return Conversation.SplitSystem(WithoutForeignThoughts(request.Messages, context.Dropped));
        }

        var messages = new List<ChatMessage>(request.Messages.Count);
        for (var i = 0; i < request.Messages.Count; i++)
        {
            messages.Add(new AnthropicForeignMessage($"messages[{i}]", context.Dropped).Read(request.Messages[i]));
        }

        var (system, rest) = Conversation.SplitSystem(messages);
        var keepsSystem = context.Rules.Has("system_messages");
        var turns = Conversation.Alternate(rest.Select(m => !Conversation.IsSystem(m.Role) ? m : keepsSystem ? m with { Role = Role.System } : AsUser(m)));
        if (turns.Count == 0 && system.Count > 0 && system[^1].Parts.Count > 0)
        {
            // "messages: at least one message is required" (its 400): the last instruction is what is asked.
            turns.Add(system[^1] with { Role = Role.User });
            system = [.. system.Take(system.Count - 1)];
        }

        Conversation.OpenWithUser(turns);
        Conversation.AnswerCalls(turns);
        TrimEnd(turns);
        return (JsonInstruction.Of(request) is { } line ? [.. system, new ChatMessage(Role.System, [line])] : system, turns);
    }

    private static IReadOnlyList<ChatMessage> WithoutForeignThoughts(IReadOnlyList<ChatMessage> messages, DroppedParameters dropped)
    {
        if (!messages.Any(m => m.Parts.Any(IsForeignThought)))
        {
            return messages;
        }

        dropped.Add("reasoning");
        return [.. messages
            .Select(m => m.Parts.Any(IsForeignThought) ? m with { Parts = [.. m.Parts.Where(p => !IsForeignThought(p))] } : m)
            .Where(m => m.Parts.Count > 0)];
    }

    private static bool IsForeignThought(Part part) => part is ReasoningPart { Signature: not { Maker: Dialect.Anthropic } };

    private static ChatMessage AsUser(ChatMessage system) => system with
    {
        Role = Role.User,
        IsPlainText = false,
        Parts = [.. system.Parts.Select(p => p is TextPart text ? text with { Text = $"<system>\n{text.Text}\n</system>" } : p)],
    };

    /// <summary>"final assistant content cannot end with trailing whitespace" (its 400).</summary>
    private static void TrimEnd(List<ChatMessage> turns)
    {
        if (turns is [.., { Role: Role.Assistant, Parts: [.., TextPart last] } turn] && last.Text.Length > 0 && char.IsWhiteSpace(last.Text[^1]))
        {
            turns[^1] = turn with { Parts = [.. turn.Parts.Take(turn.Parts.Count - 1), last with { Text = last.Text.TrimEnd() }] };
        }
    }
}
