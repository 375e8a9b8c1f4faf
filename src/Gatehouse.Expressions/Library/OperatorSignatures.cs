using Gatehouse.Expressions.Checking;
using Gatehouse.Expressions.Syntax;
using static Gatehouse.Expressions.CelType;
using static Gatehouse.Expressions.Library.Signatures;

namespace Gatehouse.Expressions.Library;

/// <summary>The types that operators take. What they do is in their nodes.</summary>
internal static class OperatorSignatures
{
    private static readonly CelType[] Numbers = [Int, UInt, CelType.Double];
    private static readonly string[] Comparisons = [Operators.Less, Operators.LessOrEqual, Operators.Greater, Operators.GreaterOrEqual];

    public static IEnumerable<Overload> All =>
    [
        Operator(Operators.Conditional, A, Bool, A, A),
        Operator(Operators.Not, Bool, Bool),
        Operator(Operators.Negate, Int, Int),
        Operator(Operators.Negate, CelType.Double, CelType.Double),
        Operator(Operators.Equal, Bool, A, A),
        Operator(Operators.NotEqual, Bool, A, A),
        Operator(Operators.In, Bool, A, ListOf(A)),
        Operator(Operators.In, Bool, A, MapOf(A, B)),
        .. Indexing(Operators.Index, A, B),
        .. Indexing(Operators.OptionalIndex, OptionalOf(A), OptionalOf(B)),
        .. Comparisons.SelectMany(Ordered),
        .. new[] { Operators.Add, Operators.Subtract, Operators.Multiply, Operators.Divide }.SelectMany(Arithmetic),
        Operator(Operators.Modulo, Int, Int, Int),
        Operator(Operators.Modulo, UInt, UInt, UInt),
        Operator(Operators.Add, CelType.String, CelType.String, CelType.String),
        Operator(Operators.Add, Bytes, Bytes, Bytes),
        Operator(Operators.Add, ListOf(A), ListOf(A), ListOf(A)),
        Operator(Operators.Add, Timestamp, Timestamp, Duration),
        Operator(Operators.Add, Timestamp, Duration, Timestamp),
        Operator(Operators.Add, Duration, Duration, Duration),
        Operator(Operators.Subtract, Duration, Timestamp, Timestamp),
        Operator(Operators.Subtract, Timestamp, Timestamp, Duration),
        Operator(Operators.Subtract, Duration, Duration, Duration),
    ];

    private static Overload[] Indexing(string function, CelType element, CelType value) =>
    [
        Operator(function, element, ListOf(A), Int),
        Operator(function, value, MapOf(A, B), A),
        Operator(function, OptionalOf(A), OptionalOf(ListOf(A)), Int),
        Operator(function, OptionalOf(B), OptionalOf(MapOf(A, B)), A),
    ];

    private static IEnumerable<Overload> Arithmetic(string function) => Numbers.Select(number => Operator(function, number, number, number));

    private static IEnumerable<Overload> Ordered(string function) =>
    [
        .. new[] { Bool, CelType.String, Bytes, Timestamp, Duration }.Select(type => Operator(function, Bool, type, type)),
        .. Numbers.SelectMany(left => Numbers.Select(right => Operator(function, Bool, left, right))),
    ];
}
