namespace Gatehouse.Protocols.Json;

/// <summary>What becomes of a member of a JSON object.</summary>
public enum MemberChangeKind
{
    /// <summary>Set where the object does not have it, or has <c>null</c> for it.</summary>
    Default,

    /// <summary>Set whatever the object has for it.</summary>
    Override,

    /// <summary>Taken out.</summary>
    Drop,
}

/// <summary>One change of one member.</summary>
/// <param name="Path">Names from the outermost object on, each of the characters <c>A-Z a-z 0-9 _ -</c>, with dots between them.</param>
/// <param name="Value">JSON; empty for <see cref="MemberChangeKind.Drop"/>.</param>
public readonly record struct MemberChange(string Path, MemberChangeKind Kind, ReadOnlyMemory<byte> Value = default);
