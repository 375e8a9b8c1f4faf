namespace Gatehouse.Expressions;

/// <summary>What an optional holds: a value, or nothing.</summary>
internal sealed class OptionalValue
{
    public static readonly OptionalValue None = new(hasValue: false, default);

    private OptionalValue(bool hasValue, CelValue value)
    {
        HasValue = hasValue;
        Value = value;
    }

    public bool HasValue { get; }

    public CelValue Value { get; }

    public static OptionalValue Of(CelValue value) => new(hasValue: true, value);
}
