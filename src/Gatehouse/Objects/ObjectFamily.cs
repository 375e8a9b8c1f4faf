namespace Gatehouse.Objects;

/// <summary>What a key needs to make an object of a family.</summary>
internal enum CreationScope
{
    /// <summary>The whole provider: the object can name any model, or costs money on its own.</summary>
    WholeProvider,

    /// <summary>Some model of the provider: what is posted calls none.</summary>
    AnyModel,
}

/// <summary>One family of paths at an OpenAI-format provider: a collection, its objects, and what stands below them.</summary>
/// <param name="Path">Of the collection, below <c>/v1</c>. <c>POST</c> there makes an object, <c>GET</c> lists them.</param>
/// <param name="Creation">What making one needs.</param>
/// <param name="TakesUploads">Bodies need not be JSON.</param>
internal sealed record ObjectFamily(string Path, CreationScope Creation = CreationScope.WholeProvider, bool TakesUploads = false)
{
    /// <summary>openai-openapi 2.3.0. Whatever is not here is relayed as a path that the gateway does not know.</summary>
    private static readonly ObjectFamily[] All =
    [
        new("/files", CreationScope.AnyModel, TakesUploads: true),
        new("/uploads", CreationScope.AnyModel, TakesUploads: true),
        new("/batches"),
        new("/vector_stores"),
        new("/containers", TakesUploads: true),
        new("/conversations"),
        new("/fine_tuning/jobs"),
        new("/videos", TakesUploads: true),
        new("/evals"),
        // Made by calls of a model, which are authorized as such.
        new("/responses", CreationScope.AnyModel),
    ];

    /// <summary>Segments behind <c>/responses</c> that are calls, not ids.</summary>
    private static readonly string[] Calls = ["input_tokens", "compact"];

    private readonly string[] _segments = Path.Split('/', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>
    /// Finds what a path is about. It goes to the provider as it was sent, so it is read here in every way in which a server might read it:
    /// escapes decoded, empty segments left out, in any case of the letters.
    /// </summary>
    /// <param name="pathAndQuery">Below <c>/v1</c>, as sent.</param>
    /// <returns>Null when no family has it.</returns>
    public static ObjectPath? Find(string pathAndQuery)
    {
        var query = pathAndQuery.IndexOf('?', StringComparison.Ordinal);
        var segments = Uri.UnescapeDataString(query < 0 ? pathAndQuery : pathAndQuery[..query]).Split('/', StringSplitOptions.RemoveEmptyEntries);
        foreach (var family in All)
        {
            var length = family._segments.Length;
            if (segments.Length < length || !segments.AsSpan(0, length).SequenceEqual(family._segments, StringComparer.OrdinalIgnoreCase))
            {
                continue;
            }

            return segments.Length == length ? new ObjectPath(family, Id: null, IsWhole: false)
                : Calls.Contains(segments[length], StringComparer.OrdinalIgnoreCase) ? null
                : new ObjectPath(family, segments[length], IsWhole: segments.Length == length + 1);
        }

        return null;
    }
}

/// <param name="Family">Whose path it is.</param>
/// <param name="Id">Of the object; null for the collection.</param>
/// <param name="IsWhole">The object itself, not something below it.</param>
internal sealed record ObjectPath(ObjectFamily Family, string? Id, bool IsWhole);
