namespace Gatehouse.Expressions.Syntax;

/// <summary>The names of operators as functions, those of the language definition.</summary>
internal static class Operators
{
    public const string Conditional = "_?_:_";
    public const string And = "_&&_";
    public const string Or = "_||_";
    public const string Not = "!_";
    public const string Negate = "-_";
    public const string Equal = "_==_";
    public const string NotEqual = "_!=_";
    public const string Less = "_<_";
    public const string LessOrEqual = "_<=_";
    public const string Greater = "_>_";
    public const string GreaterOrEqual = "_>=_";
    public const string In = "@in";
    public const string Add = "_+_";
    public const string Subtract = "_-_";
    public const string Multiply = "_*_";
    public const string Divide = "_/_";
    public const string Modulo = "_%_";
    public const string Index = "_[_]";
    public const string OptionalIndex = "_[?_]";

    /// <summary>An operator as it is written, for messages; a function by its name.</summary>
    public static string Written(string function) => function switch
    {
        Conditional => "? :",
        In => "in",
        Index => "[ ]",
        OptionalIndex => "[? ]",
        _ => function.Trim('_'),
    };
}
