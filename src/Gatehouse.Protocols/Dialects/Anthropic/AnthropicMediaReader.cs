using System.Collections.Frozen;
using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.Anthropic;

/// <summary>Reads <c>image</c> and <c>document</c> blocks. One whose source is of an unknown type is kept as it is.</summary>
internal static class AnthropicMediaReader
{
    private static readonly FrozenSet<string> ImageMembers = ["type", "source", "cache_control"];
    private static readonly FrozenSet<string> DocumentMembers = ["type", "source", "title", "context", "citations", "cache_control"];

    public static Part ReadImage(JsonElement block, BlockPlace place)
    {
        var source = block.Object("source") ?? throw place.Missing("source", "an object");
        return ReadSource(source, place) is not { } media
            ? new OpaquePart(Dialect.Anthropic, "image", block)
            : new ImagePart(media)
            {
                CacheControl = AnthropicCacheControl.Read(block),
                Extensions = block.ExtensionsBeside(Dialect.Anthropic, ImageMembers),
            };
    }

    public static Part ReadDocument(JsonElement block, BlockPlace place)
    {
        var source = block.Object("source") ?? throw place.Missing("source", "an object");
        List<Part>? content = null;
        var media = ReadSource(source, place);
        if (media is null && source.Text("type") == "content")
        {
            media = new MediaSource();
            content = source.Member("content") switch
            {
                { ValueKind: JsonValueKind.String } text => [new TextPart(text.TextOrFail("content"))],
                { ValueKind: JsonValueKind.Array } blocks => AnthropicBlockReader.ReadAll(blocks, $"{place}.source.content"),
                _ => throw place.Missing("source.content", "a string or a list of blocks"),
            };
        }

        if (media is null)
        {
            return new OpaquePart(Dialect.Anthropic, "document", block);
        }

        return new FilePart(media)
        {
            Title = block.Text("title"),
            Context = block.Text("context"),
            Citations = block.Object("citations")?.Flag("enabled"),
            Content = content,
            CacheControl = AnthropicCacheControl.Read(block),
            Extensions = block.ExtensionsBeside(Dialect.Anthropic, DocumentMembers),
        };
    }

    private static MediaSource? ReadSource(JsonElement source, BlockPlace place) => source.Text("type") switch
    {
        "base64" => new MediaSource
        {
            MediaType = source.Text("media_type"),
            Base64 = source.Member("data") is { ValueKind: JsonValueKind.String } data ? data.Utf8Text() : throw place.Missing("source.data", "base64"),
        },
        "url" => new MediaSource { Url = source.Text("url") ?? throw place.Missing("source.url", "a string") },
        "file" => new MediaSource { FileId = source.Text("file_id") ?? throw place.Missing("source.file_id", "a string") },
        "text" => new MediaSource
        {
            MediaType = source.Text("media_type"),
            Text = source.Text("data") ?? throw place.Missing("source.data", "a string"),
        },
        _ => null,
    };
}
