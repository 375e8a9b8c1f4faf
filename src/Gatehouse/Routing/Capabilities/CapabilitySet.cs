using Gatehouse.Configuration.Binding;
using Gatehouse.Routing.Traits;

namespace Gatehouse.Routing.Capabilities;

/// <summary>Some capabilities.</summary>
internal readonly record struct CapabilitySet(int Bits)
{
    public bool IsEmpty => Bits == 0;

    public static CapabilitySet Of(IEnumerable<Capability> capabilities) =>
        capabilities.Aggregate(default(CapabilitySet), (set, capability) => set | new CapabilitySet(1 << (int)capability));

    /// <summary>What a request needs.</summary>
    public static CapabilitySet NeededBy(RequestTraits traits) =>
        If(traits.Modalities.HasFlag(Modalities.Image), Capability.Vision)
        | If(traits.Modalities.HasFlag(Modalities.Audio), Capability.Audio)
        | If(traits.Modalities.HasFlag(Modalities.Video), Capability.Video)
        | If(traits.Modalities.HasFlag(Modalities.Document), Capability.Documents)
        | If(traits.UsesTools, Capability.Tools)
        | If(traits.WantsStructuredOutput, Capability.StructuredOutput)
        | If(traits.WantsReasoning, Capability.Reasoning);

    public static CapabilitySet operator |(CapabilitySet left, CapabilitySet right) => new(left.Bits | right.Bits);

    public static CapabilitySet operator &(CapabilitySet left, CapabilitySet right) => new(left.Bits & right.Bits);

    public CapabilitySet Without(CapabilitySet other) => new(Bits & ~other.Bits);

    /// <summary><c>vision, tools</c>.</summary>
    public override string ToString()
    {
        var bits = Bits;
        return string.Join(", ", Enum.GetValues<Capability>().Where(capability => (bits & (1 << (int)capability)) != 0).Select(capability => YamlBinder.EnumKey(capability)));
    }

    private static CapabilitySet If(bool condition, Capability capability) => new(condition ? 1 << (int)capability : 0);
}
