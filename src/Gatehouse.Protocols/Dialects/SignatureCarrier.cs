using Gatehouse.Protocols.Chat;

namespace Gatehouse.Protocols.Dialects;

/// <summary>
/// Gemini signs texts and tool calls, for which the blocks of Anthropic and Bedrock have no place. Such a signature goes to the caller in a
/// block of redacted thoughts of its own, right before the block that it belongs to, or right behind it where it became known too late;
/// callers send such blocks back untouched.
/// </summary>
internal static class SignatureCarrier
{
    /// <summary>The signature that goes into a block of its own; null when the part needs none.</summary>
    public static Signature? Of(Part part) => part switch
    {
        ToolCallPart call => call.Signature,
        TextPart text => text.Signature,
        _ => null,
    };

    public static ReasoningPart Block(Signature signature) => new() { IsRedacted = true, Signature = signature };

    /// <summary>Puts signatures that came in blocks of their own back to the parts that they belong to.</summary>
    public static List<Part> Unpack(List<Part> parts)
    {
        if (!parts.Exists(IsCarrier))
        {
            return parts;
        }

        var unpacked = new List<Part>(parts.Count);
        Signature? pending = null;
        foreach (var part in parts)
        {
            if (IsCarrier(part))
            {
                GiveToLast(unpacked, pending);
                pending = ((ReasoningPart)part).Signature;
            }
            else if (pending is not null && Signed(part, pending) is { } signed)
            {
                unpacked.Add(signed);
                pending = null;
            }
            else
            {
                unpacked.Add(part);
            }
        }

        GiveToLast(unpacked, pending);
        return unpacked;
    }

    private static bool IsCarrier(Part part) => part is ReasoningPart { IsRedacted: true, Signature.Maker: Dialect.Gemini };

    /// <summary>It follows its part; a signature without any part is a thought that cannot be read.</summary>
    private static void GiveToLast(List<Part> parts, Signature? signature)
    {
        if (signature is null)
        {
            return;
        }

        if (parts.Count > 0 && Signed(parts[^1], signature) is { } signed)
        {
            parts[^1] = signed;
        }
        else
        {
            parts.Add(Block(signature));
        }
    }

    private static Part? Signed(Part part, Signature signature) => part switch
    {
        ToolCallPart { Signature: null } call => call with { Signature = signature },
        TextPart { Signature: null } text => text with { Signature = signature },
        _ => null,
    };
}
