using System.Text;

namespace Gatehouse.Expressions;

/// <summary>
/// One value of the Common Expression Language. Numbers, booleans, timestamps and durations are held in the struct itself;
/// <c>default</c> is null. Equality is CEL's: numbers compare across their types, NaN is unequal to itself.
/// </summary>
public readonly struct CelValue : IEquatable<CelValue>
{
    /// <summary>The kind of a local variable whose initializer failed; never seen outside of an evaluation.</summary>
    internal const CelKind FailureKind = (CelKind)byte.MaxValue;

    private readonly long _bits;
    private readonly object? _reference;
    private readonly int _nanoseconds;
    private readonly byte _kind;

    private CelValue(CelKind kind, long bits, object? reference = null, int nanoseconds = 0)
    {
        _kind = (byte)kind;
        _bits = bits;
        _reference = reference;
        _nanoseconds = nanoseconds;
    }

    public static CelValue Null => default;

    public CelKind Kind => (CelKind)_kind;

    internal static CelValue True { get; } = From(true);

    internal static CelValue False { get; } = From(false);

    public static CelValue From(bool value) => new(CelKind.Bool, value ? 1 : 0);

    public static CelValue From(long value) => new(CelKind.Int, value);

    public static CelValue From(ulong value) => new(CelKind.UInt, unchecked((long)value));

    public static CelValue From(double value) => new(CelKind.Double, BitConverter.DoubleToInt64Bits(value));

    public static CelValue From(string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        return new(CelKind.String, 0, value);
    }

    public static CelValue From(ReadOnlyMemory<byte> value) => FromBytes(value.ToArray());

    public static CelValue From(DateTimeOffset value)
    {
        var ticks = value.UtcTicks - DateTimeOffset.UnixEpoch.Ticks;
        var seconds = Math.DivRem(ticks, TimeSpan.TicksPerSecond, out var rest);
        if (rest < 0)
        {
            seconds--;
            rest += TimeSpan.TicksPerSecond;
        }

        return FromTimestamp(seconds, (int)rest * 100);
    }

    /// <summary>A duration; beyond CEL's range of about ±292 years (64 bits of nanoseconds) it is cut to the nearest end of it.</summary>
    public static CelValue From(TimeSpan value) => FromDuration(value.Ticks switch
    {
        > long.MaxValue / 100 => long.MaxValue,
        < long.MinValue / 100 => long.MinValue,
        var ticks => ticks * 100,
    });

    public static CelValue From(CelList value)
    {
        ArgumentNullException.ThrowIfNull(value);
        return new(CelKind.List, 0, value);
    }

    public static CelValue From(CelMap value)
    {
        ArgumentNullException.ThrowIfNull(value);
        return new(CelKind.Map, 0, value);
    }

    /// <summary>A string, or null where there is none.</summary>
    public static CelValue FromNullable(string? value) => value is null ? Null : From(value);

    internal static CelValue FromBytes(byte[] value) => new(CelKind.Bytes, 0, value);

    internal static CelValue FromTimestamp(long seconds, int nanoseconds) => new(CelKind.Timestamp, seconds, null, nanoseconds);

    internal static CelValue FromDuration(long nanoseconds) => new(CelKind.Duration, nanoseconds);

    internal static CelValue FromType(string name) => new(CelKind.Type, 0, name);

    internal static CelValue FromOptional(OptionalValue value) => new(CelKind.Optional, 0, value);

    internal static CelValue FromFailure(string message, int offset) => new(FailureKind, offset, message);

    public bool AsBool() => Expect(CelKind.Bool)._bits != 0;

    public long AsInt() => Expect(CelKind.Int)._bits;

    public ulong AsUInt() => unchecked((ulong)Expect(CelKind.UInt)._bits);

    public double AsDouble() => BitConverter.Int64BitsToDouble(Expect(CelKind.Double)._bits);

    public string AsString() => (string)Expect(CelKind.String)._reference!;

    public ReadOnlyMemory<byte> AsBytes() => (byte[])Expect(CelKind.Bytes)._reference!;

    /// <summary>The instant in UTC, cut to 100 ns.</summary>
    public DateTimeOffset AsTimestamp() =>
        DateTimeOffset.UnixEpoch.AddTicks((Expect(CelKind.Timestamp)._bits * TimeSpan.TicksPerSecond) + (_nanoseconds / 100));

    /// <summary>The duration, cut to 100 ns.</summary>
    public TimeSpan AsDuration() => TimeSpan.FromTicks(Expect(CelKind.Duration)._bits / 100);

    public CelList AsList() => (CelList)Expect(CelKind.List)._reference!;

    public CelMap AsMap() => (CelMap)Expect(CelKind.Map)._reference!;

    internal bool IsTrue => _bits != 0;

    /// <summary>The 64 bits of a bool, int, uint, double or duration (nanoseconds), the seconds of a timestamp, the offset of a failure.</summary>
    internal long Bits => _bits;

    internal int Nanoseconds => _nanoseconds;

    internal string Text => (string)_reference!;

    internal byte[] ByteArray => (byte[])_reference!;

    internal CelList List => (CelList)_reference!;

    internal CelMap Map => (CelMap)_reference!;

    internal OptionalValue Optional => (OptionalValue)_reference!;

    internal double Number => BitConverter.Int64BitsToDouble(_bits);

    internal bool IsNumber => Kind is CelKind.Int or CelKind.UInt or CelKind.Double;

    public static bool operator ==(CelValue left, CelValue right) => left.Equals(right);

    public static bool operator !=(CelValue left, CelValue right) => !left.Equals(right);

    public bool Equals(CelValue other) => Equality.AreEqual(this, other);

    public override bool Equals(object? obj) => obj is CelValue other && Equals(other);

    public override int GetHashCode() => Equality.Hash(this);

    /// <summary>The value as a literal or constructor of the language, for messages; long values are cut.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        ValuePrinter.Print(this, text);
        return text.ToString();
    }

    private CelValue Expect(CelKind kind) =>
        Kind == kind ? this : throw new InvalidOperationException($"The value is {TypeNames.Of(this)}, not {TypeNames.Of(kind)}.");
}
