namespace Gatehouse.Expressions.Syntax;

/// <summary>
/// The calls that are no functions because they name variables or look at a field without reading it: the macros of the language, of its
/// two-variable comprehensions, and of the extensions for optionals, bindings, blocks and mathematics.
/// </summary>
internal static class Macros
{
    /// <summary>What a call stands for, or null where it is a function.</summary>
    public static SyntaxNode? Expand(Parser parser, SyntaxNode? target, Token name, List<SyntaxNode> arguments) => target switch
    {
        null => name.Text == "has" && arguments.Count == 1 ? Has(parser, name, arguments[0]) : null,
        NameSyntax { Name: "cel", IsAbsolute: false } => ExpandCel(parser, name, arguments),
        NameSyntax { Name: "math", IsAbsolute: false } => ExpandMath(target, name, arguments),
        _ => ExpandMember(parser, target, name, arguments),
    };

    private static SyntaxNode Has(Parser parser, Token name, SyntaxNode argument) => argument is SelectSyntax { IsTest: false } select
        ? new SelectSyntax(select.Operand, select.Field, isTest: true, select.IsOptional, name.Offset)
        : parser.Fail("has() takes the selection of a field, such as has(request.labels.team)", argument.Offset);

    private static SyntaxNode? ExpandMember(Parser parser, SyntaxNode target, Token name, List<SyntaxNode> arguments)
    {
        switch (name.Text, arguments.Count)
        {
            case ("all", 2 or 3):
                return Comprehend(parser, ComprehensionKind.All, target, name, arguments, arguments.Count - 1);
            case ("exists", 2 or 3):
                return Comprehend(parser, ComprehensionKind.Exists, target, name, arguments, arguments.Count - 1);
            case ("exists_one" or "existsOne", 2 or 3):
                return Comprehend(parser, ComprehensionKind.ExistsOne, target, name, arguments, arguments.Count - 1);
            case ("filter", 2):
                return Comprehend(parser, ComprehensionKind.Filter, target, name, arguments, variables: 1);
            case ("map", 2 or 3):
                return Comprehend(parser, ComprehensionKind.List, target, name, arguments, variables: 1);
            case ("transformList", 3 or 4):
                return Comprehend(parser, ComprehensionKind.List, target, name, arguments, variables: 2);
            case ("transformMap", 3 or 4):
                return Comprehend(parser, ComprehensionKind.Map, target, name, arguments, variables: 2);
            case ("transformMapEntry", 3 or 4):
                return Comprehend(parser, ComprehensionKind.MapEntry, target, name, arguments, variables: 2);
            case ("optMap" or "optFlatMap", 2):
                return Variable(parser, arguments[0]) is { } variable
                    ? new OptionalMapSyntax(target, variable, arguments[1], name.Text == "optFlatMap", name.Offset)
                    : target;
            default:
                return null;
        }
    }

    private static SyntaxNode Comprehend(
        Parser parser, ComprehensionKind kind, SyntaxNode target, Token name, List<SyntaxNode> arguments, int variables)
    {
        if (Variable(parser, arguments[0]) is not { } first)
        {
            return target;
        }

        string? second = null;
        if (variables == 2 && (second = Variable(parser, arguments[1])) is null)
        {
            return target;
        }

        if (first == second)
        {
            return parser.Fail($"the two variables of {name.Text}() have one name, '{first}'", arguments[1].Offset);
        }

        var filter = arguments.Count == variables + 2 ? arguments[variables] : null;
        return new ComprehensionSyntax(kind, target, first, second, filter, arguments[^1], name.Offset);
    }

    private static string? Variable(Parser parser, SyntaxNode argument)
    {
        if (argument is NameSyntax { IsAbsolute: false } name)
        {
            return name.Name;
        }

        parser.Fail("a simple name is expected here, that of the variable", argument.Offset);
        return null;
    }

    private static SyntaxNode? ExpandCel(Parser parser, Token name, List<SyntaxNode> arguments)
    {
        switch (name.Text, arguments.Count)
        {
            case ("bind", 3):
                return Variable(parser, arguments[0]) is { } variable
                    ? new BindSyntax(variable, arguments[1], arguments[2], name.Offset)
                    : arguments[2];
            case ("block", 2):
                return Block(parser, name, arguments);
            case ("index", 1):
                return Number(arguments[0]) is { } index
                    ? new NameSyntax(IndexName(index), isAbsolute: false, name.Offset)
                    : parser.Fail("cel.index() takes a number that is written out", arguments[0].Offset);
            case ("iterVar", 2):
                return Number(arguments[0]) is { } depth && Number(arguments[1]) is { } unique
                    ? new NameSyntax($"@it:{depth}:{unique}", isAbsolute: false, name.Offset)
                    : parser.Fail("cel.iterVar() takes two numbers that are written out", arguments[0].Offset);
            default:
                return null;
        }
    }

    private static SyntaxNode Block(Parser parser, Token name, List<SyntaxNode> arguments)
    {
        if (arguments[0] is not ListSyntax slots)
        {
            return parser.Fail("cel.block() takes a list that is written out, and an expression", arguments[0].Offset);
        }

        var result = arguments[1];
        for (var i = slots.Elements.Count - 1; i >= 0; i--)
        {
            result = new BindSyntax(IndexName(i), slots.Elements[i].Value, result, name.Offset);
        }

        return result;
    }

    /// <summary>math.greatest and math.least take any number of arguments: more than one are a list.</summary>
    private static CallSyntax? ExpandMath(SyntaxNode target, Token name, List<SyntaxNode> arguments) =>
        name.Text is "greatest" or "least" && arguments.Count > 1
            ? new CallSyntax(name.Text, target, [new ListSyntax([.. arguments.Select(a => new ElementSyntax(a, false))], name.Offset)], name.Offset)
            : null;

    private static string IndexName(long index) => $"@index{index}";

    private static long? Number(SyntaxNode argument) =>
        argument is LiteralSyntax { Value.Kind: CelKind.Int } literal && literal.Value.Bits >= 0 ? literal.Value.Bits : null;
}
