namespace Gatehouse.Limits.Accounts;

/// <summary>One exchange that waits until money that is held for others comes back. Its place in the line is guarded by the account's gate.</summary>
internal sealed class LimitWaiter
{
    private TaskCompletionSource? _turn;
    private bool _stands;

    /// <summary>
    /// The account in whose line it was put when it asked last, also when its turn has come since; null where it was not put into any. Only for
    /// the one who asks.
    /// </summary>
    public PeriodAccount? Line { get; private set; }

    /// <summary>Ends when it is its turn to ask again.</summary>
    public Task Turn => _turn!.Task;

    /// <summary>It is about to ask.</summary>
    public void Ask() => Line = null;

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

        (Line, _stands) = (account, true);
        // Who is told runs on another thread than the one that gave the money back.
        _turn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    /// <summary>Takes it out of the line of an account.</summary>
    /// <returns>False when it stood there no more: its turn has come.</returns>
    public bool Leave(PeriodAccount account)
    {
        if (!_stands)
        {
            return false;
        }

        _stands = false;
        return account.Waiters.Remove(this);
    }

    public void Call() => _ = _turn!.TrySetResult();
}
