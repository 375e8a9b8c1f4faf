using System.Text;
using System.Text.Json;
using Gatehouse.Protocols.Tokens;

namespace Gatehouse.Protocols.Json;

/// <summary>
/// Takes the escapes out of a JSON string that comes in pieces: how long it is without them, how many tokens it may have, and its beginning. Where the reader's own
/// methods throw, this puts U+FFFD: half a surrogate pair is JSON (RFC 8259, 8.2), and a body of nothing else must cost no exceptions.
/// </summary>
/// <param name="destination">Where the beginning goes; empty to count only.</param>
/// <param name="weighs">Whether <see cref="Weight"/> is wanted.</param>
public ref struct JsonUnescaper(Span<byte> destination, bool weighs = false)
{
    private const int Plain = 0;
    private const int AfterBackslash = 1;
    private const int FirstDigit = 2;
    private const int AfterLastDigit = 6;

    private readonly Span<byte> _destination = destination;
    private int _state;
    private int _codeUnit;
    private int _highSurrogate;
    private TextTokens _tokens;

    /// <summary>Of the whole text, in bytes of UTF-8.</summary>
    public long Length { get; private set; }

    /// <summary>Bytes of the beginning that are in the destination.</summary>
    public int Written { get; private set; }

    /// <summary>Of the whole text, as <see cref="TextTokens"/> weighs it; 0 when it is not wanted.</summary>
    public readonly long Weight => _tokens.Weight;

    /// <summary>The text of the reader's string or name.</summary>
    /// <param name="reader">At a string or a name.</param>
    public void Push(in Utf8JsonReader reader)
    {
        if (!reader.HasValueSequence)
        {
            Push(reader.ValueSpan, reader.ValueIsEscaped);
            return;
        }

        foreach (var segment in reader.ValueSequence)
        {
            PushPiece(segment.Span, reader.ValueIsEscaped);
        }

        EndHalfPair();
    }

    /// <summary>A text as it is written, without its quotes.</summary>
    public void Push(ReadOnlySpan<byte> raw, bool isEscaped)
    {
        PushPiece(raw, isEscaped);
        EndHalfPair();
    }

    private void PushPiece(ReadOnlySpan<byte> raw, bool isEscaped)
    {
        if (!isEscaped)
        {
            Append(raw);
            return;
        }

        while (!raw.IsEmpty)
        {
            if (_state == Plain)
            {
                var backslash = raw.IndexOf((byte)'\\');
                var plain = backslash < 0 ? raw : raw[..backslash];
                if (!plain.IsEmpty)
                {
                    EndHalfPair();
                    Append(plain);
                }

                if (backslash < 0)
                {
                    return;
                }

                raw = raw[(backslash + 1)..];
                _state = AfterBackslash;
                continue;
            }

            Escaped(raw[0]);
            raw = raw[1..];
        }
    }

    private void Escaped(byte character)
    {
        if (_state == AfterBackslash)
        {
            if (character == 'u')
            {
                (_state, _codeUnit) = (FirstDigit, 0);
                return;
            }

            EndHalfPair();
            _state = Plain;
            Append([character switch
            {
                (byte)'n' => (byte)'\n',
                (byte)'r' => (byte)'\r',
                (byte)'t' => (byte)'\t',
                (byte)'b' => (byte)'\b',
                (byte)'f' => (byte)'\f',
                _ => character,
            }]);
            return;
        }

        _codeUnit = (_codeUnit << 4) | (ValueOf(character) & 0xF);
        if (++_state == AfterLastDigit)
        {
            _state = Plain;
            End((char)_codeUnit);
        }
    }

    private void End(char unit)
    {
        if (_highSurrogate != 0 && char.IsLowSurrogate(unit))
        {
            Append(new Rune((char)_highSurrogate, unit));
            _highSurrogate = 0;
            return;
        }

        EndHalfPair();
        if (char.IsHighSurrogate(unit))
        {
            _highSurrogate = unit;
        }
        else
        {
            Append(Rune.TryCreate(unit, out var rune) ? rune : Rune.ReplacementChar);
        }
    }

    private void EndHalfPair()
    {
        if (_highSurrogate != 0)
        {
            _highSurrogate = 0;
            Append(Rune.ReplacementChar);
        }
    }

    private void Append(Rune rune)
    {
        Span<byte> bytes = stackalloc byte[4];
        Append(bytes[..rune.EncodeToUtf8(bytes)]);
    }

    private void Append(scoped ReadOnlySpan<byte> bytes)
    {
        Length += bytes.Length;
        if (weighs)
        {
            _tokens.Add(bytes);
        }

        var room = Math.Min(bytes.Length, _destination.Length - Written);
        bytes[..room].CopyTo(_destination[Written..]);
        Written += room;
    }

    private static int ValueOf(byte digit) => digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10;
}
