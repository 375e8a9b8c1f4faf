namespace Gatehouse.Expressions.Compilation;

/// <summary>
/// The state of one evaluation: variables, locals, what may still be spent, and the error in flight. A node that fails notes the error here
/// and returns any value; whoever called it looks at <see cref="Failed"/> before using the value.
/// </summary>
internal sealed class Frame
{
    public const string TooExpensive = "the evaluation takes more work than is allowed";

    /// <summary>Texts up to this length cost no more than the operation on them.</summary>
    private const int ShortText = 64;

    [ThreadStatic]
    private static Frame? _pooled;

    private CelValue[] _locals = [];

    public IVariables Variables { get; private set; } = NoVariables.Instance;

    /// <summary>What may still be spent; below zero the evaluation is lost, whatever its operators make of the error.</summary>
    public long Budget { get; private set; }

    public string? Error { get; private set; }

    /// <summary>Where in the source the error arose.</summary>
    public int ErrorOffset { get; private set; }

    public bool Failed => Error is not null;

    /// <summary>A frame of this thread. An evaluation inside of another one's variables gets its own.</summary>
    public static Frame Rent(IVariables variables, int locals, long budget)
    {
        var frame = _pooled ?? new Frame();
        _pooled = null;
        frame.Variables = variables;
        frame.Budget = budget;
        frame.Error = null;
        if (frame._locals.Length < locals)
        {
            frame._locals = new CelValue[locals];
        }

        return frame;
    }

    public void Return()
    {
        // What an evaluation saw must not be kept alive, nor be seen by the next one.
        Variables = NoVariables.Instance;
        Array.Clear(_locals);
        _pooled = this;
    }

    public ref CelValue Local(int index) => ref _locals[index];

    /// <summary>Notes an error whose place the calling node adds with <see cref="Locate"/>.</summary>
    public CelValue Fail(string message) => Fail(message, -1);

    public CelValue Fail(string message, int offset)
    {
        Error = message;
        ErrorOffset = offset;
        return default;
    }

    public void Locate(int offset)
    {
        if (ErrorOffset < 0)
        {
            ErrorOffset = offset;
        }
    }

    /// <summary>Takes the error away, for operators that may do without the value.</summary>
    public void Absorb() => Error = null;

    /// <summary>Pays for work; false, with an error, when the budget is exhausted.</summary>
    public bool Spend(long units)
    {
        Budget -= units;
        if (Budget >= 0)
        {
            return true;
        }

        Fail(TooExpensive, Failed ? ErrorOffset : -1);
        return false;
    }

    /// <summary>Compares two values at the expense of the budget.</summary>
    public bool AreEqual(in CelValue left, in CelValue right, int offset)
    {
        var rest = Budget;
        var areEqual = Equality.AreEqual(left, right, ref rest);
        if (Spend(Budget - rest))
        {
            return areEqual;
        }

        Locate(offset);
        return false;
    }

    /// <summary>Pays for looking at the whole of a value, which matters for long texts alone.</summary>
    public bool SpendOn(in CelValue value) => value.Kind switch
    {
        CelKind.String => SpendOn(value.Text),
        CelKind.Bytes => value.ByteArray.Length <= ShortText || SpendText(value.ByteArray.Length),
        _ => true,
    };

    public bool SpendOn(string text) => text.Length <= ShortText || SpendText(text.Length);

    public bool SpendText(long characters) => Spend((characters / 16) + 1);
}

internal sealed class NoVariables : IVariables
{
    public static readonly NoVariables Instance = new();

    public CelValue Read(int slot) => default;
}
