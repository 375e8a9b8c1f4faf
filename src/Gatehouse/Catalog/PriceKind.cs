namespace Gatehouse.Catalog;

/// <summary>What a price is for.</summary>
internal enum PriceKind
{
    // USD per million tokens
    Input,
    Output,
    CacheRead,
    CacheWrite,
    CacheWriteOneHour,
    Reasoning,
    AudioInput,
    AudioCacheRead,
    AudioOutput,
    ImageInput,
    ImageOutput,

    // USD each: counted by the gateway
    WebSearch,
    Request,

    // USD each: not counted yet, for information
    InputImage,
    Image,
    InputSecond,
    Second,
    InputCharacter,
    Character,
    Page,
}

/// <summary>For what an exchange was sent: providers charge less or more for patience.</summary>
internal enum ServiceTier
{
    Standard,
    Batch,
    Flex,
    Priority,
}

internal static class PriceKinds
{
    private static readonly string[] Names =
    [
        "input", "output", "cache_read", "cache_write", "cache_write_1h", "reasoning", "audio_input", "audio_cache_read", "audio_output",
        "image_input", "image_output", "web_search", "request", "input_image", "image", "input_second", "second", "input_character",
        "character", "page",
    ];

    /// <summary>Kinds up to here take part in the cost of an exchange.</summary>
    public const PriceKind LastMetered = PriceKind.Request;

    public static string Name(this PriceKind kind) => Names[(int)kind];

    public static PriceKind? Parse(string name) => Array.IndexOf(Names, name) is >= 0 and var i ? (PriceKind)i : null;

    public static bool IsPerToken(this PriceKind kind) => kind <= PriceKind.ImageOutput;
}
