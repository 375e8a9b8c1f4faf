using System.Security.Cryptography;
using System.Text;

namespace Gatehouse.Protocols.Chat;

/// <summary>Dialects differ in what the id of a tool call may look like.</summary>
public static class ToolCallId
{
    /// <summary>
    /// The id in a form that a target takes: unchanged if it fits, else letters and digits made of it, always the same for the same id, so
    /// that a call and its result still belong together.
    /// </summary>
    /// <param name="id">As the caller has it.</param>
    /// <param name="maxLength">For example 64 (Bedrock), 9 (Mistral, which wants exactly nine letters and digits).</param>
    /// <param name="exactLength">Shorter ids do not fit either.</param>
    /// <param name="lettersAndDigitsOnly">Otherwise <c>_</c> and <c>-</c> fit too.</param>
    public static string Fit(string id, int maxLength, bool exactLength = false, bool lettersAndDigitsOnly = false)
    {
        var fits = id.Length > 0 && id.Length <= maxLength && (!exactLength || id.Length == maxLength)
            && id.All(c => char.IsAsciiLetterOrDigit(c) || (!lettersAndDigitsOnly && c is '_' or '-'));
        return fits ? id : Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(id)))[..Math.Min(maxLength, 24)];
    }
}
