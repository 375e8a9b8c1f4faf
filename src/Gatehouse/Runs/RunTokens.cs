namespace Gatehouse.Runs;

/// <summary>Tokens of an exchange, the same way in memory and in the ledger.</summary>
internal static class RunTokens
{
    private const int BytesPerToken = 4;

    /// <summary>All that were spent, and those of the request. Output that was not reported is estimated by the text that was delivered.</summary>
    public static (long Spent, long Request) Of(long? input, long? cacheRead, long? cacheWrite, long? output, long textBytes)
    {
        var request = (input ?? 0) + (cacheRead ?? 0) + (cacheWrite ?? 0);
        return (request + (output ?? ((textBytes + BytesPerToken - 1) / BytesPerToken)), request);
    }
}
