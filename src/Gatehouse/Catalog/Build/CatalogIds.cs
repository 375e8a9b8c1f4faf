namespace Gatehouse.Catalog.Build;

/// <summary>The provider's own name of a model, out of the names that sources give it.</summary>
internal static class CatalogIds
{
    private const int MaxLength = 160;

    /// <returns>Null for what is no model's name: placeholders, and prices of picture sizes that are written as names.</returns>
    public static string? Clean(string provider, string id)
    {
        if (provider == "vertex" && id.EndsWith("@default", StringComparison.Ordinal))
        {
            id = id[..^"@default".Length];
        }

        var isName = id.Length is > 0 and <= MaxLength && !id.EndsWith('/') && id is not ("default" or "name" or "description")
            && id.All(c => c is > ' ' and < '\x7f' and not ('"' or '\\')) && !id.Contains("-x-", StringComparison.Ordinal) && !id.Contains('*', StringComparison.Ordinal);
        return isName ? id : null;
    }
}
