namespace Gatehouse.Pipeline;

/// <summary>What the gateway's caches had to say of an exchange.</summary>
internal enum CacheStatus
{
    /// <summary>They were not asked.</summary>
    Bypass,

    Miss,

    /// <summary>The same request was answered before.</summary>
    Hit,

    /// <summary>A request that means the same was answered before.</summary>
    Semantic,
}

internal static class CacheStatusWords
{
    public static string Word(this CacheStatus status) => status switch
    {
        CacheStatus.Miss => "miss",
        CacheStatus.Hit => "hit",
        CacheStatus.Semantic => "semantic",
        _ => "bypass",
    };
}
