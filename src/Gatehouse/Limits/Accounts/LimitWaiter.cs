namespace Gatehouse.Limits.Accounts;

/// <summary>One exchange that waits until money that is held for others comes back. Its place in the line is guarded by the account's gate.</summary>
internal sealed class LimitWaiter
{
    private TaskCompletionSource? _turn;

    /// <summary>The account in whose line it stands; null when it stands in none.</summary>
    public PeriodAccount? Account { get; private set; }

    /// <summary>Ends when it is its turn to ask again.</summary>
    public Task Turn => _turn!.Task;

    /// <summary>Puts it into a line: at the head when it has waited before.</summary>
    public void Join(PeriodAccount account)
    {
        if (_turn is null)
        {
            _ = account.Waiters.AddLast(this);
        }
        else
        {
            _ = account.Waiters.AddFirst(this);
        }

        Account = account;
        // Who is told runs on another thread than the one that gave the money back.
        _turn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    /// <summary>Takes it out of its line.</summary>
    /// <returns>False when it stood in none any more: its turn has come.</returns>
    public bool Leave()
    {
        if (Account is not { } account)
        {
            return false;
        }

        Account = null;
        return account.Waiters.Remove(this);
    }

    public void Call() => _ = _turn!.TrySetResult();
}
