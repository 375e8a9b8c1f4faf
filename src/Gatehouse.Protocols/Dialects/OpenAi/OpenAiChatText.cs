using Gatehouse.Protocols.Chat;

namespace Gatehouse.Protocols.Dialects.OpenAi;

internal static class OpenAiChatText
{
    /// <summary>Half a surrogate pair is JSON (RFC 8259, 8.2), but no text: whichever name or value holds one, the body is at fault.</summary>
    public static T Check<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (InvalidOperationException)
        {
            throw new MalformedException(null, "the body holds half a surrogate pair, which is not valid Unicode");
        }
    }
}
