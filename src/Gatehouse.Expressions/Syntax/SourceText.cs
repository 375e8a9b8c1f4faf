namespace Gatehouse.Expressions.Syntax;

/// <summary>Finds line and column of an offset.</summary>
internal static class SourceText
{
    public static (int Line, int Column) Position(string source, int offset)
    {
        var before = source.AsSpan(0, Math.Clamp(offset, 0, source.Length));
        var line = before.Count('\n') + 1;
        var column = 1;
        foreach (var character in before[(before.LastIndexOf('\n') + 1)..])
        {
            column += char.IsLowSurrogate(character) ? 0 : 1;
        }

        return (line, column);
    }

    public static ExpressionError Error(string source, string message, int offset)
    {
        var (line, column) = Position(source, offset);
        return new ExpressionError(message, line, column);
    }
}
