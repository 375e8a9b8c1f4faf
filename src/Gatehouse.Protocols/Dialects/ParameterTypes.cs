using System.Collections.Frozen;
using System.Globalization;
using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Dialects.OpenAi;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects;

/// <summary>
/// Checks the types of a request's known parameters. Readers take a wrong type for a missing value, which is right for answers; a parameter
/// that its caller wrote must not get lost without a word.
/// </summary>
internal static class ParameterTypes
{
    /// <param name="element">The request, or an object in it; anything else is not checked.</param>
    /// <param name="table">The known parameters and the types that they may have; null is as missing.</param>
    /// <param name="prefix">Stands before the names in the message: <c>generationConfig.</c></param>
    /// <param name="nameOf">The table's name of a member; null: as written.</param>
    /// <exception cref="MalformedException">A parameter has another type.</exception>
    public static void Check(
        JsonElement? element, FrozenDictionary<string, MemberTypes> table, string prefix = "", Func<JsonProperty, string>? nameOf = null)
    {
        if (element is not { ValueKind: JsonValueKind.Object } known)
        {
            return;
        }

        foreach (var member in known.EnumerateObject())
        {
            if (member.Value.ValueKind == JsonValueKind.Null)
            {
                continue;
            }

            var name = nameOf is null ? JsonMembers.NameOf(member) : nameOf(member);
            if (table.TryGetValue(name, out var types) && !Is(member.Value, types))
            {
                throw new MalformedException(prefix + name, $"'{prefix}{name}' must be {Describe(types)}");
            }
        }
    }

    private static bool Is(JsonElement value, MemberTypes types) => value.ValueKind switch
    {
        JsonValueKind.String => types.HasFlag(MemberTypes.Text) || (types.HasFlag(MemberTypes.NumberAsText) && IsNumber(value)),
        JsonValueKind.Number => types.HasFlag(MemberTypes.Number) || (types.HasFlag(MemberTypes.Integer) && IsWhole(value)),
        JsonValueKind.True or JsonValueKind.False => types.HasFlag(MemberTypes.Flag),
        JsonValueKind.Object => types.HasFlag(MemberTypes.Object),
        JsonValueKind.Array => types.HasFlag(MemberTypes.Array) || (types.HasFlag(MemberTypes.Texts) && IsOfTexts(value)),
        _ => false,
    };

    /// <summary>100.0 and 1e2 are integers too; one that is too large for a target is the target's to refuse.</summary>
    private static bool IsWhole(JsonElement value) => value.TryGetInt64(out _) || (value.TryGetDouble(out var number) && number == Math.Floor(number));

    private static bool IsNumber(JsonElement value) =>
        double.TryParse(value.TextOrFail("value"), NumberStyles.Float, CultureInfo.InvariantCulture, out _);

    private static bool IsOfTexts(JsonElement list)
    {
        foreach (var item in list.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.String)
            {
                return false;
            }
        }

        return true;
    }

    private static string Describe(MemberTypes types)
    {
        List<string> words = [];
        Add(MemberTypes.Text, "a string");
        Add(MemberTypes.Number, "a number");
        Add(MemberTypes.Integer, "an integer");
        Add(MemberTypes.Flag, "true or false");
        Add(MemberTypes.Object, "an object");
        Add(MemberTypes.Array, "a list");
        Add(MemberTypes.Texts, "a list of strings");
        return string.Join(" or ", words);

        void Add(MemberTypes type, string word)
        {
            if (types.HasFlag(type))
            {
                words.Add(word);
            }
        }
    }
}
