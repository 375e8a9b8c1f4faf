using Gatehouse.Expressions.Syntax;

namespace Gatehouse.Expressions.Tests.Syntax;

/// <summary>Writes a tree as source again, with parentheses wherever one might be needed.</summary>
internal static class SyntaxPrinter
{
    public static string Print(SyntaxNode node) => node switch
    {
        LiteralSyntax literal => literal.Value.ToString(),
        NameSyntax name => (name.IsAbsolute ? "." : "") + Name(name.Name),
        SelectSyntax { IsTest: true } select => $"has({Select(select)})",
        SelectSyntax select => Select(select),
        CallSyntax call => Call(call),
        ListSyntax list => $"[{string.Join(", ", list.Elements.Select(e => (e.IsOptional ? "?" : "") + Print(e.Value)))}]",
        MapSyntax map => $"{{{string.Join(", ", map.Entries.Select(e => $"{(e.IsOptional ? "?" : "")}{Print(e.Key)}: {Print(e.Value)}"))}}}",
        ComprehensionSyntax comprehension => Comprehension(comprehension),
        BindSyntax bind => $"cel.bind({Name(bind.Name)}, {Print(bind.Initializer)}, {Print(bind.Body)})",
        OptionalMapSyntax map => $"({Print(map.Target)}).{(map.IsFlat ? "optFlatMap" : "optMap")}({Name(map.Name)}, {Print(map.Body)})",
        _ => throw new InvalidOperationException($"{node.GetType()} cannot be printed."),
    };

    private static string Select(SelectSyntax select)
    {
        // A chain of names stays one: in parentheses it would name no variable.
        var operand = select.Operand is NameSyntax or SelectSyntax { IsTest: false } ? Print(select.Operand) : $"({Print(select.Operand)})";
        var field = select.Field.All(c => char.IsAsciiLetterOrDigit(c) || c == '_') && !char.IsAsciiDigit(select.Field[0]) ? select.Field : $"`{select.Field}`";
        return $"{operand}{(select.IsOptional ? ".?" : ".")}{field}";
    }

    private static string Call(CallSyntax call)
    {
        string[] arguments = [.. call.Arguments.Select(Print)];
        var written = Operators.Written(call.Function);
        return call.Function switch
        {
            Operators.Index => $"({arguments[0]})[{arguments[1]}]",
            Operators.OptionalIndex => $"({arguments[0]})[?{arguments[1]}]",
            Operators.Conditional => $"({arguments[0]} ? {arguments[1]} : {arguments[2]})",
            Operators.Not or Operators.Negate => $"{written}({arguments[0]})",
            _ when written != call.Function => $"({string.Join($" {written} ", arguments)})",
            _ when call.Target is not null => $"{Target(call.Target)}.{call.Function}({string.Join(", ", arguments)})",
            _ => $"{call.Function}({string.Join(", ", arguments)})",
        };
    }

    private static string Target(SyntaxNode target) => target is NameSyntax ? Print(target) : $"({Print(target)})";

    private static string Comprehension(ComprehensionSyntax syntax)
    {
        var macro = syntax.Kind switch
        {
            ComprehensionKind.All => "all",
            ComprehensionKind.Exists => "exists",
            ComprehensionKind.ExistsOne => "exists_one",
            ComprehensionKind.Filter => "filter",
            ComprehensionKind.List => syntax.Second is null ? "map" : "transformList",
            ComprehensionKind.Map => "transformMap",
            _ => "transformMapEntry",
        };
        string?[] parts = [Name(syntax.First), syntax.Second is null ? null : Name(syntax.Second), syntax.Filter is null ? null : Print(syntax.Filter), Print(syntax.Body)];
        return $"({Print(syntax.Range)}).{macro}({string.Join(", ", parts.Where(part => part is not null))})";
    }

    private static string Name(string name)
    {
        if (name.StartsWith("@index", StringComparison.Ordinal))
        {
            return $"cel.index({name[6..]})";
        }

        return name.StartsWith("@it:", StringComparison.Ordinal) ? $"cel.iterVar({name[4..].Replace(':', ',')})" : name;
    }
}
