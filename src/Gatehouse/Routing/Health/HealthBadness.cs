namespace Gatehouse.Routing.Health;

/// <summary>How little is to be expected of a target, from good to bad.</summary>
internal enum HealthGrade
{
    /// <summary>Nothing speaks against it.</summary>
    Fit,

    /// <summary>Its circuit breaker is not closed: it failed too often, but a request may well get through.</summary>
    Failing,

    /// <summary>Its provider has said that it will refuse.</summary>
    OutOfQuota,

    /// <summary>Unreachable, or it does not know the account or the model.</summary>
    Ejected,
}

/// <summary>Orders targets that are all refused: the least is the one to try.</summary>
/// <param name="Grade">Counts first.</param>
/// <param name="Wait">How much longer it is refused; counts next.</param>
/// <param name="ErrorRate">0 to 1; counts last.</param>
internal readonly record struct HealthBadness(HealthGrade Grade, TimeSpan Wait, double ErrorRate) : IComparable<HealthBadness>
{
    public int CompareTo(HealthBadness other) => (Grade, Wait, ErrorRate).CompareTo((other.Grade, other.Wait, other.ErrorRate));

    public static bool operator <(HealthBadness left, HealthBadness right) => left.CompareTo(right) < 0;

    public static bool operator >(HealthBadness left, HealthBadness right) => left.CompareTo(right) > 0;

    public static bool operator <=(HealthBadness left, HealthBadness right) => left.CompareTo(right) <= 0;

    public static bool operator >=(HealthBadness left, HealthBadness right) => left.CompareTo(right) >= 0;
}
