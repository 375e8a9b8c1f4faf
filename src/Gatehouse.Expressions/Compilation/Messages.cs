using Gatehouse.Expressions.Syntax;

namespace Gatehouse.Expressions.Compilation;

/// <summary>The words of errors at evaluation that several places tell.</summary>
internal static class Messages
{
    public const string Overflow = "the result does not fit its type (overflow)";
    public const string DivisionByZero = "division by zero";
    public const string ModulusByZero = "modulus by zero";

    public static string NoOverload(string function, in CelValue value) =>
        $"no such overload: {Operators.Written(function)} of {TypeNames.Of(value)}";

    public static string NoOverload(string function, in CelValue left, in CelValue right) =>
        $"no such overload: {TypeNames.Of(left)} {Operators.Written(function)} {TypeNames.Of(right)}";

    public static string NoKey(in CelValue key) => $"no such key: {key}";
}
