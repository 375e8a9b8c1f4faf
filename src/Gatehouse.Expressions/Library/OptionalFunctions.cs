using Gatehouse.Expressions.Checking;
using Gatehouse.Expressions.Compilation;
using static Gatehouse.Expressions.CelType;
using static Gatehouse.Expressions.Library.Signatures;

namespace Gatehouse.Expressions.Library;

/// <summary>
/// The functions of optional values. <c>optMap</c> and <c>optFlatMap</c> are macros; <c>or</c> and <c>orValue</c> are nodes, for they leave the
/// other side alone where they do not need it.
/// </summary>
internal static class OptionalFunctions
{
    public static IEnumerable<Overload> All =>
    [
        Function("optional.none", OptionalOf(A), () => CelValue.FromOptional(OptionalValue.None)),
        Function("optional.of", OptionalOf(A), A, (Frame _, in CelValue a) => CelValue.FromOptional(OptionalValue.Of(a))),
        Function("optional.ofNonZeroValue", OptionalOf(A), A, (Frame _, in CelValue a) =>
            CelValue.FromOptional(IsZero(a) ? OptionalValue.None : OptionalValue.Of(a))),
        Member("hasValue", Bool, OptionalOf(A), (Frame _, in CelValue a) => CelValue.From(a.Optional.HasValue)),
        Member("value", A, OptionalOf(A), (Frame frame, in CelValue a) =>
            a.Optional.HasValue ? a.Optional.Value : frame.Fail("the optional has no value; orValue() gives another")),
        new Overload("or", isMember: true, OptionalOf(A), [OptionalOf(A), OptionalOf(A)]),
        new Overload("orValue", isMember: true, A, [OptionalOf(A), A]),
    ];

    private static bool IsZero(in CelValue value) => value.Kind switch
    {
        CelKind.Null => true,
        CelKind.Double => value.Number == 0,
        CelKind.String => value.Text.Length == 0,
        CelKind.Bytes => value.ByteArray.Length == 0,
        CelKind.List => value.List.Count == 0,
        CelKind.Map => value.Map.Count == 0,
        CelKind.Timestamp => value.Bits == 0 && value.Nanoseconds == 0,
        CelKind.Optional => !value.Optional.HasValue,
        CelKind.Type => false,
        _ => value.Bits == 0,
    };
}
