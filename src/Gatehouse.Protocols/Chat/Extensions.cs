using System.Text.Json;

namespace Gatehouse.Protocols.Chat;

/// <summary>A member that only its own dialect knows.</summary>
/// <param name="Name">The member's name, as written.</param>
/// <param name="Value">As written.</param>
/// <param name="ChangesMeaning">
/// True when an answer without it would be the answer to another question: a target of another dialect refuses it. False for a hint,
/// which is dropped and named.
/// </param>
public readonly record struct Extension(string Name, JsonElement Value, bool ChangesMeaning = false)
{
    /// <summary>The neutral model says the same: nothing is lost without it, and nothing is to be told of.</summary>
    public bool IsSaid { get; init; }
}

/// <summary>
/// Members of one object that have no place in the neutral model, in the order written. A writer of the same dialect writes them as they
/// are, after its own; any other drops or refuses them.
/// </summary>
/// <param name="Dialect">Whose they are.</param>
/// <param name="Members">Never empty.</param>
public sealed record Extensions(Dialect Dialect, IReadOnlyList<Extension> Members)
{
    /// <summary>Null for an empty list.</summary>
    public static Extensions? Of(Dialect dialect, List<Extension>? members) => members is { Count: > 0 } ? new Extensions(dialect, members) : null;

    /// <summary>These and later ones of the same dialect; a later member replaces an earlier one of its name.</summary>
    public Extensions With(Extensions? later)
    {
        if (later is null || later.Dialect != Dialect)
        {
            return this;
        }

        var replaced = later.Members.Select(m => m.Name).ToHashSet(StringComparer.Ordinal);
        return new Extensions(Dialect, [.. Members.Where(m => !replaced.Contains(m.Name)), .. later.Members]);
    }
}
