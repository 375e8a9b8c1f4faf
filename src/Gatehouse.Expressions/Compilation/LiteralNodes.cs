namespace Gatehouse.Expressions.Compilation;

internal sealed class ListNode(Node[] elements, bool[] areOptional, int offset) : Node(offset)
{
    public override CelValue Evaluate(Frame frame)
    {
        var items = new CelValue[elements.Length];
        var count = 0;
        for (var i = 0; i < elements.Length; i++)
        {
            var value = elements[i].Evaluate(frame);
            if (frame.Failed || (areOptional[i] && !TryUnwrap(frame, ref value)))
            {
                if (frame.Failed)
                {
                    return default;
                }

                continue;
            }

            items[count++] = value;
        }

        return CelValue.From(CelList.Over(count == items.Length ? items : items[..count]));
    }

    private bool TryUnwrap(Frame frame, ref CelValue value)
    {
        if (value.Kind != CelKind.Optional)
        {
            Fail(frame, $"no such overload: an element after '?' is an optional, not {TypeNames.Of(value)}");
            return false;
        }

        var optional = value.Optional;
        value = optional.Value;
        return optional.HasValue;
    }
}

internal sealed class MapNode((Node Key, Node Value, bool IsOptional)[] entries, int offset) : Node(offset)
{
    public override CelValue Evaluate(Frame frame)
    {
        var map = new ValueMap(entries.Length);
        foreach (var (keyNode, valueNode, isOptional) in entries)
        {
            var key = keyNode.Evaluate(frame);
            if (frame.Failed)
            {
                return default;
            }

            var value = valueNode.Evaluate(frame);
            if (frame.Failed || !TryAdd(frame, map, key, value, isOptional))
            {
                frame.Locate(Offset);
                return default;
            }
        }

        return CelValue.From(map);
    }

    private static bool TryAdd(Frame frame, ValueMap map, in CelValue key, in CelValue value, bool isOptional)
    {
        if (!isOptional)
        {
            return TryAdd(frame, map, key, value);
        }

        if (value.Kind != CelKind.Optional)
        {
            frame.Fail($"no such overload: an entry after '?' is an optional, not {TypeNames.Of(value)}");
            return false;
        }

        return !value.Optional.HasValue || TryAdd(frame, map, key, value.Optional.Value);
    }

    public static bool TryAdd(Frame frame, ValueMap map, in CelValue key, in CelValue value)
    {
        if (key.Kind is not (CelKind.Bool or CelKind.Int or CelKind.UInt or CelKind.String))
        {
            frame.Fail($"unsupported key type: a key is a string, int, uint or bool, not {TypeNames.Of(key)}");
            return false;
        }

        if (!map.TryAdd(key, value))
        {
            frame.Fail($"failed with repeated key: {key}");
            return false;
        }

        return true;
    }
}
