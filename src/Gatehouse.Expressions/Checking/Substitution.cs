namespace Gatehouse.Expressions.Checking;

/// <summary>What the type variables of one check stand for, and the rules by which a type can be given where another is expected.</summary>
internal sealed class Substitution
{
    /// <summary>
    /// How many pieces of types one check may look at, some hundred for every character of the longest source. Types can share pieces, so
    /// that they take far longer to walk than to write; beyond the limit everything is dyn, and left to the evaluation.
    /// </summary>
    private const long MaxSteps = 2_000_000;

    private readonly Dictionary<string, CelType> _bound = new(StringComparer.Ordinal);
    private readonly Stack<(string Name, CelType? Before)> _changes = new();
    private int _next;
    private long _steps;

    public CelType NewVariable() => CelType.Parameter($"%{_next++}");

    /// <summary>A copy of a type with fresh variables for the parameters of its overload.</summary>
    public CelType Instantiate(CelType type, Dictionary<string, CelType> fresh)
    {
        if (type.TypeKind == CelTypeKind.Parameter)
        {
            if (!fresh.TryGetValue(type.Name, out var variable))
            {
                fresh[type.Name] = variable = NewVariable();
            }

            return variable;
        }

        return Rebuild(type, parameter => Instantiate(parameter, fresh));
    }

    /// <summary>Whether all given types can stand where the expected ones do; only then are variables bound.</summary>
    public bool TryAssign(IReadOnlyList<CelType> expected, IReadOnlyList<CelType> given)
    {
        _changes.Clear();
        for (var i = 0; i < expected.Count; i++)
        {
            if (!IsAssignable(expected[i], given[i]))
            {
                Undo();
                return false;
            }
        }

        return true;
    }

    private void Undo()
    {
        while (_changes.TryPop(out var change))
        {
            if (change.Before is null)
            {
                _bound.Remove(change.Name);
            }
            else
            {
                _bound[change.Name] = change.Before;
            }
        }
    }

    private void Set(string name, CelType type)
    {
        _changes.Push((name, _bound.GetValueOrDefault(name)));
        _bound[name] = type;
    }

    /// <summary>The one type of two elements of a list (entries of a map): the more general one, or dyn where they differ.</summary>
    public CelType Join(CelType? previous, CelType current)
    {
        if (previous is null)
        {
            return current;
        }

        return TryAssign([previous], [current]) ? MoreGeneral(previous, current) : CelType.Dyn;
    }

    /// <summary>A type with its variables replaced, where they stand for something.</summary>
    public CelType Resolve(CelType type)
    {
        if (IsExhausted)
        {
            return CelType.Dyn;
        }

        if (type.TypeKind == CelTypeKind.Parameter)
        {
            return _bound.TryGetValue(type.Name, out var bound) ? Resolve(bound) : type;
        }

        return Rebuild(type, Resolve);
    }

    /// <summary>A type without variables: those that stand for nothing are dyn.</summary>
    public CelType Finish(CelType type)
    {
        var resolved = Resolve(type);
        return resolved.TypeKind == CelTypeKind.Parameter ? CelType.Dyn : Rebuild(resolved, Finish);
    }

    private bool IsExhausted => ++_steps > MaxSteps;

    private static CelType Rebuild(CelType type, Func<CelType, CelType> rebuild) =>
        type.Parameters.Count == 0 ? type : type.WithParameters([.. type.Parameters.Select(rebuild)]);

    private bool IsAssignable(CelType expected, CelType given)
    {
        if (IsExhausted)
        {
            return true;
        }

        expected = Shallow(expected);
        given = Shallow(given);
        if (given.TypeKind == CelTypeKind.Parameter || expected.TypeKind == CelTypeKind.Parameter)
        {
            return given.TypeKind == CelTypeKind.Parameter ? Bind(given, expected) : Bind(expected, given);
        }

        if (expected.IsDyn || given.IsDyn)
        {
            return true;
        }

        if (expected.TypeKind == CelTypeKind.Null || given.TypeKind == CelTypeKind.Null)
        {
            return IsNullable(expected) && IsNullable(given);
        }

        if (expected.TypeKind != given.TypeKind || expected.Name != given.Name || expected.Parameters.Count != given.Parameters.Count)
        {
            return false;
        }

        for (var i = 0; i < expected.Parameters.Count; i++)
        {
            // A parameter that is bound takes on what is more general: tuple(dyn, uint) for tuple(T, T) is tuple(dyn, dyn).
            if (!IsAssignable(expected.Parameters[i], given.Parameters[i]))
            {
                return false;
            }

            Widen(expected.Parameters[i], given.Parameters[i]);
        }

        return true;
    }

    /// <summary>"Null is assignable to messages, timestamps, durations and abstract types" (the legacy nullable types of the corpus).</summary>
    private static bool IsNullable(CelType type) =>
        type.TypeKind is CelTypeKind.Null or CelTypeKind.Timestamp or CelTypeKind.Duration or CelTypeKind.Abstract;

    private bool Bind(CelType variable, CelType type)
    {
        if (variable.Equals(type))
        {
            return true;
        }

        if (Mentions(type, variable))
        {
            return false;
        }

        Set(variable.Name, type);
        return true;
    }

    /// <summary>Where an expected variable already stands for a type, it takes on the more general of that and the given one.</summary>
    private void Widen(CelType expected, CelType given)
    {
        if (expected.TypeKind != CelTypeKind.Parameter || !_bound.ContainsKey(expected.Name))
        {
            return;
        }

        var general = MoreGeneral(expected, given);
        if (!Mentions(general, expected))
        {
            Set(expected.Name, general);
        }
    }

    /// <summary>A type that is too much work to look at counts as one that mentions the variable: nothing is bound to it.</summary>
    private bool Mentions(CelType type, CelType variable)
    {
        if (IsExhausted)
        {
            return true;
        }

        type = Shallow(type);
        return type.TypeKind == CelTypeKind.Parameter
            ? type.Name == variable.Name
            : type.Parameters.Any(parameter => Mentions(parameter, variable));
    }

    /// <summary>A bound variable as what it stands for, its parameters untouched.</summary>
    private CelType Shallow(CelType type)
    {
        while (type.TypeKind == CelTypeKind.Parameter && _bound.TryGetValue(type.Name, out var bound))
        {
            type = bound;
        }

        return type;
    }

    /// <summary>Of two types one of which can be given for the other, piece by piece the more general one.</summary>
    private CelType MoreGeneral(CelType left, CelType right)
    {
        left = Shallow(left);
        right = Shallow(right);
        if (left.IsDyn || right.IsDyn || IsExhausted)
        {
            return CelType.Dyn;
        }

        if (left.TypeKind is CelTypeKind.Null or CelTypeKind.Parameter)
        {
            return right;
        }

        if (right.TypeKind is CelTypeKind.Null or CelTypeKind.Parameter || left.Parameters.Count != right.Parameters.Count)
        {
            return left;
        }

        return left.Parameters.Count == 0
            ? left
            : left.WithParameters([.. left.Parameters.Zip(right.Parameters, MoreGeneral)]);
    }
}
