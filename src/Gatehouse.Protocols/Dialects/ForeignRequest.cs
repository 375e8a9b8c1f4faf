using Gatehouse.Protocols.Chat;

namespace Gatehouse.Protocols.Dialects;

/// <summary>
/// What every writer does first with a request of another dialect. One of its own dialect stays as its caller wrote it: the provider itself
/// says what it does not like.
/// </summary>
internal static class ForeignRequest
{
    /// <param name="request">After the rules of the target.</param>
    /// <param name="target">The writer's dialect.</param>
    /// <exception cref="MalformedException">It has no message.</exception>
    /// <exception cref="UnsupportedException">The target does not take the name of a tool.</exception>
    public static ChatRequest Prepare(ChatRequest request, Dialect target)
    {
        if (request.Dialect == target)
        {
            return request;
        }

        if (request.Messages.Count == 0 && !IsKeptElsewhere(request))
        {
            var field = request.Dialect switch { Dialect.Gemini => "contents", Dialect.OpenAiResponses => "input", _ => "messages" };
            throw new MalformedException(field, $"'{field}' must have at least one message");
        }

        ToolNameRule.Of(target)?.Check(request);
        var messages = Conversation.JoinResults(request.Messages);
        return ReferenceEquals(messages, request.Messages) ? request : request with { Messages = messages };
    }

    /// <summary>A prompt that a provider keeps: the writer says that its target does not have it.</summary>
    private static bool IsKeptElsewhere(ChatRequest request) =>
        request.PreviousResponseId is not null || request.Extensions?.Members.Any(m => m.ChangesMeaning) == true;
}
