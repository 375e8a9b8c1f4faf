using System.Buffers;
using System.Buffers.Binary;
using System.Buffers.Text;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Gatehouse.Protocols.Embeddings;

/// <summary>Reads the values of one vector straight from the bytes: no document, no strings, and as a rule one allocation.</summary>
internal static class VectorReader
{
    private const int UsualLength = 1536;

    /// <summary>What is set aside before a number is read: one long vector must not make thousands of short ones costly.</summary>
    private const int MaxExpectedLength = 8192;

    /// <summary>Null for what is not a vector of finite binary32 values: an array of numbers, or base64 of their little-endian bytes.</summary>
    /// <param name="reader">At the value; at its end afterwards if it is a vector.</param>
    /// <param name="expectedLength">Of the vector before, if there was one.</param>
    public static float[]? Read(ref Utf8JsonReader reader, int? expectedLength) => reader.TokenType switch
    {
        JsonTokenType.StartArray => ReadNumbers(ref reader, Math.Min(expectedLength ?? UsualLength, MaxExpectedLength)),
        JsonTokenType.String => ReadBase64(ref reader),
        _ => null,
    };

    private static float[]? ReadNumbers(ref Utf8JsonReader reader, int expectedLength)
    {
        var values = new float[expectedLength];
        var length = 0;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            // 1e39 is read as an infinity.
            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetSingle(out var value) || !float.IsFinite(value))
            {
                return null;
            }

            if (length == values.Length)
            {
                Array.Resize(ref values, Math.Max(4, length * 2));
            }

            values[length++] = value;
        }

        Array.Resize(ref values, length);
        return length == 0 ? null : values;
    }

    private static float[]? ReadBase64(ref Utf8JsonReader reader)
    {
        if (!reader.HasValueSequence && !reader.ValueIsEscaped)
        {
            return Decode(reader.ValueSpan);
        }

        // In pieces, or with an escaped slash, as PHP writes it.
        var size = reader.HasValueSequence ? checked((int)reader.ValueSequence.Length) : reader.ValueSpan.Length;
        var text = ArrayPool<byte>.Shared.Rent(size);
        try
        {
            return Decode(text.AsSpan(0, reader.CopyString(text)));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(text);
        }
    }

    private static float[]? Decode(ReadOnlySpan<byte> text)
    {
        var padding = text.EndsWith("=="u8) ? 2 : text.EndsWith("="u8) ? 1 : 0;
        var size = (text.Length / 4 * 3) - padding;
        if (text.Length % 4 != 0 || size <= 0 || size % sizeof(float) != 0)
        {
            return null;
        }

        var values = new float[size / sizeof(float)];
        var status = Base64.DecodeFromUtf8(text, MemoryMarshal.AsBytes(values.AsSpan()), out _, out var written);
        if (status != OperationStatus.Done || written != size)
        {
            return null;
        }

        if (!BitConverter.IsLittleEndian)
        {
            var bits = MemoryMarshal.Cast<float, int>(values.AsSpan());
            BinaryPrimitives.ReverseEndianness(bits, bits);
        }

        foreach (var value in values)
        {
            if (!float.IsFinite(value))
            {
                return null;
            }
        }

        return values;
    }
}
