namespace Gatehouse.Limits.Accounts;

/// <summary>What an exchange asks of an account, and what it got.</summary>
internal struct LimitClaim(LimitAccount account, long amount)
{
    public LimitAccount Account { get; set; } = account;

    /// <summary>In the unit of the account.</summary>
    public long Amount { get; } = amount;

    /// <summary>What there must be at least: a stream can be ended when there is no more. Never more than <see cref="Amount"/>.</summary>
    public long Least { get; init; } = amount;

    /// <summary>
    /// What there must be at least where nobody else holds anything of it: how much it will be is not known yet, and it must not be refused
    /// for that. Never more than <see cref="Least"/>.
    /// </summary>
    public long LeastAlone { get; init; } = amount;

    /// <summary>Of a second attempt beside another: one of the two is given back when it is known which is used.</summary>
    public bool IsOfHedge { get; init; }

    /// <summary>What is set aside.</summary>
    public long Held { get; set; }

    /// <summary>When. Never before the period that it is charged to.</summary>
    public LimitMoment At { get; set; }

    /// <summary>Which period of its account it is charged to, whatever the clock was set to since.</summary>
    public long Period { get; set; }
}

/// <summary>Whether there is room for a claim.</summary>
internal enum LimitRoom
{
    Free,

    /// <summary>There would be, but for what is set aside for others that are on their way.</summary>
    Held,

    Full,
}
