using System.Runtime.CompilerServices;
using Gatehouse.Expressions.Checking;
using Gatehouse.Expressions.Library;
using Gatehouse.Expressions.Syntax;

namespace Gatehouse.Expressions.Compilation;

/// <summary>Turns a checked tree into nodes, choosing the typed ones where the types allow it.</summary>
internal sealed class NodeCompiler(ExpressionLimits limits, bool folds, Action<string, int> fail)
{
    private long _foldingBudget = limits.MaxCost;

    /// <summary>How many operations the nodes made so far have; the steps of comprehensions are paid by it.</summary>
    private long _operations;

    public Expression Compile(string source, SyntaxNode tree, CelType type, int locals)
    {
        var root = Compile(tree);

        // Outside of comprehensions every operation runs at most once: they are paid for in advance.
        return new Expression(source, type, root, new EvaluationNeeds(locals, limits.MaxCost - _operations, tree.Depth));
    }

    private Node Compile(SyntaxNode syntax)
    {
        _operations++;
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            fail(Parser.TooDeep, syntax.Offset);
            return new FailureNode(Parser.TooDeep, syntax.Offset);
        }

        return syntax switch
        {
            LiteralSyntax literal => new ConstantNode(literal.Value, literal.Offset),
            NameSyntax name => CompileBinding(name.Binding!, isTest: false, name.Offset),
            SelectSyntax { Binding: { } binding } select => CompileBinding(binding, select.IsTest, select.Offset),
            SelectSyntax select => CompileSelect(select),
            CallSyntax call => CompileCall(call),
            ListSyntax list => CompileList(list),
            MapSyntax map => CompileMap(map),
            ComprehensionSyntax comprehension => CompileComprehension(comprehension),
            BindSyntax bind => new BindNode(bind.Local, Compile(bind.Initializer), Compile(bind.Body), bind.Offset),
            OptionalMapSyntax map => new OptionalMapNode(map.Local, Compile(map.Target), Compile(map.Body), map.IsFlat, map.Offset),
            _ => new FailureNode("unknown syntax", syntax.Offset),
        };
    }

    private static Node CompileBinding(Binding binding, bool isTest, int offset)
    {
        switch (binding)
        {
            case SlotBinding slot:
                return isTest ? new SlotTestNode(slot.Slot, offset) : new SlotNode(slot.Slot, offset);
            case LocalBinding local:
                return new LocalNode(local.Index, offset);
            case TypeBinding type:
                return new ConstantNode(isTest ? CelValue.True : CelValue.FromType(type.Name), offset);
            default:
                return new FailureNode($"there is no variable '{((UnknownBinding)binding).Name}' (undeclared reference)", offset);
        }
    }

    private Node CompileSelect(SelectSyntax select)
    {
        var operand = Compile(select.Operand);
        if (select.IsTest)
        {
            return Fold(new HasNode(operand, select.Field, select.Offset), operand);
        }

        var key = new ConstantNode(CelValue.From(select.Field), select.Offset);
        return Fold(new AccessNode(operand, key, isField: true, select.IsOptional, select.Offset), operand);
    }

    private Node CompileList(ListSyntax list)
    {
        Node[] elements = [.. list.Elements.Select(e => Compile(e.Value))];
        return Fold(new ListNode(elements, [.. list.Elements.Select(e => e.IsOptional)], list.Offset), elements);
    }

    private Node CompileMap(MapSyntax map)
    {
        (Node Key, Node Value, bool IsOptional)[] entries = [.. map.Entries.Select(e => (Compile(e.Key), Compile(e.Value), e.IsOptional))];
        return Fold(new MapNode(entries, map.Offset), [.. entries.Select(e => e.Key), .. entries.Select(e => e.Value)]);
    }

    private ComprehensionNode CompileComprehension(ComprehensionSyntax syntax)
    {
        var range = Compile(syntax.Range);
        var before = _operations;
        var filter = syntax.Filter is null ? null : Compile(syntax.Filter);
        var body = Compile(syntax.Body);
        return new ComprehensionNode(syntax, range, filter, body, _operations - before + 1);
    }

    private Node CompileCall(CallSyntax call)
    {
        Node[] arguments = call.Target is null
            ? [.. call.Arguments.Select(Compile)]
            : [Compile(call.Target), .. call.Arguments.Select(Compile)];
        return Fold(Create(call, arguments), arguments);
    }

    private Node Create(CallSyntax call, Node[] arguments)
    {
        var offset = call.Offset;
        switch (call.Function)
        {
            case Operators.And or Operators.Or:
                return new LogicNode(arguments, call.Function == Operators.Or, offset);
            case Operators.Not:
                return new NotNode(arguments[0], offset);
            case Operators.Conditional:
                return new ConditionalNode(arguments[0], arguments[1], arguments[2], offset);
            case Operators.Equal or Operators.NotEqual:
                return CreateEqual(call, arguments);
            case Operators.Less or Operators.LessOrEqual or Operators.Greater or Operators.GreaterOrEqual:
                return AreAll(call, CelTypeKind.Int)
                    ? new CompareIntNode(call.Function, arguments[0], arguments[1], offset)
                    : new CompareNode(call.Function, arguments[0], arguments[1], offset);
            case Operators.In:
                return CreateIn(arguments, offset);
            case Operators.Add or Operators.Subtract or Operators.Multiply or Operators.Divide or Operators.Modulo:
                return new ArithmeticNode(call.Function, arguments[0], arguments[1], offset);
            case Operators.Negate:
                return new NegateNode(arguments[0], offset);
            case Operators.Index or Operators.OptionalIndex:
                return new AccessNode(arguments[0], arguments[1], isField: false, call.Function == Operators.OptionalIndex, offset);
            default:
                return CreateFunction(call, arguments);
        }
    }

    private static Node CreateEqual(CallSyntax call, Node[] arguments)
    {
        var isNegated = call.Function == Operators.NotEqual;
        return AreAll(call, CelTypeKind.String) ? new EqualStringNode(arguments[0], arguments[1], isNegated, call.Offset)
            : AreAll(call, CelTypeKind.Int) ? new CompareIntNode(call.Function, arguments[0], arguments[1], call.Offset)
            : new EqualNode(arguments[0], arguments[1], isNegated, call.Offset);
    }

    private static Node CreateIn(Node[] arguments, int offset)
    {
        if (arguments[1] is ConstantNode { Value.Kind: CelKind.List } constant)
        {
            CelValue[] items = [.. Enumerable.Range(0, constant.Value.List.Count).Select(i => constant.Value.List[i])];
            if (Array.TrueForAll(items, item => item.Kind == CelKind.String))
            {
                return new InStringsNode(arguments[0], [.. items.Select(item => item.Text)], offset);
            }
        }

        return new InNode(arguments[0], arguments[1], offset);
    }

    private Node CreateFunction(CallSyntax call, Node[] arguments)
    {
        var offset = call.Offset;
        switch (call.Function)
        {
            case "startsWith" when AreAll(call, CelTypeKind.String):
                return new StringTestNode(StringTest.StartsWith, arguments[0], arguments[1], offset);
            case "endsWith" when AreAll(call, CelTypeKind.String):
                return new StringTestNode(StringTest.EndsWith, arguments[0], arguments[1], offset);
            case "contains" when AreAll(call, CelTypeKind.String):
                return new StringTestNode(StringTest.Contains, arguments[0], arguments[1], offset);
            case "size" when call.Overloads.Count > 0 && arguments.Length == 1:
                return new SizeNode(arguments[0], offset);
            case "or" or "orValue" when call.Overloads.Count > 0 && arguments.Length == 2:
                return new OptionalOrNode(arguments[0], arguments[1], call.Function == "orValue", offset);
            case "matches" when call.Overloads.Count > 0 && arguments.Length == 2 && arguments[1] is ConstantNode { Value.Kind: CelKind.String } literal:
                return CreateMatch(arguments[0], literal, offset);
            default:
                return call.Overloads.Count == 0
                    ? new FailureNode($"no such overload: unbound function {call.Function}()", offset)
                    : CallNode.Create(call.Function, call.Overloads, arguments, offset);
        }
    }

    private Node CreateMatch(Node text, ConstantNode literal, int offset)
    {
        if (Pattern.TryCreate(literal.Value.Text, limits.MaxPatternLength, out var pattern, out var message))
        {
            return new MatchNode(pattern, text, offset);
        }

        fail(message, literal.Offset);
        return new FailureNode(message, literal.Offset);
    }

    private static bool AreAll(CallSyntax call, CelTypeKind kind) =>
        (call.Target is null || call.Target.Type.TypeKind == kind) && call.Arguments.All(argument => argument.Type.TypeKind == kind);

    /// <summary>What has no variables is calculated here and now, unless it fails: then the error belongs to the evaluation.</summary>
    private Node Fold(Node node, params Node[] parts)
    {
        if (!folds || node is ConstantNode or FailureNode || !Array.TrueForAll(parts, part => part is ConstantNode))
        {
            return node;
        }

        var frame = Frame.Rent(NoVariables.Instance, 0, Math.Max(_foldingBudget, 0));
        var value = node.Evaluate(frame);
        _foldingBudget = frame.Budget;
        var isConstant = !frame.Failed && frame.Budget >= 0;
        frame.Return();
        return isConstant ? new ConstantNode(value, node.Offset) : node;
    }
}
