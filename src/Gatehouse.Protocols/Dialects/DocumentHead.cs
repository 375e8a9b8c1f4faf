using Gatehouse.Protocols.Chat;

namespace Gatehouse.Protocols.Dialects;

/// <summary>
/// What Anthropic's and Bedrock's callers tell the model of a document, for targets that have no field for it: a text before the document.
/// </summary>
internal static class DocumentHead
{
    /// <param name="file">The document.</param>
    /// <param name="isTitleTold">The target gets the title as the file's name.</param>
    /// <returns>Null when there is nothing to tell.</returns>
    public static string? Of(FilePart file, bool isTitleTold)
    {
        var title = isTitleTold || file.Title is null ? null : file.FileName is null ? $"Title of the document: {file.Title}" : $"Title of {file.FileName}: {file.Title}";
        var context = file.Context is null ? null : $"Context of {file.FileName ?? file.Title ?? "the document"}: {file.Context}";
        return title is null ? context : context is null ? title : $"{title}\n{context}";
    }
}
