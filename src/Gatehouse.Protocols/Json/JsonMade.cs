using System.Buffers;
using System.Text.Json;

namespace Gatehouse.Protocols.Json;

/// <summary>JSON that is made here, mostly of pieces of what was read.</summary>
internal static class JsonMade
{
    // A piece can be as deep as a text may be that is read; what is made of some is a little deeper.
    private static readonly JsonDocumentOptions Options = new() { MaxDepth = 300 };

    /// <param name="write">Writes one value.</param>
    /// <returns>A value that needs no disposing.</returns>
    public static JsonElement Element(Action<Utf8JsonWriter> write) => JsonElement.Parse(Written(write).WrittenSpan, Options);

    /// <inheritdoc cref="Element"/>
    /// <returns>UTF-8.</returns>
    public static byte[] Bytes(Action<Utf8JsonWriter> write) => Written(write).WrittenSpan.ToArray();

    private static ArrayBufferWriter<byte> Written(Action<Utf8JsonWriter> write)
    {
        var output = new ArrayBufferWriter<byte>();
        using var writer = new Utf8JsonWriter(output, JsonWriting.Options);
        write(writer);
        writer.Flush();
        return output;
    }
}
