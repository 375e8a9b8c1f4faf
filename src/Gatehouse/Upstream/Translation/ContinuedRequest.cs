using System.Text.Json;
using Gatehouse.Pipeline;
using Gatehouse.Protocols.Chat;

namespace Gatehouse.Upstream.Translation;

/// <summary>A request whose answer has broken off, put so that the next target goes on with it.</summary>
internal static class ContinuedRequest
{
    private const string Instruction =
        "Your last answer was cut off. Go on exactly where it ends, in the middle of a word if need be: write only what comes next. Do not repeat "
        + "anything of it, do not begin again, and do not mention the interruption.";

    private static readonly JsonElement True = JsonElement.Parse("true");
    private static readonly JsonElement False = JsonElement.Parse("false");

    /// <param name="request">As the caller made it.</param>
    /// <param name="target">Who is to go on.</param>
    /// <param name="continuation">How it is told.</param>
    /// <param name="text">What the caller has got, without white space at its end; empty for nothing.</param>
    /// <param name="usedTokens">Output that the caller has got, about.</param>
    public static ChatRequest Of(ChatRequest request, Target target, Continuation continuation, string text, long usedTokens)
    {
        if (text.Length == 0)
        {
            return request;
        }

        request = request with { MaxOutputTokens = request.MaxOutputTokens is { } most ? Math.Max(1, most - usedTokens) : null };
        var said = new ChatMessage(Role.Assistant, [new TextPart(text)]) { IsPlainText = true };
        if (continuation == Continuation.Instruction)
        {
            return request with { Messages = [.. request.Messages, said, new ChatMessage(Role.User, [new TextPart(Instruction)]) { IsPlainText = true }] };
        }

        // A turn that was begun cannot be thought about first: Anthropic refuses "extended thinking" with it.
        request = request with { Reasoning = null };
        return target.Provider.Entry.Kind switch
        {
            // Mistral, "prefix"; DeepSeek, "Chat Prefix Completion (Beta)", which is at the base URL .../beta
            "mistral" => Said(said with { Extensions = new Extensions(Dialect.Mistral, [new Extension("prefix", True)]) }),
            "deepseek" => Said(said with { Extensions = new Extensions(Dialect.OpenAiChat, [new Extension("prefix", True)]) }),
            // Both servers close the last turn unless they are told not to, whosever it is.
            "vllm" or "sglang" when request.Extensions is null or { Dialect: Dialect.OpenAiChat } => Said(said) with { Extensions = GoOn(request.Extensions) },
            _ => Said(said),
        };

        ChatRequest Said(ChatMessage last) => request with { Messages = [.. request.Messages, last] };
    }

    private static Extensions GoOn(Extensions? extensions)
    {
        var more = new Extensions(Dialect.OpenAiChat, [new Extension("continue_final_message", True), new Extension("add_generation_prompt", False)]);
        return extensions?.With(more) ?? more;
    }
}
