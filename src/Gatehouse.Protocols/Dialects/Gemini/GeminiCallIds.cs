using System.Globalization;

namespace Gatehouse.Protocols.Dialects.Gemini;

/// <summary>
/// Joins calls and results. Gemini mostly writes no ids: "the function response's name matches the call's", and calls of one name are
/// answered in their order.
/// </summary>
/// <param name="prefix">Makes ids unique: letters and digits.</param>
internal sealed class GeminiCallIds(string prefix)
{
    private readonly Dictionary<string, Queue<string>> _open = new(StringComparer.Ordinal);
    private readonly HashSet<string> _answered = new(StringComparer.Ordinal);
    private int _count;

    /// <summary>The id of a call that has none.</summary>
    public string Make() => string.Create(CultureInfo.InvariantCulture, $"call_{prefix}_{_count++}");

    /// <summary>Notes a call that waits for its result.</summary>
    public void Open(string name, string id)
    {
        if (!_open.TryGetValue(name, out var ids))
        {
            _open[name] = ids = new Queue<string>();
        }

        ids.Enqueue(id);
    }

    /// <summary>A result names its call.</summary>
    public void Answer(string id) => _ = _answered.Add(id);

    /// <summary>The id of the call that a result without an id belongs to: the first one of that name that waits.</summary>
    public string AnswerByName(string name)
    {
        if (_open.TryGetValue(name, out var ids))
        {
            while (ids.TryDequeue(out var id))
            {
                if (_answered.Add(id))
                {
                    return id;
                }
            }
        }

        return Make();
    }
}
