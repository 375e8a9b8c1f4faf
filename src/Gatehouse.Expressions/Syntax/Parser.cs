using System.Runtime.CompilerServices;

namespace Gatehouse.Expressions.Syntax;

/// <summary>
/// Reads tokens into a tree, with the macros in place. The first mistake moves to the end of the tokens, so that every method returns at
/// once; there is one error, that of the first mistake.
/// </summary>
internal sealed partial class Parser(string source, int maxDepth)
{
    public const string TooDeep = "the expression is nested too deep; take it apart";

    private static readonly HashSet<string> Reserved = new(StringComparer.Ordinal)
    {
        "as", "break", "const", "continue", "else", "false", "for", "function", "if", "import", "in", "let", "loop", "package",
        "namespace", "null", "return", "true", "var", "void", "while",
    };

    private List<Token> _tokens = [];
    private int _position;
    private int _nesting;

    public ExpressionError? Error { get; private set; }

    private Token Current => _tokens[_position];

    /// <summary>The tree, or null with <see cref="Error"/>.</summary>
    public SyntaxNode? Parse()
    {
        var lexer = new Lexer(source);
        _tokens = lexer.Read();
        if (lexer.Error is not null)
        {
            Error = lexer.Error;
            return null;
        }

        if (Current.Kind == TokenKind.End)
        {
            Fail("the expression is empty", 0);
            return null;
        }

        var tree = ParseExpression();
        if (Error is null && Current.Kind != TokenKind.End)
        {
            FailAtCurrent("an operator or the end of the expression");
        }

        return Error is null ? tree : null;
    }

    public SyntaxNode Fail(string message, int offset)
    {
        Error ??= SourceText.Error(source, message, offset);
        _position = _tokens.Count - 1;
        return new LiteralSyntax(default, offset);
    }

    private SyntaxNode FailAtCurrent(string expected) => Fail($"{Current.Description} stands where {expected} is expected", Current.Offset);

    private SyntaxNode ParseExpression()
    {
        var start = Current.Offset;
        if (++_nesting > maxDepth || !RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            return FailDepth(start);
        }

        var result = ParseBinary(0);
        if (Current.Is("?"))
        {
            var offset = Take().Offset;
            var consequence = ParseBinary(0);
            Expect(":");
            var alternative = ParseExpression();
            result = Checked(new CallSyntax(Operators.Conditional, null, [result, consequence, alternative], offset));
        }

        _nesting--;
        return result;
    }

    private SyntaxNode FailDepth(int offset) => Fail(TooDeep, offset);

    /// <summary>Every operator node passes here: what is built is never deeper than what may be walked.</summary>
    private SyntaxNode Checked(SyntaxNode node) => node.Depth <= maxDepth ? node : FailDepth(node.Offset);

    private SyntaxNode ParseBinary(int level)
    {
        var left = ParseUnary();
        while (BinaryOperator(Current) is { } binary && binary.Level >= level)
        {
            var offset = Take().Offset;
            if (binary.Function is Operators.And or Operators.Or)
            {
                left = ParseChain(left, binary, offset);
                continue;
            }

            var right = ParseBinary(binary.Level + 1);
            left = Checked(new CallSyntax(binary.Function, null, [left, right], offset));
        }

        return left;
    }

    private SyntaxNode ParseChain(SyntaxNode first, (string Function, int Level) binary, int offset)
    {
        List<SyntaxNode> operands = [first, ParseBinary(binary.Level + 1)];
        while (BinaryOperator(Current) == binary)
        {
            Take();
            operands.Add(ParseBinary(binary.Level + 1));
        }

        return Checked(new CallSyntax(binary.Function, null, operands, offset));
    }

