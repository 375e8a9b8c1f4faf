using System.Text.Json;

namespace Gatehouse.Protocols.Chat;

/// <summary>The parameters that a target could not be told, in the words of the caller's dialect, each once.</summary>
public sealed class DroppedParameters
{
    private List<string>? _names;
    private HashSet<string>? _known;

    public IReadOnlyList<string> Names => _names ?? (IReadOnlyList<string>)[];

    public void Add(string name)
    {
        _names ??= [];
        // A caller can have very many messages with a hint each.
        if ((_known ??= new HashSet<string>(StringComparer.Ordinal)).Add(name))
        {
            _names.Add(name);
        }
    }

    /// <summary>Notes the hints among the members of a dialect of which the target knows nothing.</summary>
    /// <exception cref="UnsupportedException">One of them changes the meaning.</exception>
    public void Add(Extensions? extensions, Dialect target, string prefix = "")
    {
        if (extensions is null || extensions.Dialect == target)
        {
            return;
        }

        foreach (var member in extensions.Members)
        {
            // OpenAI's clients send an assistant's turn back with "annotations": [], which says nothing.
            if (member.Value is { ValueKind: JsonValueKind.Array } list && list.GetArrayLength() == 0)
            {
                continue;
            }

            if (member.ChangesMeaning)
            {
                throw new UnsupportedException($"{prefix}{member.Name}");
            }

            Add($"{prefix}{member.Name}");
        }
    }
}
