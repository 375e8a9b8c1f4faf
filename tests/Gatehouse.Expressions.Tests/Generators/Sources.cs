using FsCheck;
using FsCheck.Fluent;

namespace Gatehouse.Expressions.Tests.Generators;

/// <summary>Random sources: any text, any row of tokens, and expressions that mostly have a type.</summary>
internal static class Sources
{
    private static readonly string[] Tokens =
    [
        "a", "x", "request.model", "principal.labels", "body", "1", "0", "2u", "1.5", "'s'", "b'\\xff'", "true", "null", "[", "]", "{", "}", "(", ")",
        ".", ".?", "[?", "?", ":", ",", "+", "-", "*", "/", "%", "!", "&&", "||", "==", "!=", "<", "<=", "in", "has(", "size(", "all(x,", ".map(x,",
        ".exists(k, v,", "cel.bind(x,", "cel.block([", "optional.of(", "optional.none()", ".orValue(", ".format([", ".matches(", "'(a|b)*'", "`a-b`",
        "timestamp('2026-01-01T00:00:00Z')", "duration('1h')", "math.greatest(", "dyn(", "type(", "\n", "// c\n", "\"\"\"", "\\", "🐱", "@", "`",
    ];

    public static Gen<string> Text => Gen.Choose(0, 0xffff).Select(c => (char)c).ListOf().Select(characters => new string([.. characters]));

    public static Gen<string> TokenRow => Gen.Elements(Tokens).ListOf().Select(tokens => string.Join("", tokens));

    /// <summary>An expression of any type, over literals, the variables of <see cref="Conditions"/> and the comprehension variable x.</summary>
    public static Gen<string> Expression => Gen.OneOf(Sized(2), Sized(4), TypedSources.Expression);

    private static Gen<string> Leaf => Gen.Elements(
        "0", "1", "-7", "9223372036854775807", "3u", "0u", "1.5", "-0.0", "double('NaN')", "'abc'", "''", "'é🐱'", "b'\\x00a'", "true", "false", "null", "[]", "{}",
        "[1, 2, 3]", "['a', 'b']", "{'a': 1, 'b': 2}", "{1: 'x', true: 'y'}", "optional.none()", "optional.of(1)", "int", "duration('90s')",
        "timestamp('2026-01-31T12:00:00.5Z')", "request.model", "request.size", "request.stream", "request.tools", "principal.labels", "body", "time",
        "[1, 'a', 2.0]", "'%s %d'", "'a+'", "x");

    private static Gen<string> Sized(int depth)
    {
        if (depth == 0)
        {
            return Leaf;
        }

        var inner = Sized(depth - 1);
        return Gen.OneOf(
            Leaf,
            Combine(inner, "+", "-", "*", "/", "%"),
            Combine(inner, "==", "!=", "<", "<=", ">", ">=", "in"),
            Combine(inner, "&&", "||"),
            from operand in inner from sign in Gen.Elements("-", "!") select $"{sign}({operand})",
            from a in inner from b in inner from c in inner select $"({a} ? {b} : {c})",
            from a in inner from b in inner select $"({a})[{b}]",
            from a in inner from field in Gen.Elements(".a", ".?a", ".team") select $"({a}){field}",
            from a in inner select $"has(({a}).a)",
            from a in inner from b in inner select $"[{a}, {b}]",
            from a in inner from b in inner select $"{{{a}: {b}}}",
            from a in inner from b in inner from macro in Gen.Elements("all", "exists", "exists_one", "map", "filter") select $"({a}).{macro}(x, {b})",
            from a in inner from b in inner from macro in Gen.Elements("all", "transformList", "transformMap") select $"({a}).{macro}(k, x, {b})",
            from a in inner from b in inner select $"cel.bind(x, {a}, {b})",
            from a in inner
            from name in Gen.Elements("size", "string", "int", "uint", "double", "bytes", "type", "dyn", "timestamp", "optional.of", "math.abs", "math.greatest", "strings.quote")
            select $"{name}({a})",
            from a in inner
            from b in inner
            from name in Gen.Elements("startsWith", "contains", "matches", "split", "join", "indexOf", "substring", "format", "orValue", "or", "getHours")
            select $"({a}).{name}({b})",
            from a in inner from name in Gen.Elements("size", "trim", "upperAscii", "reverse", "value", "hasValue", "join", "getFullYear", "getSeconds") select $"({a}).{name}()");
    }

    private static Gen<string> Combine(Gen<string> inner, params string[] operators) =>
        from a in inner from b in inner from sign in Gen.Elements(operators) select $"({a} {sign} {b})";
}
