namespace Gatehouse.Routing.Traits;

/// <summary>What a part or an item of a conversation is, by its <c>type</c>.</summary>
internal enum PartKind
{
    Other,

    /// <summary>Of a source too: it is the text itself, or parts.</summary>
    Text,
    Image,
    Audio,
    Video,

    /// <summary>A file, unless its source turns out to be text.</summary>
    Document,

    /// <summary>A call of a tool, or what the tool gave.</summary>
    Tool,

    /// <summary>Of a format: an answer that follows a schema.</summary>
    JsonSchema,

    /// <summary>Of a wish to think: none.</summary>
    Disabled,
}

internal static class PartKinds
{
    public static readonly TextTable<PartKind> Table = new(
        ("text", PartKind.Text),
        ("content", PartKind.Text),
        ("image_url", PartKind.Image),
        ("input_image", PartKind.Image),
        ("image", PartKind.Image),
        ("computer_screenshot", PartKind.Image),
        ("input_audio", PartKind.Audio),
        ("audio", PartKind.Audio),
        ("audio_url", PartKind.Audio),
        ("video_url", PartKind.Video),
        ("input_video", PartKind.Video),
        ("video", PartKind.Video),
        ("file", PartKind.Document),
        ("input_file", PartKind.Document),
        ("document", PartKind.Document),
        ("document_url", PartKind.Document),
        ("tool_use", PartKind.Tool),
        ("tool_result", PartKind.Tool),
        ("server_tool_use", PartKind.Tool),
        ("mcp_tool_use", PartKind.Tool),
        ("mcp_tool_result", PartKind.Tool),
        ("function_call", PartKind.Tool),
        ("function_call_output", PartKind.Tool),
        ("custom_tool_call", PartKind.Tool),
        ("custom_tool_call_output", PartKind.Tool),
        ("computer_call", PartKind.Tool),
        ("computer_call_output", PartKind.Tool),
        ("local_shell_call", PartKind.Tool),
        ("local_shell_call_output", PartKind.Tool),
        ("mcp_call", PartKind.Tool),
        ("json_schema", PartKind.JsonSchema),
        ("disabled", PartKind.Disabled));
}
