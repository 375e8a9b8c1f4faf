using Gatehouse.Expressions.Checking;

namespace Gatehouse.Expressions.Syntax;

/// <summary>A node of the parsed expression; the checker notes types and bindings on it.</summary>
internal abstract class SyntaxNode(int offset, int depth)
{
    /// <summary>Where the node is reported: its operator, its dot, or its first character.</summary>
    public virtual int Offset { get; } = offset;

    /// <summary>The first character of a name or of a chain of selections.</summary>
    public virtual int Start => Offset;

    /// <summary>1 for a leaf, else one more than its deepest child.</summary>
    public int Depth { get; } = depth;

    public CelType Type { get; set; } = CelType.Dyn;

    protected static int Over(IEnumerable<SyntaxNode?> children)
    {
        var depth = 0;
        foreach (var child in children)
        {
            depth = Math.Max(depth, child?.Depth ?? 0);
        }

        return depth + 1;
    }
}

internal sealed class LiteralSyntax(CelValue value, int offset) : SyntaxNode(offset, 1)
{
    public CelValue Value { get; } = value;
}

internal sealed class NameSyntax(string name, bool isAbsolute, int offset) : SyntaxNode(offset, 1)
{
    public string Name { get; } = name;

    /// <summary>Written with a leading dot: resolved from the outermost scope.</summary>
    public bool IsAbsolute { get; } = isAbsolute;

    public Binding? Binding { get; set; }
}

internal sealed class SelectSyntax(SyntaxNode operand, string field, bool isTest, bool isOptional, int offset)
    : SyntaxNode(offset, operand.Depth + 1)
{
    public override int Start => Operand.Start;

    /// <summary>The dot; the whole name where it is that of a variable.</summary>
    public override int Offset => Binding is null ? base.Offset : Start;

    public SyntaxNode Operand { get; } = operand;

    public string Field { get; } = field;

    /// <summary><c>has(operand.field)</c></summary>
    public bool IsTest { get; } = isTest;

    /// <summary><c>operand.?field</c></summary>
    public bool IsOptional { get; } = isOptional;

    /// <summary>Set where the whole chain is the name of a variable.</summary>
    public Binding? Binding { get; set; }
}

/// <summary>A call of a function or operator. <c>&amp;&amp;</c> and <c>||</c> take any number of arguments.</summary>
internal sealed class CallSyntax(string function, SyntaxNode? target, IReadOnlyList<SyntaxNode> arguments, int offset)
    : SyntaxNode(offset, Over([target, .. arguments]))
{
    /// <summary>The name; the checker replaces that of a namespaced function by the full one.</summary>
    public string Function { get; set; } = function;

    /// <summary>What the function is a member of; null once the checker knows it for a namespace.</summary>
    public SyntaxNode? Target { get; set; } = target;

    public IReadOnlyList<SyntaxNode> Arguments { get; } = arguments;

    /// <summary>Which overloads the types leave; empty where there is no such function.</summary>
    public IReadOnlyList<Overload> Overloads { get; set; } = [];
}

internal readonly record struct ElementSyntax(SyntaxNode Value, bool IsOptional);

internal sealed class ListSyntax(IReadOnlyList<ElementSyntax> elements, int offset)
    : SyntaxNode(offset, Over(elements.Select(e => e.Value)))
{
    public IReadOnlyList<ElementSyntax> Elements { get; } = elements;
}

internal readonly record struct EntrySyntax(SyntaxNode Key, SyntaxNode Value, bool IsOptional);

internal sealed class MapSyntax(IReadOnlyList<EntrySyntax> entries, int offset)
    : SyntaxNode(offset, Over(entries.SelectMany(e => new[] { e.Key, e.Value })))
{
    public IReadOnlyList<EntrySyntax> Entries { get; } = entries;
}

internal enum ComprehensionKind
{
    All,
    Exists,
    ExistsOne,

    /// <summary><c>map</c> and <c>transformList</c></summary>
    List,

    /// <summary><c>filter</c></summary>
    Filter,

    /// <summary><c>transformMap</c></summary>
    Map,

    /// <summary><c>transformMapEntry</c></summary>
    MapEntry,
}

internal sealed class ComprehensionSyntax(
    ComprehensionKind kind, SyntaxNode range, string first, string? second, SyntaxNode? filter, SyntaxNode body, int offset)
    : SyntaxNode(offset, Over([range, filter, body]))
{
    public ComprehensionKind Kind { get; } = kind;

    public SyntaxNode Range { get; } = range;

    /// <summary>The element of a list or the key of a map; with two variables the index or key.</summary>
    public string First { get; } = first;

    public string? Second { get; } = second;

    public SyntaxNode? Filter { get; } = filter;

    public SyntaxNode Body { get; } = body;

    public int FirstLocal { get; set; }

    public int SecondLocal { get; set; }
}

/// <summary><c>cel.bind(name, initializer, body)</c>; a block is a chain of them.</summary>
internal sealed class BindSyntax(string name, SyntaxNode initializer, SyntaxNode body, int offset)
    : SyntaxNode(offset, Over([initializer, body]))
{
    public string Name { get; } = name;

    public SyntaxNode Initializer { get; } = initializer;

    public SyntaxNode Body { get; } = body;

    public int Local { get; set; }
}

/// <summary><c>target.optMap(name, body)</c> and <c>optFlatMap</c></summary>
internal sealed class OptionalMapSyntax(SyntaxNode target, string name, SyntaxNode body, bool isFlat, int offset)
    : SyntaxNode(offset, Over([target, body]))
{
    public SyntaxNode Target { get; } = target;

    public string Name { get; } = name;

    public SyntaxNode Body { get; } = body;

    public bool IsFlat { get; } = isFlat;

    public int Local { get; set; }
}
