namespace Gatehouse.Tests.Compatibility;

/// <summary>Why an answer ended, as a person would say it.</summary>
internal enum Ending
{
    Finished,
    Length,
    ToolUse,
    Refused,
}

/// <summary>A call of a tool; <paramref name="Arguments"/> is JSON.</summary>
internal sealed record Call(string Name, string Arguments);

/// <summary>What was counted, in the way of OpenAI: the input with all that was read from a cache.</summary>
internal sealed record Tokens(long Input, long CacheRead, long Output);

/// <summary>What a provider is made to answer, apart from any wire format.</summary>
internal sealed record Answer
{
    public static readonly Answer Hello = new() { Text = "Hello, world: \"ça va\"?", Ending = Ending.Finished };

    public string? Thought { get; init; }

    public string? Text { get; init; }

    public IReadOnlyList<Call> Calls { get; init; } = [];

    public required Ending Ending { get; init; }

    public static Answer To(Feature feature, int turn) => feature switch
    {
        Feature.Tools => new Answer { Text = "I look.", Calls = [new Call("get_weather", """{"city":"Paris"}""")], Ending = Ending.ToolUse },
        Feature.ParallelTools => new Answer
        {
            Calls = [new Call("get_weather", """{"city":"Paris"}"""), new Call("get_weather", """{"city":"Rome \"é\""}"""), new Call("get_time", "{}")],
            Ending = Ending.ToolUse,
        },
        Feature.ZeroArgumentTool => new Answer { Calls = [new Call("get_time", "{}")], Ending = Ending.ToolUse },
        Feature.ReasoningRoundTrip when turn == 1 => new Answer
        {
            Thought = "I should look it up.",
            Calls = [new Call("get_weather", """{"city":"Paris"}""")],
            Ending = Ending.ToolUse,
        },
        Feature.StructuredOutput => new Answer { Text = """{"city":"Paris","celsius":18}""", Ending = Ending.Finished },
        Feature.LengthStop => new Answer { Text = "Once upon a", Ending = Ending.Length },
        Feature.Refusal => new Answer { Text = "I cannot help with that.", Ending = Ending.Refused },
        _ => Hello,
    };
}

/// <summary>A call of a tool as a client understood it.</summary>
internal sealed record SeenCall(string? Id, string Name, string Arguments);

/// <summary>What a client understood of an answer.</summary>
internal sealed record SeenAnswer
{
    public string Text { get; init; } = "";

    public string Thought { get; init; } = "";

    public IReadOnlyList<SeenCall> Calls { get; init; } = [];

    /// <summary>Null when the answer did not end properly.</summary>
    public Ending? Ending { get; init; }

    public Tokens? Tokens { get; init; }

    /// <summary>The message of the error with which a stream ended.</summary>
    public string? Failure { get; init; }

    /// <summary>The answer as its SDK keeps it for the next turn, in the form of the client's own requests.</summary>
    public IReadOnlyList<System.Text.Json.Nodes.JsonNode> Turns { get; init; } = [];
}

/// <summary>An error as a client understood it.</summary>
/// <param name="Status">Of the envelope where it has one, else of HTTP.</param>
/// <param name="Type">The envelope's own word.</param>
/// <param name="Message">For people.</param>
internal sealed record SeenError(int Status, string Type, string Message);
