using Gatehouse.Expressions.Compilation;

namespace Gatehouse.Expressions.Checking;

internal delegate CelValue Unary(Frame frame, in CelValue a);

internal delegate CelValue Binary(Frame frame, in CelValue a, in CelValue b);

internal delegate CelValue Ternary(Frame frame, in CelValue a, in CelValue b, in CelValue c);

internal delegate CelValue Quaternary(Frame frame, in CelValue a, in CelValue b, in CelValue c, in CelValue d);

/// <summary>
/// One signature of a function. The target of a member is its first parameter. Operators have no implementation here: they are nodes of
/// their own.
/// </summary>
internal sealed class Overload(string function, bool isMember, CelType result, CelType[] parameters, Delegate? implementation = null)
{
    private readonly CelKind?[] _kinds = [.. parameters.Select(p => p.RuntimeKind)];

    public string Function { get; } = function;

    public bool IsMember { get; } = isMember;

    public CelType Result { get; } = result;

    public IReadOnlyList<CelType> Parameters { get; } = parameters;

    public Delegate? Implementation { get; } = implementation;

    /// <summary>Whether a value is of the kind that the parameter at an index takes.</summary>
    public bool Accepts(int index, in CelValue value) => _kinds[index] is not { } kind || kind == value.Kind;
}
