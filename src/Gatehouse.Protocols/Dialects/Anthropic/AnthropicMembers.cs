using System.Collections.Frozen;

namespace Gatehouse.Protocols.Dialects.Anthropic;

/// <summary>The members of inner objects that are read.</summary>
internal static class AnthropicMembers
{
    public static readonly FrozenSet<string> Metadata = ["user_id"];

    public static readonly FrozenSet<string> OutputConfig = ["effort", "format"];
}
