using System.Buffers;
using System.Text;

namespace Gatehouse.Protocols.Json;

/// <summary>
/// Validates a JSON text (RFC 8259) that arrives in pieces and keeps the values of a few members of its top-level object, without ever
/// holding the text. For answers that are too large to buffer; where the whole text is at hand, <c>Utf8JsonReader</c> is used instead.
/// The same text gives the same result however it is split.
/// </summary>
/// <param name="members">Names of top-level members to keep.</param>
/// <param name="maxMemberLength">A longer value is not kept, in bytes.</param>
public sealed class JsonScanner(IEnumerable<string> members, int maxMemberLength)
{
    /// <summary>Deeper nesting is refused: a text of brackets alone would otherwise grow the stack with its length.</summary>
    public const int MaxDepth = 512;

    private static readonly SearchValues<byte> StringStops = SearchValues.Create(
        [(byte)'"', (byte)'\\', .. Enumerable.Range(0, 0x20).Select(b => (byte)b)]);

    private static readonly byte[] AfterT = "rue"u8.ToArray();
    private static readonly byte[] AfterF = "alse"u8.ToArray();
    private static readonly byte[] AfterN = "ull"u8.ToArray();

    private readonly byte[][] _members = members.Select(Encoding.UTF8.GetBytes).ToArray();
    private readonly ArrayBufferWriter<byte> _captured = new(256);
    private readonly byte[] _key = new byte[64];
    private readonly ulong[] _isObject = new ulong[MaxDepth / 64];
    private State _state = State.Value;
    private bool _stringIsKey;
    private int _keyLength;
    private int _depth;
    private int _hexDigitsLeft;
    private ReadOnlyMemory<byte> _literalRest;
    private bool _capturing;
    private int _capturedBefore;
    private int _captureLength;

    private enum State : byte
    {
        Value, ValueOrArrayEnd, KeyOrObjectEnd, Key, Colon, AfterValue, InString, InEscape, InUnicode, InLiteral,
        Minus, Zero, Integer, Dot, Fraction, Exponent, ExponentSign, ExponentDigits, Invalid,
    }

    /// <summary>Bytes read, up to the mistake if there is one.</summary>
    public long Offset { get; private set; }

    /// <summary>One whole value has been read, and nothing but white space after it.</summary>
    public bool IsComplete => _depth == 0 && (_state == State.AfterValue || IsWholeNumber(_state));

    /// <summary>A small JSON object of the members found, their values as received.</summary>
    public byte[] CapturedObject() => [(byte)'{', .. _captured.WrittenSpan, (byte)'}'];

    /// <summary>Reads on. False when the text is not JSON; nothing is read after that.</summary>
    public bool Push(ReadOnlySpan<byte> bytes)
    {
        var i = 0;
        var captureStart = 0;
        while (i < bytes.Length && _state != State.Invalid)
        {
            var wasCapturing = _capturing;
            var consumed = _state switch
            {
                State.InString => ReadString(bytes[i..]),
                State.InLiteral => ReadLiteral(bytes[i]),
                State.InEscape or State.InUnicode => ReadEscape(bytes[i]),
                >= State.Minus and <= State.ExponentDigits => ReadNumber(bytes[i]),
                _ => ReadStructure(bytes[i]),
            };
            if (_capturing && !wasCapturing)
            {
                captureStart = i;
            }

            i += consumed;
            if (_capturing && _depth == 1 && _state == State.AfterValue)
            {
                Capture(bytes[captureStart..i]);
                _capturing = false;
            }
        }

        Offset += i;
        if (_capturing && i > captureStart)
        {
            Capture(bytes[captureStart..i]);
        }

        return _state != State.Invalid;
    }

    private static bool IsWholeNumber(State state) => state is State.Zero or State.Integer or State.Fraction or State.ExponentDigits;

    private int Fail()
    {
        _state = State.Invalid;
        return 0;
    }

    private int Go(State state)
    {
        _state = state;
        return 1;
    }

    private int ReadStructure(byte value)
    {
        if (value is (byte)' ' or (byte)'\n' or (byte)'\r' or (byte)'\t')
        {
            return 1;
        }

        return (_state, value) switch
        {
            (State.ValueOrArrayEnd, (byte)']') => Close(),
            (State.Value or State.ValueOrArrayEnd, _) => StartValue(value),
            (State.KeyOrObjectEnd, (byte)'}') => Close(),
            (State.KeyOrObjectEnd or State.Key, (byte)'"') => StartString(isKey: true),
            (State.Colon, (byte)':') => Go(State.Value),
            (State.AfterValue, (byte)',') when _depth > 0 => Go(IsInObject ? State.Key : State.Value),
            (State.AfterValue, (byte)'}') when _depth > 0 && IsInObject => Close(),
            (State.AfterValue, (byte)']') when _depth > 0 && !IsInObject => Close(),
            _ => Fail(),
        };
    }

    private bool IsInObject => (_isObject[(_depth - 1) / 64] & (1UL << ((_depth - 1) % 64))) != 0;

