using Gatehouse.Protocols.Chat;

namespace Gatehouse.Protocols.Dialects.OpenAiResponses;

/// <summary>
/// Carries the signatures that other providers put on tool calls and texts, for which this dialect has no field: in the
/// <c>encrypted_content</c> of a reasoning item of its own, beside the item that was signed. The first letter of the value tells on which
/// side that is; no base64 text begins with it.
/// </summary>
internal static class ResponsesSignatures
{
    private const char OfNext = '>';
    private const char OfPrevious = '<';

    /// <summary>The reasoning item that stands before what is signed.</summary>
    public static ReasoningPart Before(Signature signature) => Carrier(OfNext, signature);

    /// <summary>The reasoning item that stands behind what is signed: when the signature comes late in a stream.</summary>
    public static ReasoningPart After(Signature signature) => Carrier(OfPrevious, signature);

    /// <summary>Gives the signatures back to the parts that they belong to.</summary>
    public static void Attach(List<Part> parts)
    {
        HashSet<Part>? isAttached = null;
        for (var i = parts.Count - 1; i >= 0; i--)
        {
            if (parts[i] is not ReasoningPart { Text: "", Signature: { Value: [OfNext or OfPrevious, ..] value } carried })
            {
                continue;
            }

            var signed = value[0] == OfNext ? i + 1 : i - 1;
            if (signed >= 0 && signed < parts.Count && Sign(parts[signed], carried with { Value = value[1..] }) is { } part)
            {
                parts[signed] = part;
                _ = (isAttached ??= new HashSet<Part>(ReferenceEqualityComparer.Instance)).Add(parts[i]);
            }
        }

        if (isAttached is not null)
        {
            _ = parts.RemoveAll(isAttached.Contains);
        }
    }

    private static ReasoningPart Carrier(char side, Signature signature) =>
        new() { Signature = signature with { Value = side + signature.Value }, IsRedacted = true };

    private static Part? Sign(Part part, Signature signature) => part switch
    {
        ToolCallPart call => call with { Signature = signature },
        TextPart text => text with { Signature = signature },
        _ => null,
    };
}
