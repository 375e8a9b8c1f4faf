using Gatehouse.Expressions.Checking;

namespace Gatehouse.Expressions;

/// <summary>A variable that expressions may use.</summary>
public sealed record ExpressionVariable(int Slot, string Name, CelType Type, string? Description);

/// <summary>
/// The variables that expressions may use, each with a slot by which its value is read. Built once, and not changed after the first
/// compilation with it.
/// </summary>
public sealed class ExpressionSchema
{
    private readonly Dictionary<string, ExpressionVariable> _byName = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<Overload>> _functions = new(StringComparer.Ordinal);
    private readonly List<ExpressionVariable> _variables = [];

    /// <summary>All variables, by slot.</summary>
    public IReadOnlyList<ExpressionVariable> Variables => _variables;

    /// <summary>The namespace in which unqualified names are looked up first; for the corpus.</summary>
    internal string Container { get; init; } = "";

    /// <summary>
    /// Declares a variable and gives its slot, counted from 0. The name may have dots (<c>request.model</c>): of <c>request.model.size</c> the
    /// longest part that is declared is the variable, the rest are fields of its value.
    /// </summary>
    /// <param name="description">One line for documentation and the editor.</param>
    /// <exception cref="ArgumentException">The name is no name, or declared already.</exception>
    public int Declare(string name, CelType type, string? description = null)
    {
        ArgumentNullException.ThrowIfNull(type);
        if (string.IsNullOrEmpty(name) || !name.Split('.').All(IsIdentifier))
        {
            throw new ArgumentException($"'{name}' is no name of a variable.", nameof(name));
        }

        var variable = new ExpressionVariable(_variables.Count, name, type, description);
        if (!_byName.TryAdd(name, variable))
        {
            throw new ArgumentException($"'{name}' is declared already.", nameof(name));
        }

        _variables.Add(variable);
        return variable.Slot;
    }

    internal ExpressionVariable? Find(string name) => _byName.GetValueOrDefault(name);

    /// <summary>Declares a function without an implementation, for checking alone; for the corpus.</summary>
    internal void DeclareFunction(Overload overload)
    {
        if (!_functions.TryGetValue(overload.Function, out var overloads))
        {
            _functions[overload.Function] = overloads = [];
        }

        overloads.Add(overload);
    }

    internal IReadOnlyList<Overload> FindFunction(string name) =>
        _functions.TryGetValue(name, out var overloads) ? overloads : Library.FunctionTable.Find(name);

    private static bool IsIdentifier(string part) =>
        part.Length > 0 && !char.IsAsciiDigit(part[0]) && part.All(c => char.IsAsciiLetterOrDigit(c) || c == '_');
}
