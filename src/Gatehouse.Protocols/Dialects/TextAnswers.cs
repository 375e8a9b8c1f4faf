using Gatehouse.Protocols.Chat;

namespace Gatehouse.Protocols.Dialects;

/// <summary>For dialects that give one answer, in text, to what stands in the request.</summary>
internal static class TextAnswers
{
    /// <exception cref="UnsupportedException">The request wants something else.</exception>
    public static void Check(ChatRequest request)
    {
        if (request.Candidates > 1)
        {
            throw new UnsupportedException("n");
        }

        if (request.PreviousResponseId is not null)
        {
            throw new UnsupportedException("previous_response_id");
        }

        foreach (var modality in request.Modalities ?? [])
        {
            if (modality != "text")
            {
                throw new UnsupportedException($"modalities ({modality})");
            }
        }
    }
}
