namespace Gatehouse.Expressions.Syntax;

internal enum TokenKind
{
    End,
    Name,
    QuotedName,
    Literal,

    /// <summary>An int without its sign, which may be the magnitude of the least int.</summary>
    Integer,

    /// <summary>An operator or bracket; <see cref="Token.Text"/> has it.</summary>
    Mark,
}

internal sealed record Token(TokenKind Kind, string Text, int Offset, CelValue Value = default)
{
    public bool Is(string mark) => Kind == TokenKind.Mark && Text == mark;

    public string Description => Kind switch
    {
        TokenKind.End => "the end of the expression",
        TokenKind.Literal => $"the literal {Text}",
        _ => $"'{Text}'",
    };
}
