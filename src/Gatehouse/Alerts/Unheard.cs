namespace Gatehouse.Alerts;

internal sealed class Unheard : IAlerts
{
    public void Raise(Alert alert)
    {
    }

    public void Resolve(string kind, string subject, string message)
    {
    }
}
