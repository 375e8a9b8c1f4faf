using System.Buffers;
using System.Buffers.Text;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Gatehouse.Caching;

/// <summary>
/// Writes equal JSON as equal bytes: members sorted by name at every level, no white space, numbers by value (<c>1</c>, <c>1.0</c> and
/// <c>10e-1</c> are one), strings by value (<c>"a"</c> and <c>"\u0061"</c> are one), nothing lower-cased. Different JSON is never written as
/// equal bytes: names that occur twice are all written, in their order; half a surrogate pair stays as an escape; bytes that are no UTF-8 stay
/// as they are. Numbers are compared as decimals of any size, not as doubles: <c>0.1</c> and <c>0.1000000000000000055</c> are two.
/// </summary>
/// <remarks>
/// Not RFC 8785, which writes numbers as ECMAScript does and refuses what is no I-JSON. The form is only ever hashed or compared within one
/// version of the program. Recursion is bounded by the depth that the document was parsed with.
/// </remarks>
internal static class CanonicalJson
{
    private static readonly SearchValues<byte> Escape = SearchValues.Create((byte)'\\');

    /// <summary>Writes a value, and all that it holds.</summary>
    public static void Write(JsonElement element, IBufferWriter<byte> output)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                var separator = "{"u8;
                foreach (var member in SortedMembers(element))
                {
                    output.Write(separator);
                    WriteName(member, output);
                    Write(member.Value, output);
                    separator = ","u8;
                }

                output.Write(separator[0] == '{' ? "{}"u8 : "}"u8);
                break;
            case JsonValueKind.Array:
                var before = "["u8;
                foreach (var item in element.EnumerateArray())
                {
                    output.Write(before);
                    Write(item, output);
                    before = ","u8;
                }

