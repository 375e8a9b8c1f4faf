using Gatehouse.Expressions.Checking;

namespace Gatehouse.Expressions.Library;

/// <summary>Short forms in which the functions below are declared.</summary>
internal static class Signatures
{
    public static readonly CelType A = CelType.Parameter("A");
    public static readonly CelType B = CelType.Parameter("B");

    public static Overload Operator(string function, CelType result, params CelType[] parameters) =>
        new(function, isMember: false, result, parameters);

    public static Overload Function(string function, CelType result, Func<CelValue> implementation) =>
        new(function, isMember: false, result, [], implementation);

    public static Overload Function(string function, CelType result, CelType a, Unary implementation) =>
        new(function, isMember: false, result, [a], implementation);

    public static Overload Function(string function, CelType result, CelType a, CelType b, Binary implementation) =>
        new(function, isMember: false, result, [a, b], implementation);

    public static Overload Member(string function, CelType result, CelType target, Unary implementation) =>
        new(function, isMember: true, result, [target], implementation);

    public static Overload Member(string function, CelType result, CelType target, CelType a, Binary implementation) =>
        new(function, isMember: true, result, [target, a], implementation);

    public static Overload Member(string function, CelType result, CelType target, CelType a, CelType b, Ternary implementation) =>
        new(function, isMember: true, result, [target, a, b], implementation);

    public static Overload Member(string function, CelType result, CelType target, CelType a, CelType b, CelType c, Quaternary implementation) =>
        new(function, isMember: true, result, [target, a, b, c], implementation);
}
