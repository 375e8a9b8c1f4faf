using System.Runtime.CompilerServices;
using Gatehouse.Expressions.Syntax;

namespace Gatehouse.Expressions.Checking;

/// <summary>
/// Finds what every name stands for, the type of every node and the overloads that are left. All mistakes are collected. With checking off (for
/// the corpus) names that stand for nothing and types that do not fit become errors at evaluation.
/// </summary>
internal sealed partial class Checker(string source, ExpressionSchema schema, bool isOff = false)
{
    private const int MaxErrors = 20;

    private readonly Substitution _types = new();
    private readonly Scope _scope = new(schema);
    private readonly List<ExpressionError> _errors = [];

    public IReadOnlyList<ExpressionError> Errors => _errors;

    public int LocalCount => _scope.MaxLocals;

    /// <summary>The type of the whole.</summary>
    public CelType CheckAll(SyntaxNode root) => _types.Finish(Check(root));

    public void Fail(string message, int offset)
    {
        if (_errors.Count < MaxErrors)
        {
            _errors.Add(SourceText.Error(source, message, offset));
        }
    }

    private CelType Check(SyntaxNode node)
    {
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            Fail(Parser.TooDeep, node.Offset);
            return CelType.Dyn;
        }

        var type = node switch
        {
            LiteralSyntax literal => OfLiteral(literal.Value),
            NameSyntax name => CheckName(name),
            SelectSyntax select => CheckSelect(select),
            CallSyntax call => CheckCall(call),
            ListSyntax list => CheckList(list),
            MapSyntax map => CheckMap(map),
            ComprehensionSyntax comprehension => CheckComprehension(comprehension),
            BindSyntax bind => CheckBind(bind),
            OptionalMapSyntax map => CheckOptionalMap(map),
            _ => CelType.Dyn,
        };
        return node.Type = isOff ? CelType.Dyn : _types.Resolve(type);
    }

    private static CelType OfLiteral(in CelValue value) => value.Kind switch
    {
        CelKind.Null => CelType.Null,
        CelKind.Bool => CelType.Bool,
        CelKind.Int => CelType.Int,
        CelKind.UInt => CelType.UInt,
        CelKind.Double => CelType.Double,
        CelKind.String => CelType.String,
        _ => CelType.Bytes,
    };

    private CelType CheckName(NameSyntax name)
    {
        var found = (name.IsAbsolute ? null : _scope.FindLocal(name.Name)) ?? _scope.FindGlobal(name.Name, name.IsAbsolute);
        if (found is var (binding, type))
        {
            name.Binding = binding;
            return type;
        }

        name.Binding = new UnknownBinding(name.Name);
        FailUnknown(name.Name, name.Offset);
        return CelType.Dyn;
    }

    private void FailUnknown(string name, int offset)
    {
        if (isOff || _errors.Count >= MaxErrors)
        {
            return;
        }

        var members = schema.Variables.Where(v => v.Name.StartsWith(name + ".", StringComparison.Ordinal)).Select(v => v.Name).Take(3).ToList();
        var hint = members.Count > 0 ? $"; there are {string.Join(", ", members)}"
            : _scope.Nearest(name) is { } nearest ? $"; did you mean '{nearest}'?"
            : schema.FindFunction(name).Count > 0 ? $"; it is a function, write {name}(...)"
            : "";
        Fail($"there is no variable '{name}'{hint}", offset);
    }

    private CelType CheckSelect(SelectSyntax select)
    {
        // "The longest prefix that is declared is the variable" (language definition, Name Resolution).
        var chain = new SelectSyntax(select.Operand, select.Field, isTest: false, isOptional: select.IsOptional, select.Offset);
        if (_scope.QualifiedName(chain) is var (name, isAbsolute) && _scope.FindGlobal(name, isAbsolute) is var (binding, type))
        {
            select.Binding = binding;
            return select.IsTest ? CelType.Bool : type;
        }

        if (!isOff && _scope.QualifiedName(select.Operand) is var (prefix, fromRoot) && IsUnknownPrefix(select.Operand))
        {
            FailUnknown($"{prefix}.{select.Field}", select.Start);
            return CelType.Dyn;
        }

        var operand = _types.Resolve(Check(select.Operand));
        var field = FieldType(operand, select.Field, select.Offset);
        if (select.IsTest)
        {
            return CelType.Bool;
        }

        var isWrapped = operand.TypeKind == CelTypeKind.Abstract || select.IsOptional;
        return isWrapped && !(field.TypeKind == CelTypeKind.Abstract && operand.TypeKind == CelTypeKind.Abstract) ? CelType.OptionalOf(field) : field;
    }

    /// <summary>Whether a chain starts at a name that stands for nothing, in which case the whole chain is told.</summary>
    private bool IsUnknownPrefix(SyntaxNode node)
    {
        while (true)
        {
            if (_scope.QualifiedName(node) is var (name, isAbsolute) && _scope.FindGlobal(name, isAbsolute) is not null)
            {
                return false;
            }

            if (node is not SelectSyntax select)
            {
                return node is NameSyntax;
            }

            node = select.Operand;
        }
    }

    private CelType FieldType(CelType operand, string field, int offset)
    {
        switch (operand.TypeKind)
        {
            case CelTypeKind.Dyn or CelTypeKind.Parameter:
                return CelType.Dyn;
            case CelTypeKind.Map:
                return operand.Parameters[1];
            case CelTypeKind.Abstract when operand.Name == "optional_type":
                return FieldType(_types.Resolve(operand.Parameters[0]), field, offset);
            default:
                if (!isOff)
                {
                    Fail($"{operand} has no field '{field}': fields are those of maps", offset);
                }

                return CelType.Dyn;
        }
    }

    private CelType CheckList(ListSyntax list)
    {
        CelType? element = null;
        foreach (var item in list.Elements)
        {
            element = _types.Join(element, CheckElement(item.Value, item.IsOptional));
        }

        return CelType.ListOf(element ?? _types.NewVariable());
    }

    private CelType CheckMap(MapSyntax map)
    {
        CelType? key = null;
        CelType? value = null;
        foreach (var entry in map.Entries)
        {
            key = _types.Join(key, Check(entry.Key));
            value = _types.Join(value, CheckElement(entry.Value, entry.IsOptional));
            if (!isOff && entry.Key.Type.TypeKind is not (CelTypeKind.String or CelTypeKind.Int or CelTypeKind.UInt or CelTypeKind.Bool
                or CelTypeKind.Dyn or CelTypeKind.Parameter))
            {
                Fail($"a key of a map is a string, int, uint or bool, not {entry.Key.Type}", entry.Key.Offset);
            }
        }

        return CelType.MapOf(key ?? _types.NewVariable(), value ?? _types.NewVariable());
    }

    /// <summary>An element or entry after '?' is an optional, and stands for what that holds.</summary>
    private CelType CheckElement(SyntaxNode node, bool isOptional)
    {
        var type = Check(node);
        if (!isOptional)
        {
            return type;
        }

        var inner = _types.NewVariable();
        if (!_types.TryAssign([CelType.OptionalOf(inner)], [type]) && !isOff)
        {
            Fail($"after '?' stands an optional, not {_types.Finish(type)}", node.Offset);
        }

        return inner;
    }
}