                output.Write(before[0] == '[' ? "[]"u8 : "]"u8);
                break;
            case JsonValueKind.String:
                output.Write("\""u8);
                WriteText(JsonMarshal.GetRawUtf8Value(element)[1..^1], output);
                output.Write("\""u8);
                break;
            case JsonValueKind.Number:
                WriteNumber(JsonMarshal.GetRawUtf8Value(element), output);
                break;
            default:
                output.Write(JsonMarshal.GetRawUtf8Value(element));
                break;
        }
    }

    /// <summary>Adds what <see cref="Write"/> writes to a hash, without holding it as a whole.</summary>
    public static void Append(JsonElement element, IncrementalHash hash)
    {
        using var output = new HashWriter(hash);
        Write(element, output);
        output.Flush();
    }

    /// <summary>The members of an object in the order in which they are written, for those who leave some of them out.</summary>
    public static JsonProperty[] SortedMembers(JsonElement element)
    {
        var members = new JsonProperty[element.GetPropertyCount()];
        var names = new byte[members.Length][];
        var isSorted = true;
        var i = 0;
        foreach (var member in element.EnumerateObject())
        {
            members[i] = member;
            names[i] = Name(member);
            isSorted = isSorted && (i == 0 || names[i - 1].AsSpan().SequenceCompareTo(names[i]) <= 0);
            i++;
        }

        if (!isSorted)
        {
            // By name and then by position: of two members with one name a reader may take the first or the last.
            var order = new int[members.Length];
            for (i = 0; i < order.Length; i++)
            {
                order[i] = i;
            }

            Array.Sort(order, (a, b) => names[a].AsSpan().SequenceCompareTo(names[b]) is var byName && byName != 0 ? byName : a.CompareTo(b));
            members = Array.ConvertAll(order, position => members[position]);
        }

        return members;
    }

    /// <summary>Writes the name of a member and the colon after it.</summary>
    public static void WriteName(JsonProperty member, IBufferWriter<byte> output)
    {
        output.Write("\""u8);
        WriteText(JsonMarshal.GetRawUtf8PropertyName(member), output);
        output.Write("\":"u8);
    }

    private static byte[] Name(JsonProperty member)
    {
        var raw = JsonMarshal.GetRawUtf8PropertyName(member);
        if (!raw.ContainsAny(Escape))
        {
            return raw.ToArray();
        }

        var name = new ArrayBufferWriter<byte>(raw.Length);
        WriteText(raw, name);
        return name.WrittenSpan.ToArray();
    }

    /// <param name="raw">What stands between the quotes, of a reader that has accepted it.</param>
    internal static void WriteText(ReadOnlySpan<byte> raw, IBufferWriter<byte> output)
    {
        while (raw.IndexOf((byte)'\\') is var at && at >= 0)
        {
            output.Write(raw[..at]);
            raw = raw[(at + 1)..];
            if (raw[0] != 'u')
            {
                WriteRune(new Rune((char)Unescaped(raw[0])), output);
                raw = raw[1..];
                continue;
            }

            var first = (char)Hexadecimal(raw[1..5]);
            raw = raw[5..];
            if (Rune.TryCreate(first, out var rune))
            {
                WriteRune(rune, output);
            }
            else if (raw.Length >= 6 && raw[0] == '\\' && raw[1] == 'u' && Rune.TryCreate(first, (char)Hexadecimal(raw[2..6]), out var pair))
            {
                WriteRune(pair, output);
                raw = raw[6..];
            }
            else
            {
                WriteEscape(first, output);
            }
        }

        output.Write(raw);
    }

    private static void WriteRune(Rune rune, IBufferWriter<byte> output)
    {
        if (rune.Value is '"' or '\\')
        {
            output.Write([(byte)'\\', (byte)rune.Value]);
        }
        else if (rune.Value < ' ')
        {
            WriteEscape((char)rune.Value, output);
        }
        else
        {
            output.Advance(rune.EncodeToUtf8(output.GetSpan(4)));
        }
    }

    private static void WriteEscape(char value, IBufferWriter<byte> output)
    {
        var to = output.GetSpan(6);
        @"\u"u8.CopyTo(to);
        _ = Utf8Formatter.TryFormat((int)value, to[2..], out var written, new StandardFormat('x', 4));
        output.Advance(2 + written);
    }

    private static byte Unescaped(byte escape) => escape switch
    {
        (byte)'b' => (byte)'\b',
        (byte)'f' => (byte)'\f',
        (byte)'n' => (byte)'\n',
        (byte)'r' => (byte)'\r',
        (byte)'t' => (byte)'\t',
        _ => escape,
    };

    private static int Hexadecimal(ReadOnlySpan<byte> digits) => Utf8Parser.TryParse(digits, out int value, out _, 'x') ? value : 0;

    /// <summary>Digits without zeros at either end, and the power of ten of the last of them: 1200 is <c>12e2</c>.</summary>
    internal static void WriteNumber(ReadOnlySpan<byte> raw, IBufferWriter<byte> output)
    {
        var exponentAt = raw.IndexOfAny((byte)'e', (byte)'E');
        var exponent = 0L;
        if (exponentAt >= 0)
        {
            var digits = raw[(exponentAt + 1)..];
            digits = digits[0] == '+' ? digits[1..] : digits;
            if (digits.Length > 18 || !Utf8Parser.TryParse(digits, out exponent, out _))
            {
                // Further from one than any number that is meant: equal only to what is written the same.
                output.Write(raw);
                return;
            }
        }

        var mantissa = exponentAt < 0 ? raw : raw[..exponentAt];
        var isNegative = mantissa[0] == '-';
        mantissa = isNegative ? mantissa[1..] : mantissa;
        var point = mantissa.IndexOf((byte)'.');
        var whole = point < 0 ? mantissa : mantissa[..point];
        var fraction = point < 0 ? [] : mantissa[(point + 1)..].TrimEnd((byte)'0');
        whole = whole.TrimStart((byte)'0');
        if (fraction.IsEmpty)
        {
            var significant = whole.TrimEnd((byte)'0');
            exponent += whole.Length - significant.Length;
            whole = significant;
        }
        else if (whole.IsEmpty)
        {
            exponent -= fraction.Length;
            fraction = fraction.TrimStart((byte)'0');
        }
        else
        {
            exponent -= fraction.Length;
        }

        if (whole.IsEmpty && fraction.IsEmpty)
        {
            output.Write("0"u8);
            return;
        }

        output.Write(isNegative ? "-"u8 : []);
        output.Write(whole);
        output.Write(fraction);
        output.Write("e"u8);
        var to = output.GetSpan(20);
        _ = Utf8Formatter.TryFormat(exponent, to, out var written);
        output.Advance(written);
    }

    /// <summary>A small window that is hashed whenever it is full.</summary>
    private sealed class HashWriter(IncrementalHash hash) : IBufferWriter<byte>, IDisposable
    {
        private const int Size = 4096;
        private readonly byte[] _buffer = ArrayPool<byte>.Shared.Rent(Size);
        private int _length;

        public void Advance(int count) => _length += count;

        public Memory<byte> GetMemory(int sizeHint = 0)
        {
            Reserve(sizeHint);
            return _buffer.AsMemory(_length);
        }

        public Span<byte> GetSpan(int sizeHint = 0)
        {
            Reserve(sizeHint);
            return _buffer.AsSpan(_length);
        }

        public void Flush()
        {
            hash.AppendData(_buffer, 0, _length);
            _length = 0;
        }

        public void Dispose() => ArrayPool<byte>.Shared.Return(_buffer);

        private void Reserve(int sizeHint)
        {
            // Longer runs of bytes are written in pieces by BuffersExtensions.Write; what this class asks for itself is at most 20.
            if (_buffer.Length - _length < Math.Max(1, sizeHint))
            {
                Flush();
            }
        }
    }
}
