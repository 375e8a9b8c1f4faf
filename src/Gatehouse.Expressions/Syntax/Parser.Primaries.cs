namespace Gatehouse.Expressions.Syntax;

/// <content>What an expression starts with: literals, names, calls, lists, maps, parentheses.</content>
internal sealed partial class Parser
{
    private SyntaxNode ParsePrimary(bool isNegative)
    {
        var token = Current;
        switch (token.Kind)
        {
            case TokenKind.Literal:
                Take();
                return new LiteralSyntax(isNegative ? CelValue.From(-token.Value.Number) : token.Value, token.Offset);
            case TokenKind.Integer:
                return ParseInteger(isNegative);
            case TokenKind.Name:
                return ParseName(isAbsolute: false);
            case TokenKind.Mark when token.Text == "(":
                Take();
                var inner = ParseExpression();
                Expect(")");
                return inner;
            case TokenKind.Mark when token.Text == ".":
                Take();
                return Current.Kind == TokenKind.Name ? ParseName(isAbsolute: true) : FailAtCurrent("a name");
            case TokenKind.Mark when token.Text == "[":
                return ParseList();
            case TokenKind.Mark when token.Text == "{":
                return ParseMap();
            default:
                return FailAtCurrent("a value");
        }
    }

    private SyntaxNode ParseInteger(bool isNegative)
    {
        var token = Take();
        var magnitude = token.Value.AsUInt();
        if (magnitude > (isNegative ? 1UL << 63 : long.MaxValue))
        {
            return Fail($"the number {(isNegative ? "-" : "")}{token.Text} is no int of 64 bits; an uint is written {token.Text}u", token.Offset);
        }

        return new LiteralSyntax(CelValue.From(isNegative ? unchecked((long)(0UL - magnitude)) : (long)magnitude), token.Offset);
    }

    private SyntaxNode ParseName(bool isAbsolute)
    {
        var token = Take();
        switch (token.Text)
        {
            case "true" or "false" when !isAbsolute:
                return new LiteralSyntax(CelValue.From(token.Text == "true"), token.Offset);
            case "null" when !isAbsolute:
                return new LiteralSyntax(CelValue.Null, token.Offset);
        }

        if (Reserved.Contains(token.Text))
        {
            return Fail($"'{token.Text}' is a reserved word and no name", token.Offset);
        }

        if (!Current.Is("("))
        {
            return new NameSyntax(token.Text, isAbsolute, token.Offset);
        }

        var arguments = ParseArguments();
        return Checked(Macros.Expand(this, null, token, arguments) ?? new CallSyntax(token.Text, null, arguments, token.Offset));
    }

    private SyntaxNode ParseList()
    {
        var offset = Take().Offset;
        List<ElementSyntax> elements = [];
        while (!Current.Is("]") && Error is null)
        {
            var isOptional = TakeIf("?");
            elements.Add(new ElementSyntax(ParseExpression(), isOptional));
            if (!TakeIf(","))
            {
                break;
            }
        }

        Expect("]");
        return Checked(new ListSyntax(elements, offset));
    }

    private SyntaxNode ParseMap()
    {
        var offset = Take().Offset;
        List<EntrySyntax> entries = [];
        while (!Current.Is("}") && Error is null)
        {
            var isOptional = TakeIf("?");
            var key = ParseExpression();
            Expect(":");
            entries.Add(new EntrySyntax(key, ParseExpression(), isOptional));
            if (!TakeIf(","))
            {
                break;
            }
        }

        Expect("}");
        return Checked(new MapSyntax(entries, offset));
    }
}
