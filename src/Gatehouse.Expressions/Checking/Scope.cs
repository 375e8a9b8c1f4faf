using Gatehouse.Expressions.Syntax;

namespace Gatehouse.Expressions.Checking;

/// <summary>What names stand for: local variables, then the schema's variables, then types.</summary>
internal sealed class Scope(ExpressionSchema schema)
{
    private static readonly Dictionary<string, string> TypeValues = new(StringComparer.Ordinal)
    {
        ["bool"] = "bool",
        ["int"] = "int",
        ["uint"] = "uint",
        ["double"] = "double",
        ["string"] = "string",
        ["bytes"] = "bytes",
        ["list"] = "list",
        ["map"] = "map",
        ["null_type"] = "null_type",
        ["type"] = "type",
        ["optional_type"] = "optional_type",
        [TypeNames.Timestamp] = TypeNames.Timestamp,
        [TypeNames.Duration] = TypeNames.Duration,
    };

    private readonly List<(string Name, CelType Type)> _locals = [];

    /// <summary>The most locals that are in scope at one time.</summary>
    public int MaxLocals { get; private set; }

    public int Push(string name, CelType type)
    {
        _locals.Add((name, type));
        MaxLocals = Math.Max(MaxLocals, _locals.Count);
        return _locals.Count - 1;
    }

    public void Pop(int count) => _locals.RemoveRange(_locals.Count - count, count);

    /// <summary>Finds a local variable, the innermost one of its name.</summary>
    public (Binding Binding, CelType Type)? FindLocal(string name)
    {
        var index = _locals.FindLastIndex(local => local.Name == name);
        return index < 0 ? null : (new LocalBinding(index), _locals[index].Type);
    }

    /// <summary>Finds a variable of the schema or a type, in the container and its parents first.</summary>
    public (Binding Binding, CelType Type)? FindGlobal(string name, bool isAbsolute)
    {
        foreach (var candidate in Candidates(name, isAbsolute))
        {
            if (schema.Find(candidate) is { } variable)
            {
                return (new SlotBinding(variable.Slot), variable.Type);
            }

            if (TypeValues.TryGetValue(candidate, out var type))
            {
                return (new TypeBinding(type), CelType.Type);
            }
        }

        return null;
    }

    /// <summary>The dotted name that a chain of selections spells, unless it starts at a local variable or is no such chain.</summary>
    public (string Name, bool IsAbsolute)? QualifiedName(SyntaxNode node)
    {
        switch (node)
        {
            case NameSyntax name:
                return !name.IsAbsolute && FindLocal(name.Name) is not null ? null : (name.Name, name.IsAbsolute);
            case SelectSyntax { IsTest: false, IsOptional: false } select:
                return QualifiedName(select.Operand) is var (operand, isAbsolute) ? ($"{operand}.{select.Field}", isAbsolute) : null;
            default:
                return null;
        }
    }

    /// <summary>The nearest name that there is, for a name that there is not.</summary>
    public string? Nearest(string name) => Similarity.Nearest(name, schema.Variables.Select(v => v.Name).Concat(_locals.Select(l => l.Name)));

    /// <summary>"A reference within the container a.b is looked up as a.b.name, then a.name, then name" (language definition, Name Resolution).</summary>
    private IEnumerable<string> Candidates(string name, bool isAbsolute)
    {
        var container = isAbsolute ? "" : schema.Container;
        while (container.Length > 0)
        {
            yield return $"{container}.{name}";
            container = container[..Math.Max(container.LastIndexOf('.'), 0)];
        }

        yield return name;
    }
}
