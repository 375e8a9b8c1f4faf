using Gatehouse.Expressions.Syntax;

namespace Gatehouse.Expressions.Checking;

/// <content>Macros: what has variables of its own.</content>
internal sealed partial class Checker
{
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
}
