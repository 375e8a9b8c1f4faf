using System.Text.Json;

namespace Gatehouse.Protocols.Json;

/// <summary>
/// The free text of a custom tool's call, streamed in the arguments of a dialect that has only JSON objects: <c>{"text": "…"}</c>, which is
/// what <see cref="JsonMembers.WriteJsonObject"/> makes of it in a whole answer.
/// </summary>
internal static class StreamedFreeText
{
    public const string Opening = "{\"text\":\"";
    public const string Closing = "\"}";

    public static string Piece(string text) => JsonEncodedText.Encode(text, JsonWriting.Options.Encoder).ToString();
}
