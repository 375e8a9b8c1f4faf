using System.Buffers.Text;
using Gatehouse.Expressions.Checking;
using Gatehouse.Expressions.Compilation;
using static Gatehouse.Expressions.CelType;
using static Gatehouse.Expressions.Library.Signatures;

namespace Gatehouse.Expressions.Library;

/// <summary>The encoders extension: base64, read with and without its padding.</summary>
internal static class EncodingFunctions
{
    public static IEnumerable<Overload> All =>
    [
        Function("base64.encode", CelType.String, Bytes, (Frame frame, in CelValue a) =>
            frame.SpendText(a.ByteArray.Length) ? CelValue.From(Convert.ToBase64String(a.ByteArray)) : default),
        Function("base64.decode", Bytes, CelType.String, Decode),
    ];

    private static CelValue Decode(Frame frame, in CelValue text)
    {
        if (!frame.SpendText(text.Text.Length))
        {
            return default;
        }

        var padded = text.Text.PadRight((text.Text.Length + 3) / 4 * 4, '=');
        var bytes = new byte[padded.Length / 4 * 3];
        return Base64.IsValid(padded) && Convert.TryFromBase64String(padded, bytes, out var length)
            ? CelValue.FromBytes(bytes[..length])
            : frame.Fail("the text is no base64");
    }
}
