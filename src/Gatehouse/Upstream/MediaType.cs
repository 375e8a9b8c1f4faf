namespace Gatehouse.Upstream;

/// <summary>
/// The media type of an answer, without its parameters. Read from the field as received: a field that HttpClient has parsed is written
/// anew when it is passed on, with white space of its own.
/// </summary>
internal static class MediaType
{
    /// <returns>Empty when the answer names none.</returns>
    public static ReadOnlySpan<char> Of(HttpContent content)
    {
        if (!content.Headers.NonValidated.TryGetValues("content-type", out var values))
        {
            return default;
        }

        var value = values.ToString().AsSpan();
        var end = value.IndexOf(';');
        return (end < 0 ? value : value[..end]).Trim();
    }
}
