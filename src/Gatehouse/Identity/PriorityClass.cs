namespace Gatehouse.Identity;

/// <summary>Whose turn it is when exchanges wait, from first to last.</summary>
internal enum PriorityClass
{
    /// <summary>A person waits for the answer.</summary>
    Interactive,

    Default,

    /// <summary>Can wait.</summary>
    Batch,
}