    private int StartValue(byte value)
    {
        if (_depth == 1 && IsInObject && IsMember())
        {
            StartCapture();
        }

        return value switch
        {
            (byte)'{' => Open(isObject: true),
            (byte)'[' => Open(isObject: false),
            (byte)'"' => StartString(isKey: false),
            (byte)'t' => StartLiteral(AfterT),
            (byte)'f' => StartLiteral(AfterF),
            (byte)'n' => StartLiteral(AfterN),
            (byte)'-' => Go(State.Minus),
            (byte)'0' => Go(State.Zero),
            >= (byte)'1' and <= (byte)'9' => Go(State.Integer),
            _ => Fail(),
        };
    }

    private int Open(bool isObject)
    {
        if (_depth == MaxDepth)
        {
            return Fail();
        }

        var bit = 1UL << (_depth % 64);
        _isObject[_depth / 64] = isObject ? _isObject[_depth / 64] | bit : _isObject[_depth / 64] & ~bit;
        _depth++;
        return Go(isObject ? State.KeyOrObjectEnd : State.ValueOrArrayEnd);
    }

    private int Close()
    {
        _depth--;
        return Go(State.AfterValue);
    }

    private int StartString(bool isKey)
    {
        _stringIsKey = isKey;
        _keyLength = 0;
        return Go(State.InString);
    }

    private int ReadString(ReadOnlySpan<byte> bytes)
    {
        var stop = bytes.IndexOfAny(StringStops);
        var length = stop < 0 ? bytes.Length : stop;
        if (_stringIsKey && _depth == 1)
        {
            KeepKey(bytes[..length]);
        }

        if (stop < 0)
        {
            return length;
        }

        _state = bytes[stop] switch
        {
            (byte)'"' => _stringIsKey ? State.Colon : State.AfterValue,
            (byte)'\\' => State.InEscape,
            _ => State.Invalid,
        };
        return _state == State.Invalid ? stop : stop + 1;
    }

    private int ReadEscape(byte value)
    {
        // A key with an escape is never one of the members: providers write theirs plainly.
        _keyLength = _key.Length + 1;
        if (_state == State.InUnicode)
        {
            return !char.IsAsciiHexDigit((char)value) ? Fail() : Go(--_hexDigitsLeft > 0 ? State.InUnicode : State.InString);
        }

        if (value == (byte)'u')
        {
            _hexDigitsLeft = 4;
            return Go(State.InUnicode);
        }

        return "\"\\/bfnrt"u8.Contains(value) ? Go(State.InString) : Fail();
    }

    private int StartLiteral(byte[] rest)
    {
        _literalRest = rest;
        return Go(State.InLiteral);
    }

    private int ReadLiteral(byte value)
    {
        if (value != _literalRest.Span[0])
        {
            return Fail();
        }

        _literalRest = _literalRest[1..];
        return Go(_literalRest.IsEmpty ? State.AfterValue : State.InLiteral);
    }

    private int ReadNumber(byte value)
    {
        var isDigit = value is >= (byte)'0' and <= (byte)'9';
        var next = (_state, value) switch
        {
            (State.Minus, (byte)'0') => State.Zero,
            (State.Minus, _) when isDigit => State.Integer,
            (State.Integer, _) when isDigit => State.Integer,
            (State.Zero or State.Integer, (byte)'.') => State.Dot,
            (State.Dot or State.Fraction, _) when isDigit => State.Fraction,
            (State.Zero or State.Integer or State.Fraction, (byte)'e' or (byte)'E') => State.Exponent,
            (State.Exponent, (byte)'+' or (byte)'-') => State.ExponentSign,
            (State.Exponent or State.ExponentSign or State.ExponentDigits, _) when isDigit => State.ExponentDigits,
            _ => State.Invalid,
        };
        if (next != State.Invalid)
        {
            return Go(next);
        }

        // The byte that shows the end of a number belongs to what comes after it.
        _state = IsWholeNumber(_state) ? State.AfterValue : State.Invalid;
        return 0;
    }

    private void KeepKey(ReadOnlySpan<byte> part)
    {
        if (_keyLength + part.Length <= _key.Length)
        {
            part.CopyTo(_key.AsSpan(_keyLength));
        }

        _keyLength = Math.Min(_keyLength + part.Length, _key.Length + 1);
    }

    private bool IsMember()
    {
        if (_keyLength > _key.Length)
        {
            return false;
        }

        foreach (var member in _members)
        {
            if (_key.AsSpan(0, _keyLength).SequenceEqual(member))
            {
                return true;
            }
        }

        return false;
    }

    private void StartCapture()
    {
        _capturing = true;
        _capturedBefore = _captured.WrittenCount;
        _captureLength = 0;
        _captured.Write(_captured.WrittenCount > 0 ? ",\""u8 : "\""u8);
        _captured.Write(_key.AsSpan(0, _keyLength));
        _captured.Write("\":"u8);
    }

    private void Capture(ReadOnlySpan<byte> part)
    {
        _captureLength += part.Length;
        if (_captureLength <= maxMemberLength)
        {
            _captured.Write(part);
            return;
        }

        // Too long to keep: back to what was there before this member.
        var kept = _captured.WrittenSpan[.._capturedBefore].ToArray();
        _captured.ResetWrittenCount();
        _captured.Write(kept);
        _capturing = false;
    }
}
