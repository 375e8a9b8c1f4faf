namespace Gatehouse.Alerts.Channels;

internal enum SendOutcome
{
    Delivered,

    /// <summary>To send the same again would not help.</summary>
    Refused,

    /// <summary>Another attempt may succeed.</summary>
    Failed,
}

/// <param name="Error">What went wrong, without secrets; also with what was delivered in part.</param>
/// <param name="RetryAfter">How long the receiver wants to be left alone.</param>
internal sealed record SendResult(SendOutcome Outcome, string? Error = null, TimeSpan? RetryAfter = null)
{
    public static readonly SendResult Delivered = new(SendOutcome.Delivered);
}

/// <summary>A way to tell somebody of an alert.</summary>
internal interface IAlertChannel
{
    /// <summary>How long one attempt may take.</summary>
    TimeSpan AttemptLimit => TimeSpan.FromSeconds(20);

    /// <summary>One attempt. Failures of the other side are results; it ends when it is cancelled.</summary>
    /// <param name="id">The same at each attempt for one notice and sink.</param>
    Task<SendResult> SendAsync(string id, AlertNotice notice, CancellationToken cancellationToken);
}
