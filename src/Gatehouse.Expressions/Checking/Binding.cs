namespace Gatehouse.Expressions.Checking;

/// <summary>What a name stands for.</summary>
internal abstract record Binding;

/// <summary>A variable of the schema.</summary>
internal sealed record SlotBinding(int Slot) : Binding;

/// <summary>A variable of a comprehension or of <c>cel.bind</c>, by its place in the frame.</summary>
internal sealed record LocalBinding(int Index) : Binding;

/// <summary>A type as a value.</summary>
internal sealed record TypeBinding(string Name) : Binding;

/// <summary>Nothing; only where checking is off, and then an error at evaluation.</summary>
internal sealed record UnknownBinding(string Name) : Binding;
