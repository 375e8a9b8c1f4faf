using System.Text;

namespace Gatehouse.Routing.Traits;

/// <summary>What names of the wire formats mean, found by their bytes. Built once, never changed.</summary>
internal sealed class TextTable<T>
    where T : struct
{
    private const int Slots = 256;

    /// <summary>Longest name of a table, in bytes: who looks a text up needs no more of it.</summary>
    public const int MaxLength = 32;

    private readonly (byte[] Text, T Value)?[] _slots = new (byte[], T)?[Slots];

    /// <param name="entries">At most half as many as there are slots, so that a search ends soon.</param>
    public TextTable(params ReadOnlySpan<(string Text, T Value)> entries)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(entries.Length, Slots / 2, nameof(entries));
        foreach (var (text, value) in entries)
        {
            var bytes = Encoding.UTF8.GetBytes(text);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes.Length, MaxLength, nameof(entries));
            var slot = SlotOf(bytes);
            while (_slots[slot] is not null)
            {
                slot = (slot + 1) % Slots;
            }

            _slots[slot] = (bytes, value);
        }
    }

    /// <summary>The default of <typeparamref name="T"/> for a text that is not in the table.</summary>
    public T this[ReadOnlySpan<byte> text]
    {
        get
        {
            if (text.IsEmpty || text.Length > MaxLength)
            {
                return default;
            }

            for (var slot = SlotOf(text); _slots[slot] is { } entry; slot = (slot + 1) % Slots)
            {
                if (text.SequenceEqual(entry.Text))
                {
                    return entry.Value;
                }
            }

            return default;
        }
    }

    private static int SlotOf(ReadOnlySpan<byte> text) => ((text.Length * 37) + (text[0] * 11) + (text[^1] * 3) + text[text.Length / 2]) % Slots;
}
