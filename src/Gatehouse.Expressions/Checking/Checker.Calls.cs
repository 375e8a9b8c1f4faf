using Gatehouse.Expressions.Syntax;

namespace Gatehouse.Expressions.Checking;

/// <content>Calls of functions and operators.</content>
internal sealed partial class Checker
{
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
        if (!isOff && call.Target is NameSyntax space && CallMessages.IsNamespace(space.Name)
            && _scope.QualifiedName(space) is not null && IsUnknownPrefix(space))
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
