namespace Gatehouse.Admin.Contract;

internal static class AdminJson
{
    /// <summary>Requests of clients are shown to the admin API, and may be nested 512 levels deep.</summary>
    public const int MaxDepth = 520;
}
