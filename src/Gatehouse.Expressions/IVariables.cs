namespace Gatehouse.Expressions;

/// <summary>
/// The values of a schema's variables for one evaluation. Asked lazily, for what an expression touches, and once for every time it does.
/// A value that is absent is <see cref="CelValue.Null"/>. It must not throw; what it throws passes through the evaluation.
/// </summary>
public interface IVariables
{
    CelValue Read(int slot);
}
