using Gatehouse.Expressions.Syntax;

namespace Gatehouse.Expressions.Compilation;

/// <summary>
/// The macros that go through a list or the keys of a map. Each step pays for its operations beforehand, so that nested comprehensions
/// cannot take more than the budget.
/// </summary>
internal sealed class ComprehensionNode(ComprehensionSyntax syntax, Node range, Node? filter, Node body, long stepCost)
    : Node(syntax.Offset)
{
    private readonly ComprehensionKind _kind = syntax.Kind;
    private readonly int _first = syntax.FirstLocal;
    private readonly int _second = syntax.Second is null ? -1 : syntax.SecondLocal;

    public override CelValue Evaluate(Frame frame)
    {
        var values = range.Evaluate(frame);
        if (frame.Failed)
        {
            return default;
        }

        var state = new State(_kind);
        if (values.Kind == CelKind.List)
        {
            GoThrough(frame, values.List, ref state);
        }
        else if (values.Kind == CelKind.Map)
        {
            GoThrough(frame, values.Map, ref state);
        }
        else
        {
            return Fail(frame, $"no such overload: a comprehension over {TypeNames.Of(values)}, which is neither list nor map");
        }

        return frame.Failed ? default : state.Result(frame);
    }

    private void GoThrough(Frame frame, CelList list, ref State state)
    {
        for (var i = 0; i < list.Count && !state.IsDecided; i++)
        {
            var (first, second) = _second < 0 ? (list[i], default) : (CelValue.From((long)i), list[i]);
            if (!Step(frame, first, second, ref state))
            {
                return;
            }
        }
    }

    private void GoThrough(Frame frame, CelMap map, ref State state)
    {
        foreach (var key in map.Keys)
        {
            var value = CelValue.Null;
            if (_second >= 0 && !map.TryGetValue(key, out value))
            {
                Fail(frame, Messages.NoKey(key));
                return;
            }

            if (!Step(frame, key, value, ref state) || state.IsDecided)
            {
                return;
            }
        }
    }

    /// <summary>One step; false ends the whole.</summary>
    private bool Step(Frame frame, in CelValue first, in CelValue second, ref State state)
    {
        if (!frame.Spend(stepCost))
        {
            frame.Locate(Offset);
            return false;
        }

        frame.Local(_first) = first;
        if (_second >= 0)
        {
            frame.Local(_second) = second;
        }

        if (filter is not null && (!filter.EvaluateBool(frame) || frame.Failed))
        {
            return !frame.Failed;
        }

        switch (_kind)
        {
            case ComprehensionKind.All or ComprehensionKind.Exists:
                Test(frame, ref state);
                return true;
            case ComprehensionKind.ExistsOne or ComprehensionKind.Filter:
                if (body.EvaluateBool(frame) && !frame.Failed)
                {
                    state.Add(first);
                }

                return !frame.Failed;
            case ComprehensionKind.List:
                state.Add(body.Evaluate(frame));
                return !frame.Failed;
            default:
                return AddEntry(frame, first, ref state);
        }
    }

    /// <summary>all and exists are chains of &amp;&amp; and ||: an error counts only if no other step decides.</summary>
    private void Test(Frame frame, ref State state)
    {
        var value = body.EvaluateBool(frame);
        if (frame.Failed)
        {
            state.KeepError(frame);
        }
        else if (value == (_kind == ComprehensionKind.Exists))
        {
            state.IsDecided = true;
        }
    }

    private bool AddEntry(Frame frame, in CelValue key, ref State state)
    {
        var value = body.Evaluate(frame);
        if (frame.Failed)
        {
            return false;
        }

        if (_kind == ComprehensionKind.Map)
        {
            state.Map!.Set(key, value);
            return true;
        }

        if (value.Kind != CelKind.Map)
        {
            Fail(frame, $"no such overload: transformMapEntry makes maps, not {TypeNames.Of(value)}");
            return false;
        }

        foreach (var made in value.Map.Keys)
        {
            if (value.Map.TryGetValue(made, out var item) && !(frame.Spend(1) && MapNode.TryAdd(frame, state.Map!, made, item)))
            {
                frame.Locate(Offset);
                return false;
            }
        }

        return true;
    }

    private struct State(ComprehensionKind kind)
    {
        private readonly List<CelValue>? _items = kind is ComprehensionKind.List or ComprehensionKind.Filter ? [] : null;
        private long _count;
        private string? _error;
        private int _errorOffset;

        public readonly ValueMap? Map { get; } = kind is ComprehensionKind.Map or ComprehensionKind.MapEntry ? new(0) : null;

        /// <summary>Whether all is false or exists is true already.</summary>
        public bool IsDecided { get; set; }

        public void Add(in CelValue value)
        {
            _count++;
            _items?.Add(value);
        }

        public void KeepError(Frame frame)
        {
            if (_error is null)
            {
                (_error, _errorOffset) = (frame.Error, frame.ErrorOffset);
            }

            frame.Absorb();
        }

        public readonly CelValue Result(Frame frame) => kind switch
        {
            ComprehensionKind.All or ComprehensionKind.Exists when _error is not null && !IsDecided => frame.Fail(_error, _errorOffset),
            ComprehensionKind.All => CelValue.From(!IsDecided),
            ComprehensionKind.Exists => CelValue.From(IsDecided),
            ComprehensionKind.ExistsOne => CelValue.From(_count == 1),
            ComprehensionKind.List or ComprehensionKind.Filter => CelValue.From(CelList.Over([.. _items!])),
            _ => CelValue.From(Map!),
        };
    }
}

/// <summary><c>cel.bind</c>. An initializer that fails is an error only where its value is used.</summary>
internal sealed class BindNode(int local, Node initializer, Node body, int offset) : Node(offset)
{
    public override CelValue Evaluate(Frame frame)
    {
        var value = initializer.Evaluate(frame);
        if (frame.Failed)
        {
            value = CelValue.FromFailure(frame.Error!, frame.ErrorOffset);
            frame.Absorb();
        }

        frame.Local(local) = value;
        return body.Evaluate(frame);
    }
}

/// <summary><c>optMap</c> and <c>optFlatMap</c></summary>
internal sealed class OptionalMapNode(int local, Node target, Node body, bool isFlat, int offset) : Node(offset)
{
    public override CelValue Evaluate(Frame frame)
    {
        var value = target.Evaluate(frame);
        if (frame.Failed)
        {
            return default;
        }

        if (value.Kind != CelKind.Optional)
        {
            return Fail(frame, Messages.NoOverload(isFlat ? "optFlatMap" : "optMap", value));
        }

        if (!value.Optional.HasValue)
        {
            return value;
        }

        frame.Local(local) = value.Optional.Value;
        var mapped = body.Evaluate(frame);
        if (frame.Failed || !isFlat)
        {
            return CelValue.FromOptional(OptionalValue.Of(mapped));
        }

        return mapped.Kind == CelKind.Optional ? mapped : Fail(frame, Messages.NoOverload("optFlatMap", mapped));
    }
}
