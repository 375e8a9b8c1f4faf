using System.Buffers.Text;
using System.Text;
using Gatehouse.Protocols.Chat;

namespace Gatehouse.Protocols.Dialects.Bedrock;

/// <summary>
/// Claude's signatures are the same on Bedrock and at Anthropic, where a caller may have them from or go with them next. Bedrock has them
/// unchanged in <c>reasoningText.signature</c>; <c>redactedContent</c> is a blob, so the text that Anthropic calls
/// <c>redacted_thinking.data</c> stands there as base64 of its bytes (seen in recordings: base64 of base64).
/// </summary>
internal static class BedrockSignature
{
    public static Signature Read(string signature) => Signature.From(Dialect.Anthropic, signature);

    public static Signature ReadRedacted(string blob)
    {
        var bytes = new byte[Base64.GetMaxDecodedFromUtf8Length(blob.Length)];
        if (!Convert.TryFromBase64String(blob, bytes, out var length) || !IsPlain(bytes.AsSpan(0, length)))
        {
            return new Signature(Dialect.Bedrock, blob);
        }

        var text = Encoding.ASCII.GetString(bytes, 0, length);
        // Only what can be written back byte for byte is read as the text in it.
        return Convert.ToBase64String(bytes, 0, length) == blob ? Signature.From(Dialect.Anthropic, text) : new Signature(Dialect.Bedrock, blob);
    }

    public static string Write(Signature signature) => signature.In(Dialect.Anthropic);

    public static string WriteRedacted(Signature signature) => signature.Maker == Dialect.Bedrock
        ? signature.Value
        : Convert.ToBase64String(Encoding.UTF8.GetBytes(signature.In(Dialect.Anthropic)));

    /// <summary>A model on Bedrock can read it.</summary>
    public static bool IsOwn(Signature? signature) => signature?.Maker is Dialect.Anthropic or Dialect.Bedrock;

    private static bool IsPlain(ReadOnlySpan<byte> text) => !text.IsEmpty && !text.ContainsAnyExceptInRange((byte)'!', (byte)'~');
}
