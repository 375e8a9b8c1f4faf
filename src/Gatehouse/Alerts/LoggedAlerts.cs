namespace Gatehouse.Alerts;

/// <summary>Conditions in the log, and nowhere else.</summary>
internal sealed partial class LoggedAlerts(ILogger<LoggedAlerts> logger) : IAlerts
{
    public void Raise(Alert alert) => LogRaised(logger, alert.Kind, alert.Message);

    public void Resolve(string kind, string subject, string message) => LogResolved(logger, kind, message);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Alert {Kind}: {Text}")]
    private static partial void LogRaised(ILogger logger, string kind, string text);

    [LoggerMessage(Level = LogLevel.Information, Message = "Alert {Kind} is over: {Text}")]
    private static partial void LogResolved(ILogger logger, string kind, string text);
}
