namespace Gatehouse.Expressions;

/// <summary>A list of values. The program derives from it to show its own data without copying; it must not change during an evaluation.</summary>
public abstract class CelList
{
    internal static CelList Empty { get; } = new ValueList([]);

    public abstract int Count { get; }

    /// <summary>The element at an index that is at least 0 and less than <see cref="Count"/>.</summary>
    public abstract CelValue this[int index] { get; }

    public static CelList Of(IReadOnlyList<string> items)
    {
        ArgumentNullException.ThrowIfNull(items);
        return new StringList(items);
    }

    public static CelList Of(params ReadOnlySpan<CelValue> items) => new ValueList(items.ToArray());

    internal static CelList Over(CelValue[] items) => items.Length == 0 ? Empty : new ValueList(items);

    private sealed class ValueList(CelValue[] items) : CelList
    {
        public override int Count => items.Length;

        public override CelValue this[int index] => items[index];
    }

    private sealed class StringList(IReadOnlyList<string> items) : CelList
    {
        public override int Count => items.Count;

        public override CelValue this[int index] => CelValue.From(items[index]);
    }
}
