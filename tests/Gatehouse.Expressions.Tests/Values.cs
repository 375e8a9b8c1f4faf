namespace Gatehouse.Expressions.Tests;

/// <summary>Variables by slot.</summary>
internal sealed class Values : IVariables
{
    private readonly Dictionary<int, CelValue> _values = [];

    public void Set(int slot, CelValue value) => _values[slot] = value;

    public CelValue Read(int slot) => _values.GetValueOrDefault(slot);
}
