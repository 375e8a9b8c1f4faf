using System.Collections.Frozen;
using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.OpenAi;

/// <summary>The types that a member is read in.</summary>
[Flags]
internal enum MemberTypes
{
    Text = 1,
    Number = 2,
    Integer = 4,
    Flag = 8,
    Object = 16,
    Array = 32,

    /// <summary>A list of nothing but strings.</summary>
    Texts = 64,

    /// <summary>A number may stand in a string, as protobuf's JSON has it.</summary>
    NumberAsText = 128,
}

internal static class OpenAiChatMembers
{
    /// <summary>
    /// The members that a reader does not read, to be kept as they are: those that it does not know, and those of a type that it does not
    /// know. Null says nothing, and is not kept.
    /// </summary>
    /// <param name="element">An object.</param>
    /// <param name="known">What the reader reads, and in which types.</param>
    /// <param name="changesMeaning">The names without which the request would be another one.</param>
    public static List<Extension>? Beside(
        JsonElement element, FrozenDictionary<string, MemberTypes> known, FrozenSet<string>? changesMeaning = null)
    {
        List<Extension>? members = null;
        foreach (var member in element.EnumerateObject())
        {
            var name = member.Name;
            if (member.Value.ValueKind == JsonValueKind.Null || (known.TryGetValue(name, out var types) && IsOneOf(element, member.Value, name, types)))
            {
                continue;
            }

            (members ??= []).Add(new Extension(name, member.Value, changesMeaning?.Contains(name) ?? false));
        }

        return members;
    }

    public static FrozenDictionary<string, MemberTypes> Table(params (string Name, MemberTypes Types)[] members) =>
        members.ToFrozenDictionary(m => m.Name, m => m.Types, StringComparer.Ordinal);

    /// <summary>A member of the writer's own dialect that was kept as it was.</summary>
    public static JsonElement? Kept(Extensions? extensions, Dialect dialect, string name)
    {
        if (extensions is not null && extensions.Dialect == dialect)
        {
            foreach (var member in extensions.Members)
            {
                if (member.Name == name)
                {
                    return member.Value;
                }
            }
        }

        return null;
    }

    private static bool IsOneOf(JsonElement element, JsonElement value, string name, MemberTypes types) => value.ValueKind switch
    {
        JsonValueKind.String => types.HasFlag(MemberTypes.Text),
        JsonValueKind.Number => types.HasFlag(MemberTypes.Number) || (types.HasFlag(MemberTypes.Integer) && element.Integer(name) is not null),
        JsonValueKind.True or JsonValueKind.False => types.HasFlag(MemberTypes.Flag),
        JsonValueKind.Object => types.HasFlag(MemberTypes.Object),
        JsonValueKind.Array => types.HasFlag(MemberTypes.Array) || types.HasFlag(MemberTypes.Texts),
        _ => false,
    };
}
