using Gatehouse.Catalog;

namespace Gatehouse.Routing.Capabilities;

/// <summary>
/// What a model is known to lack. The catalogue is asked only where it is sure: what it does not say, the model may well have, and a request that
/// is sent in vain costs less than a target that is never used.
/// </summary>
/// <param name="Lacks">For certain.</param>
/// <param name="Context">Tokens; null when it is not known.</param>
internal sealed record TargetCapabilities(CapabilitySet Lacks, long? Context)
{
    /// <summary>Entries that name fewer capabilities come from sources that name some only (see <see cref="ModelFacts"/>).</summary>
    private const int Described = 6;

    /// <summary>
    /// A request counts as too long only at this many times the context: four bytes a token is what English has, while prose in
    /// Devanagari or Cyrillic has seven or eight.
    /// </summary>
    private const int ContextMargin = 2;

    private const int BytesPerToken = 4;

    public static readonly TargetCapabilities Unknown = new(default, Context: null);

    /// <param name="facts">Of the catalogue; null where it does not have the model.</param>
    /// <param name="can">What the configuration says that it can.</param>
    /// <param name="cannot">And that it cannot.</param>
    public static TargetCapabilities Of(CatalogEntry? facts, CapabilitySet can, CapabilitySet cannot)
    {
        var lacks = (facts is null ? default : LackedBy(facts)).Without(can) | cannot;
        // An embedding model's context is that of one text, of which a request has many.
        var context = facts?.Mode is "chat" or "responses" ? facts.Context : null;
        return lacks.IsEmpty && context is null ? Unknown : new TargetCapabilities(lacks, context);
    }

    /// <summary>What the request needs and the model does not have. It is looked at only where there is something that it may need in vain.</summary>
    public MissingCapabilities MissingFor(RouteContext context)
    {
        var missing = Lacks.IsEmpty ? default : Lacks & CapabilitySet.NeededBy(context.Traits);
        // The length of the body bounds the estimate, but for media, of which nobody sends thousands.
        return Context is { } most && context.BodyBytes / BytesPerToken > most * ContextMargin && context.InputTokens > most * ContextMargin
            ? new MissingCapabilities(missing, most, context.InputTokens)
            : new MissingCapabilities(missing, Context: null, Tokens: 0);
    }

    private static CapabilitySet LackedBy(CatalogEntry facts)
    {
        var lacks = new List<Capability>();
        if (facts.Input.Count > 0)
        {
            Add(Capability.Vision, "image", "vision");
            Add(Capability.Audio, "audio", "audio_input");
            Add(Capability.Video, "video", "video_input");
            if (!Has("image", "vision"))
            {
                // Many models that see are listed without PDF although they read it, which is much the same.
                Add(Capability.Documents, "pdf", "pdf");
            }
        }

        if (facts.Capabilities.Count >= Described)
        {
            Add(Capability.Tools, "", "tools");
        }

        return CapabilitySet.Of(lacks);

        bool Has(string input, string capability) => facts.Input.Contains(input, StringComparer.Ordinal) || facts.Capabilities.Contains(capability, StringComparer.Ordinal);

        void Add(Capability which, string input, string capability)
        {
            if (!Has(input, capability))
            {
                lacks.Add(which);
            }
        }
    }
}

/// <summary>What a request needs that a model does not have. The default value is nothing.</summary>
/// <param name="Set">Of its capabilities.</param>
/// <param name="Context">The model's, where the request is longer; else null.</param>
/// <param name="Tokens">Of the request, by estimate.</param>
internal readonly record struct MissingCapabilities(CapabilitySet Set, long? Context, int Tokens)
{
    public bool Any => !Set.IsEmpty || Context is not null;

    /// <summary>To follow the name of the target; null when nothing is missing.</summary>
    public string? Text() => (Set.IsEmpty, Context) switch
    {
        (true, null) => null,
        (false, _) => $"its model lacks {Set}",
        (_, { } context) => FormattableString.Invariant($"the request is estimated at {Tokens} tokens, and its model's context is {context}"),
    };
}
