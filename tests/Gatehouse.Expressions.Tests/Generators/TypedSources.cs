using FsCheck;
using FsCheck.Fluent;

namespace Gatehouse.Expressions.Tests.Generators;

/// <summary>Random expressions that pass the checker. Each names its variables after the depth at which they are in scope.</summary>
internal static class TypedSources
{
    private const int Depth = 4;

    public static Gen<string> Expression => Gen.OneOf(Number(Depth), Text(Depth), Condition(Depth), List(Depth));

    private static Gen<string> Number(int depth)
    {
        var leaf = Gen.Elements("0", "1", "2", "-3", "7", "100", "9223372036854775807", "request.size", "request.max_tokens");
        return depth == 0 ? leaf : Gen.OneOf(
            leaf,
            from a in Number(depth - 1) from b in Number(depth - 1) from sign in Gen.Elements("+", "-", "*", "/", "%") select $"({a} {sign} {b})",
            from a in Number(depth - 1) select $"-({a})",
            from c in Condition(depth - 1) from a in Number(depth - 1) from b in Number(depth - 1) select $"({c} ? {a} : {b})",
            from a in Text(depth - 1) select $"size({a})",
            from a in Text(depth - 1) from b in Text(depth - 1) select $"({a}).indexOf({b})",
            from a in List(depth - 1) select $"size({a})",
            from a in List(depth - 1) from i in Number(depth - 1) select $"({a})[{i}]",
            from a in Number(depth - 1) from b in Number(depth - 1) select $"cel.bind(v, {a}, v + {b})",
            from a in Number(depth - 1) from b in Number(depth - 1) select $"math.greatest({a}, {b})",
            from a in List(depth - 1) from i in Number(depth - 1) from b in Number(depth - 1) select $"({a})[?{i}].orValue({b})");
    }

    private static Gen<string> Text(int depth)
    {
        var leaf = Gen.Elements("''", "'a'", "'research'", "'é🐱x'", "request.model", "request.path", "principal.labels.team", "principal.labels['none']");
        return depth == 0 ? leaf : Gen.OneOf(
            leaf,
            from a in Text(depth - 1) from b in Text(depth - 1) select $"({a} + {b})",
            from c in Condition(depth - 1) from a in Text(depth - 1) from b in Text(depth - 1) select $"({c} ? {a} : {b})",
            from a in Number(depth - 1) select $"string({a})",
            from a in Text(depth - 1) from name in Gen.Elements("upperAscii", "lowerAscii", "trim", "reverse") select $"({a}).{name}()",
            from a in Text(depth - 1) from i in Number(depth - 1) select $"({a}).substring({i})",
            from a in Text(depth - 1) from b in Text(depth - 1) from c in Text(depth - 1) select $"({a}).replace({b}, {c})",
            from a in List(depth - 1) select $"'%s'.format([{a}])");
    }

    private static Gen<string> Condition(int depth)
    {
        var leaf = Gen.Elements("true", "false", "request.stream", "has(principal.labels.team)", "has(request.headers.none)");
        return depth == 0 ? leaf : Gen.OneOf(
            leaf,
            from a in Condition(depth - 1) from b in Condition(depth - 1) from sign in Gen.Elements("&&", "||", "==", "!=") select $"({a} {sign} {b})",
            from a in Condition(depth - 1) select $"!({a})",
            from a in Number(depth - 1) from b in Number(depth - 1) from sign in Gen.Elements("<", "<=", ">", ">=", "==", "!=") select $"({a} {sign} {b})",
            from a in Text(depth - 1) from b in Text(depth - 1) from sign in Gen.Elements("<", ">=", "==", "!=") select $"({a} {sign} {b})",
            from a in Text(depth - 1) from b in Text(depth - 1) from name in Gen.Elements("startsWith", "endsWith", "contains") select $"({a}).{name}({b})",
            from a in Number(depth - 1) from b in List(depth - 1) select $"({a} in {b})",
            from a in Text(depth - 1) from b in Text(depth - 1) select $"({a} in ['research', 'a', {b}])",
            from a in List(depth - 1)
            from b in Number(depth - 1)
            from macro in Gen.Elements("all", "exists", "exists_one")
            select $"({a}).{macro}(x{depth}, x{depth} > {b})",
            from a in List(depth - 1) from b in List(depth - 1) select $"({a} == {b})");
    }

    private static Gen<string> List(int depth)
    {
        var leaf = Gen.Elements("[1, 2, 3]", "[0]", "[request.size, 4]", "[-1, 9223372036854775807]");
        return depth == 0 ? leaf : Gen.OneOf(
            leaf,
            from a in Number(depth - 1) from b in Number(depth - 1) select $"[{a}, {b}]",
            from a in List(depth - 1) from b in List(depth - 1) select $"({a} + {b})",
            from a in List(depth - 1) from b in Number(depth - 1) select $"({a}).map(x{depth}, x{depth} * {b})",
            from a in List(depth - 1) from b in Condition(depth - 1) from c in Number(depth - 1) select $"({a}).map(x{depth}, {b} || x{depth} == {c}, x{depth})",
            from a in List(depth - 1) from b in Number(depth - 1) select $"({a}).filter(x{depth}, x{depth} != {b})",
            from a in List(depth - 1) from b in Number(depth - 1) select $"({a}).transformList(i{depth}, x{depth}, x{depth} + i{depth} - {b})");
    }
}
