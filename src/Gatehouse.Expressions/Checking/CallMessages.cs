using Gatehouse.Expressions.Syntax;

namespace Gatehouse.Expressions.Checking;

/// <summary>Says what is wrong with a call, and what the function would take.</summary>
internal static class CallMessages
{
    private const int MaxSignatures = 4;

    public static string NoOverload(ExpressionSchema schema, CallSyntax call, List<Overload> overloads, CelType[] arguments)
    {
        var written = Operators.Written(call.Function);
        if (written != call.Function)
        {
            return arguments.Length == 2
                ? $"'{written}' does not take {arguments[0]} and {arguments[1]}{Hint(call.Function, arguments)}"
                : $"'{written}' does not take {string.Join(", ", arguments.AsEnumerable())}";
        }

        if (overloads.Count > 0)
        {
            var signatures = overloads.Take(MaxSignatures).Select(Signature);
            return $"{Call(call, arguments)} does not fit {call.Function}; it is {string.Join(" or ", signatures)}";
        }

        return schema.FindFunction(call.Function) is { Count: > 0 } others
            ? $"'{call.Function}' is written {string.Join(" or ", others.Take(MaxSignatures).Select(Signature))}"
            : NoFunction(call);
    }

    public static string NoFunction(CallSyntax call) => $"there is no function '{Name(call)}'{Suggestion(call)}";

    public static bool IsNamespace(string name) =>
        Library.FunctionTable.Names.Any(function => function.StartsWith(name + ".", StringComparison.Ordinal));

    private static string Hint(string function, CelType[] arguments)
    {
        var numbers = arguments.All(type => type.TypeKind is CelTypeKind.Int or CelTypeKind.UInt or CelTypeKind.Double);
        return numbers && arguments[0] != arguments[1] && function != Operators.In ? $"; convert one of them, such as {arguments[1].Name}(...)" : "";
    }

    private static string Suggestion(CallSyntax call) =>
        Similarity.Nearest(Name(call), Library.FunctionTable.Names) is { } nearest && Operators.Written(nearest) == nearest
            ? $"; did you mean '{nearest}'?"
            : "";

    private static string Name(CallSyntax call) =>
        call.Target is NameSyntax name && IsNamespace(name.Name) ? $"{name.Name}.{call.Function}" : call.Function;

    private static string Call(CallSyntax call, CelType[] arguments) => call.Target is null
        ? $"{call.Function}({string.Join(", ", arguments.AsEnumerable())})"
        : $"{arguments[0]}.{call.Function}({string.Join(", ", arguments.Skip(1))})";

    private static string Signature(Overload overload) => overload.IsMember
        ? $"{overload.Parameters[0]}.{overload.Function}({string.Join(", ", overload.Parameters.Skip(1))})"
        : $"{overload.Function}({string.Join(", ", overload.Parameters)})";
}
