using System.Collections.Frozen;
using Gatehouse.Expressions.Checking;

namespace Gatehouse.Expressions.Library;

/// <summary>All functions and operators by name.</summary>
internal static class FunctionTable
{
    private static readonly FrozenDictionary<string, Overload[]> Functions = new[]
        {
            OperatorSignatures.All,
            ConversionFunctions.All,
            StringFunctions.All,
            TimeFunctions.All,
            MathFunctions.All,
            OptionalFunctions.All,
            EncodingFunctions.All,
        }
        .SelectMany(group => group)
        .GroupBy(overload => overload.Function, StringComparer.Ordinal)
        .ToFrozenDictionary(group => group.Key, group => group.ToArray(), StringComparer.Ordinal);

    public static IEnumerable<string> Names => Functions.Keys;

    public static Overload[] Find(string name) => Functions.GetValueOrDefault(name) ?? [];
}
