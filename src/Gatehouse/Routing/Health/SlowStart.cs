namespace Gatehouse.Routing.Health;

/// <summary>How much of its traffic a target gets while it is new to it again.</summary>
internal static class SlowStart
{
    /// <summary>Where it begins. Above zero, or nothing would ever find out that the target is back.</summary>
    public const double First = 0.1;

    /// <param name="isClosed">Whether the circuit breaker is.</param>
    /// <param name="sinceRecovery">Null when it never opened.</param>
    /// <param name="duration">Of the way from <see cref="First"/> to 1; zero for none.</param>
    public static double Readiness(bool isClosed, TimeSpan? sinceRecovery, TimeSpan duration)
    {
        if (duration <= TimeSpan.Zero || (isClosed && sinceRecovery is null))
        {
            return 1;
        }

        return isClosed ? Math.Min(1, First + ((1 - First) * (sinceRecovery!.Value / duration))) : First;
    }
}
