using Gatehouse.Protocols.Chat;

namespace Gatehouse.Protocols.Dialects.Bedrock;

/// <summary>
/// Models that know no <c>outputConfig.textFormat</c> are given a tool whose arguments are the answer, and must call it. Its name is
/// reserved: what a model calls by it is read as text.
/// </summary>
internal static class BedrockAnswerTool
{
    public const string Name = "gatehouse_json_answer";

    /// <summary>The rule of targets that need it.</summary>
    public const string Trait = "json_schema_by_tool";

    public static FunctionTool Of(ResponseFormat format) => new(Name)
    {
        Description = format.Description ?? "Gives the answer. Call it exactly once, with the whole answer.",
        Parameters = format.Schema,
    };

    /// <summary>The answer with the call turned into text.</summary>
    public static (List<Part> Parts, Stop? Stop) Unpack(List<Part> parts, Stop? stop)
    {
        if (!parts.Exists(IsAnswer))
        {
            return (parts, stop);
        }

        var unpacked = parts.ConvertAll(p => IsAnswer(p) ? new TextPart(((ToolCallPart)p).Arguments) : p);
        return (unpacked, unpacked.Exists(p => p is ToolCallPart) ? stop : Ended(stop));
    }

    /// <summary>No tool of the caller's is meant.</summary>
    public static Stop? Ended(Stop? stop) => stop is { Reason: StopReason.ToolUse } ? BedrockStop.Read("end_turn") : stop;

    private static bool IsAnswer(Part part) => part is ToolCallPart { Name: Name };
}
