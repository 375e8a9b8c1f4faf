using System.Text.Json;

namespace Gatehouse.Protocols.Chat;

/// <summary>A piece of a message's content.</summary>
public abstract record Part
{
    /// <summary>The provider may keep the prompt up to here in its cache.</summary>
    public CacheControl? CacheControl { get; init; }

    /// <summary>The item of OpenAI Responses that this part was, or with which it begins; null where the part goes on with an item.</summary>
    public ItemMark? Item { get; init; }

    public Extensions? Extensions { get; init; }
}

/// <summary>What is known of an item of OpenAI Responses beside its content.</summary>
/// <param name="Type">For example <c>message</c>; an item without a type is a message.</param>
/// <param name="Id">Null for none.</param>
public sealed record ItemMark(string Type, string? Id)
{
    /// <summary>Its other members, as written: type, status, phase, ... They say nothing that another dialect would miss.</summary>
    public IReadOnlyList<Extension> Members { get; init; } = [];
}

/// <param name="OneHour">Keep for an hour; the default is five minutes.</param>
/// <param name="HasTimeToLive">The time was written, and not left to the default.</param>
public sealed record CacheControl(bool OneHour, bool HasTimeToLive = false)
{
    public Extensions? Extensions { get; init; }
}

public sealed record TextPart(string Text) : Part
{
    public IReadOnlyList<Citation> Citations { get; init; } = [];

    /// <summary>Gemini signs text too; it must come back with the text.</summary>
    public Signature? Signature { get; init; }

    public JsonElement? Logprobs { get; init; }
}

/// <summary>The model declines, in its own words.</summary>
public sealed record RefusalPart(string Text) : Part;

public sealed record ImagePart(MediaSource Source) : Part
{
    /// <summary>OpenAI's <c>detail</c>: auto, low, high, original.</summary>
    public string? Detail { get; init; }

    /// <summary>Of an image that the model made: Gemini signs it.</summary>
    public Signature? Signature { get; init; }
}

public sealed record AudioPart(MediaSource Source) : Part
{
    /// <summary>For example <c>wav</c>, <c>mp3</c>.</summary>
    public string? Format { get; init; }

    /// <summary>What is said; of audio that a model made.</summary>
    public string? Transcript { get; init; }

    /// <summary>OpenAI's name of audio that a model made earlier; it can be sent back instead of the sound.</summary>
    public string? Id { get; init; }

    /// <summary>Unix seconds.</summary>
    public long? ExpiresAt { get; init; }
}

/// <summary>A document, video or other file.</summary>
public sealed record FilePart(MediaSource Source) : Part
{
    public string? FileName { get; init; }

    public string? Title { get; init; }

    /// <summary>What the model is told of the document, not to be cited.</summary>
    public string? Context { get; init; }

    /// <summary>The answer shall cite it.</summary>
    public bool? Citations { get; init; }

    /// <summary>A document of parts that can be cited one by one (Anthropic's <c>content</c> source).</summary>
    public IReadOnlyList<Part>? Content { get; init; }
}

/// <summary>The model wants a tool called.</summary>
/// <param name="Id">Joins the call and its result; never empty.</param>
/// <param name="Name">Of the tool.</param>
/// <param name="Arguments">JSON text of an object, as the model wrote it; free text for a custom tool. <c>{}</c> for no arguments.</param>
public sealed record ToolCallPart(string Id, string Name, string Arguments) : Part
{
    /// <summary>OpenAI's custom tools take free text.</summary>
    public bool IsCustom { get; init; }

    /// <summary>The dialect wrote no id (Gemini often does not): the reader made one up.</summary>
    public bool HasMadeId { get; init; }

    /// <summary>Gemini signs calls, and refuses them without their signature on the next turn.</summary>
    public Signature? Signature { get; init; }

    /// <summary>OpenAI Responses gives the item an id beside the call's.</summary>
    public string? ItemId { get; init; }
}

/// <summary>What a tool returned. Always in a user's message.</summary>
public sealed record ToolResultPart(string CallId) : Part
{
    /// <summary>The tool's name where the dialect tells it; <see cref="Conversation.ToolNames"/> finds it otherwise.</summary>
    public string? Name { get; init; }

    /// <summary>Text, images, documents. Empty for nothing.</summary>
    public IReadOnlyList<Part> Content { get; init; } = [];

    /// <summary>Written as one string, and not as a list of parts.</summary>
    public bool IsPlainText { get; init; }

    /// <summary>Gemini's results are JSON objects, kept as they are; <see cref="Content"/> then holds their text.</summary>
    public JsonElement? Json { get; init; }

    public bool? IsError { get; init; }

    /// <summary>The dialect wrote no id of the call: the reader found it by name and order.</summary>
    public bool HasMadeId { get; init; }

    public bool IsCustom { get; init; }

    public string? ItemId { get; init; }
}

/// <summary>What the model thought before it answered.</summary>
public sealed record ReasoningPart : Part
{
    /// <summary>Empty when the provider keeps it to itself.</summary>
    public string Text { get; init; } = "";

    /// <summary>Must come back byte for byte to the provider that made it.</summary>
    public Signature? Signature { get; init; }

    /// <summary>
    /// <see cref="Signature"/> is all there is: the thought itself, encrypted (Anthropic's <c>redacted_thinking</c>).
    /// </summary>
    public bool IsRedacted { get; init; }

    /// <summary><see cref="Text"/> is a summary of it, in these pieces (OpenAI Responses).</summary>
    public IReadOnlyList<string>? Summary { get; init; }

    /// <summary>OpenAI Responses gives the item an id.</summary>
    public string? ItemId { get; init; }
}

/// <summary>A part that only its own dialect knows: a server tool's call or result, an executable code, ...</summary>
/// <param name="Dialect">Whose it is.</param>
/// <param name="Type">What it calls itself.</param>
/// <param name="Value">As written.</param>
public sealed record OpaquePart(Dialect Dialect, string Type, JsonElement Value) : Part;
