namespace Gatehouse.Limits.State;

/// <summary>What the journal knows of an account. Only the ledger's thread uses it.</summary>
internal sealed class KeptAccount(LimitRule rule)
{
    /// <summary>Of the account when <see cref="Part"/> was found by it.</summary>
    public LimitRule Rule { get; } = rule;

    /// <summary>Number of its row; good as long as <see cref="Epoch"/> is that of the journal.</summary>
    public long Row { get; set; }

    public int Epoch { get; set; } = -1;

    /// <summary>The part of time that was charged last, with what the group that is being written has used of it.</summary>
    public UsedPart? Part { get; set; }

    public bool IsListed { get; set; }
}