    private static (string Function, int Level)? BinaryOperator(Token token) => token.Kind is TokenKind.Mark or TokenKind.Name
        ? token.Text switch
        {
            "||" => (Operators.Or, 0),
            "&&" => (Operators.And, 1),
            "==" => (Operators.Equal, 2),
            "!=" => (Operators.NotEqual, 2),
            "<" => (Operators.Less, 2),
            "<=" => (Operators.LessOrEqual, 2),
            ">" => (Operators.Greater, 2),
            ">=" => (Operators.GreaterOrEqual, 2),
            "in" => (Operators.In, 2),
            "+" => (Operators.Add, 3),
            "-" => (Operators.Subtract, 3),
            "*" => (Operators.Multiply, 4),
            "/" => (Operators.Divide, 4),
            "%" => (Operators.Modulo, 4),
            _ => null,
        }
        : null;

    private SyntaxNode ParseUnary()
    {
        if (Current.Is("!"))
        {
            return ParseRepeated("!", Operators.Not);
        }

        return Current.Is("-") ? ParseRepeated("-", Operators.Negate) : ParseMember();
    }

    /// <summary>A row of signs: pairs of them cancel out, all but one.</summary>
    private SyntaxNode ParseRepeated(string mark, string function)
    {
        var offset = Current.Offset;
        var count = 0;
        while (Current.Is(mark))
        {
            Take();
            count++;
        }

        var isNegative = mark == "-" && IsSignable(Current) && count-- > 0;
        var operand = ParseMember(isNegative);
        for (var i = count > 2 ? 2 - (count % 2) : count; i > 0; i--)
        {
            operand = Checked(new CallSyntax(function, null, [operand], offset));
        }

        return operand;
    }

    private static bool IsSignable(Token token) =>
        token.Kind == TokenKind.Integer || (token.Kind == TokenKind.Literal && token.Value.Kind == CelKind.Double);

    private SyntaxNode ParseMember(bool isNegative = false)
    {
        var result = ParsePrimary(isNegative);
        while (true)
        {
            if (Current.Is("."))
            {
                result = Checked(ParseSelection(result));
            }
            else if (Current.Is("["))
            {
                var offset = Take().Offset;
                var isOptional = TakeIf("?");
                var index = ParseExpression();
                Expect("]");
                result = Checked(new CallSyntax(isOptional ? Operators.OptionalIndex : Operators.Index, null, [result, index], offset));
            }
            else if (Current.Is("{") && result is NameSyntax or SelectSyntax { IsTest: false })
            {
                return Fail("messages cannot be made here; a map is written {\"key\": value}", Current.Offset);
            }
            else
            {
                return result;
            }
        }
    }

    private SyntaxNode ParseSelection(SyntaxNode operand)
    {
        var offset = Take().Offset;
        var isOptional = TakeIf("?");
        var name = Current;
        if (name.Kind is not (TokenKind.Name or TokenKind.QuotedName) || (name.Kind == TokenKind.Name && name.Text is "in" or "true" or "false" or "null"))
        {
            return FailAtCurrent("the name of a field or function");
        }

        Take();
        if (!Current.Is("(") || isOptional || name.Kind == TokenKind.QuotedName)
        {
            return new SelectSyntax(operand, name.Text, isTest: false, isOptional, offset);
        }

        var arguments = ParseArguments();
        return Macros.Expand(this, operand, name, arguments) ?? new CallSyntax(name.Text, operand, arguments, name.Offset);
    }

    private List<SyntaxNode> ParseArguments()
    {
        Expect("(");
        List<SyntaxNode> arguments = [];
        while (!Current.Is(")"))
        {
            arguments.Add(ParseExpression());
            if (!TakeIf(","))
            {
                break;
            }

            if (Current.Is(")"))
            {
                FailAtCurrent("an argument");
            }
        }

        Expect(")");
        return arguments;
    }

    private Token Take()
    {
        var token = Current;
        if (token.Kind != TokenKind.End)
        {
            _position++;
        }

        return token;
    }

    private bool TakeIf(string mark)
    {
        var isThere = Current.Is(mark);
        if (isThere)
        {
            Take();
        }

        return isThere;
    }

    private void Expect(string mark)
    {
        if (!TakeIf(mark) && Error is null)
        {
            FailAtCurrent($"'{mark}'");
        }
    }
}
