using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Gatehouse.Protocols.Dialects.OpenAi;

/// <summary>Writes the OpenAI error envelope: <c>{"error":{"message","type","param","code"}}</c>.</summary>
public static class OpenAiErrorWriter
{
    // The answer is JSON and never HTML: quotes in a message stay readable.
    private static readonly JsonWriterOptions WriterOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static void Write(IBufferWriter<byte> output, string message, string type, string? param, string code)
    {
        using var writer = new Utf8JsonWriter(output, WriterOptions);
        writer.WriteStartObject();
        writer.WriteStartObject("error"u8);
        writer.WriteString("message"u8, message);
        writer.WriteString("type"u8, type);
        writer.WriteString("param"u8, param);
        writer.WriteString("code"u8, code);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    /// <summary>The event that ends a broken stream. The SDKs raise an error on a chunk with an "error" member; no <c>[DONE]</c> follows.</summary>
    public static void WriteEvent(IBufferWriter<byte> output, string message, string type, string? param, string code)
    {
        output.Write("data: "u8);
        Write(output, message, type, param, code);
        output.Write("\n\n"u8);
    }
}
