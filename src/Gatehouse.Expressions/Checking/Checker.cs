using System.Runtime.CompilerServices;
using Gatehouse.Expressions.Syntax;

namespace Gatehouse.Expressions.Checking;

/// <summary>
/// Finds what every name stands for, the type of every node and the overloads that are left. All mistakes are collected. With checking off (for
/// the corpus) names that stand for nothing and types that do not fit become errors at evaluation.
/// </summary>
internal sealed class Checker(string source, ExpressionSchema schema, bool isOff = false)
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

    private CelType CheckComprehension(ComprehensionSyntax syntax)
    {
        var (first, second) = RangeTypes(_types.Resolve(Check(syntax.Range)), syntax);
        syntax.FirstLocal = _scope.Push(syntax.First, first);
        if (syntax.Second is not null)
        {
            syntax.SecondLocal = _scope.Push(syntax.Second, second);
        }

        if (syntax.Filter is not null)
        {
            ExpectBool(syntax.Filter, "the condition of the macro");
        }

        CelType body;
        if (syntax.Kind is ComprehensionKind.All or ComprehensionKind.Exists or ComprehensionKind.ExistsOne or ComprehensionKind.Filter)
        {
            ExpectBool(syntax.Body, "the condition of the macro");
            body = CelType.Bool;
        }
        else
        {
            body = Check(syntax.Body);
        }

        _scope.Pop(syntax.Second is null ? 1 : 2);
        return syntax.Kind switch
        {
            ComprehensionKind.Filter => CelType.ListOf(first),
            ComprehensionKind.List => CelType.ListOf(body),
            ComprehensionKind.Map => CelType.MapOf(first, body),
            ComprehensionKind.MapEntry => EntryType(body, syntax.Body),
            _ => CelType.Bool,
        };
    }

    /// <summary>The types of the variables: element, or key; with two variables index and element, or key and value.</summary>
    private (CelType First, CelType Second) RangeTypes(CelType range, ComprehensionSyntax syntax)
    {
        switch (range.TypeKind)
        {
            case CelTypeKind.List:
                return syntax.Second is null ? (range.Parameters[0], CelType.Dyn) : (CelType.Int, range.Parameters[0]);
            case CelTypeKind.Map:
                return (range.Parameters[0], range.Parameters[1]);
            case CelTypeKind.Dyn or CelTypeKind.Parameter:
                return (CelType.Dyn, CelType.Dyn);
            default:
                if (!isOff)
                {
                    Fail($"a macro goes through a list or a map, not {range}", syntax.Offset);
                }

                return (CelType.Dyn, CelType.Dyn);
        }
    }

    private CelType EntryType(CelType body, SyntaxNode node)
    {
        var map = CelType.MapOf(_types.NewVariable(), _types.NewVariable());
        if (!_types.TryAssign([map], [body]) && !isOff)
        {
            Fail($"transformMapEntry takes a map, not {_types.Finish(body)}", node.Offset);
        }

        return map;
    }

    private void ExpectBool(SyntaxNode node, string what)
    {
        var type = Check(node);
        if (!_types.TryAssign([CelType.Bool], [type]) && !isOff)
        {
            Fail($"{what} is true or false, not {_types.Finish(type)}", node.Offset);
        }
    }

    private CelType CheckBind(BindSyntax bind)
    {
        var type = Check(bind.Initializer);
        bind.Local = _scope.Push(bind.Name, type);
        var result = Check(bind.Body);
        _scope.Pop(1);
        return result;
    }

    private CelType CheckOptionalMap(OptionalMapSyntax map)
    {
        var held = _types.NewVariable();
        var target = Check(map.Target);
        if (!_types.TryAssign([CelType.OptionalOf(held)], [target]) && !isOff)
        {
            Fail($"optMap and optFlatMap are functions of an optional, not of {_types.Finish(target)}", map.Offset);
        }

        map.Local = _scope.Push(map.Name, held);
        var body = Check(map.Body);
        _scope.Pop(1);
        if (!map.IsFlat)
        {
            return CelType.OptionalOf(body);
        }

        if (!_types.TryAssign([CelType.OptionalOf(_types.NewVariable())], [body]) && !isOff)
        {
            Fail($"optFlatMap takes an expression that gives an optional, not {_types.Finish(body)}", map.Body.Offset);
        }

        return body;
    }

    private CelType CheckCall(CallSyntax call)
    {
        if (call.Function is Operators.And or Operators.Or)
        {
            foreach (var operand in call.Arguments)
            {
                ExpectBool(operand, $"a side of {Operators.Written(call.Function)}");
            }

            return CelType.Bool;
        }

        QualifyFunction(call);
        List<CelType> arguments = [];
        if (!isOff && call.Target is NameSyntax space && _scope.QualifiedName(space) is not null && IsUnknownPrefix(space) && CallMessages.IsNamespace(space.Name))
        {
            arguments.AddRange(call.Arguments.Select(Check));
            Fail(CallMessages.NoFunction(call), call.Offset);
            return CelType.Dyn;
        }

        if (call.Target is not null)
        {
            arguments.Add(Check(call.Target));
        }

        arguments.AddRange(call.Arguments.Select(Check));
        var overloads = schema.FindFunction(call.Function).Where(o => o.IsMember == call.Target is not null).ToList();
        if (isOff)
        {
            call.Overloads = overloads;
            return CelType.Dyn;
        }

        return ResolveOverload(call, overloads, arguments);
    }

    /// <summary><c>math.ceil(x)</c> is a function of a namespace unless <c>math</c> is a local variable.</summary>
    private void QualifyFunction(CallSyntax call)
    {
        if (call.Target is { } target && _scope.QualifiedName(target) is var (name, _) && schema.FindFunction($"{name}.{call.Function}").Count > 0)
        {
            call.Function = $"{name}.{call.Function}";
            call.Target = null;
        }
    }

    private CelType ResolveOverload(CallSyntax call, List<Overload> overloads, List<CelType> arguments)
    {
        CelType? result = null;
        List<Overload> left = [];
        foreach (var overload in overloads.Where(o => o.Parameters.Count == arguments.Count))
        {
            var fresh = new Dictionary<string, CelType>(StringComparer.Ordinal);
            if (_types.TryAssign([.. overload.Parameters.Select(p => _types.Instantiate(p, fresh))], arguments))
            {
                var type = _types.Resolve(_types.Instantiate(overload.Result, fresh));
                result = result is null || result.Equals(type) ? type : CelType.Dyn;
                left.Add(overload);
            }
        }

        call.Overloads = left;
        if (result is null && _errors.Count < MaxErrors)
        {
            Fail(CallMessages.NoOverload(schema, call, overloads, [.. arguments.Select(_types.Finish)]), call.Offset);
        }

        return result ?? CelType.Dyn;
    }
}
