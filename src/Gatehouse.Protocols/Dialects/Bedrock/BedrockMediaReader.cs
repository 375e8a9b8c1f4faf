using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.Bedrock;

/// <summary>Reads <c>image</c>, <c>document</c>, <c>video</c> and <c>audio</c> blocks: <c>{format, source: {bytes} | {s3Location: {uri}} | ...}</c>.</summary>
internal static class BedrockMediaReader
{
    /// <summary>Where the name of an S3 bucket's owner is kept: the only member of a source that has no place in the model.</summary>
    public const string BucketOwner = "bucketOwner";

    private static readonly HashSet<string> MediaMembers = new(StringComparer.Ordinal) { "format", "source" };

    private static readonly HashSet<string> DocumentMembers =
        new(StringComparer.Ordinal) { "format", "source", "name", "context", "citations" };

    /// <returns>Null for a source of a kind that this version does not know.</returns>
    public static Part? ReadImage(JsonElement image) => Source(image, BedrockFormats.ImageMediaType(image.Text("format"))) is { } source
        ? new ImagePart(source) { Extensions = Extensions(image, MediaMembers) }
        : null;

    /// <inheritdoc cref="ReadImage"/>
    public static Part? ReadVideo(JsonElement video) => Source(video, BedrockFormats.VideoMediaType(video.Text("format"))) is { } source
        ? new FilePart(source) { Extensions = Extensions(video, MediaMembers) }
        : null;

    /// <inheritdoc cref="ReadImage"/>
    public static Part? ReadAudio(JsonElement audio)
    {
        var format = audio.Text("format");
        return Source(audio, format is null ? null : BedrockFormats.AudioMediaType(format)) is { } source
            ? new AudioPart(source) { Format = format, Extensions = Extensions(audio, MediaMembers) }
            : null;
    }

    /// <inheritdoc cref="ReadImage"/>
    public static Part? ReadDocument(JsonElement document)
    {
        var mediaType = BedrockFormats.DocumentMediaType(document.Text("format"));
        List<Part>? content = null;
        var source = Source(document, mediaType);
        if (source is null && document.Object("source")?.Array("content") is { } pieces)
        {
            content = [];
            foreach (var piece in pieces.EnumerateArray())
            {
                if (piece.Text("text") is not { } text)
                {
                    return null;
                }

                content.Add(new TextPart(text));
            }

            source = new MediaSource { MediaType = mediaType };
        }

        // `citations` has one member only; more of them would have to be kept.
        var citations = document.Object("citations");
        var isPlain = citations is null || (citations.Value.GetPropertyCount() == 1 && citations.Value.Flag("enabled") is not null);
        return source is null || !isPlain ? null : new FilePart(source)
        {
            FileName = document.Text("name"),
            Context = document.Text("context"),
            Citations = citations?.Flag("enabled"),
            Content = content,
            Extensions = Extensions(document, DocumentMembers),
        };
    }

    private static MediaSource? Source(JsonElement block, string? mediaType)
    {
        if (block.Object("source") is not { } source)
        {
            return null;
        }

        if (source.Member("bytes") is { ValueKind: JsonValueKind.String } bytes)
        {
            return new MediaSource { MediaType = mediaType, Base64 = bytes.Utf8Text() };
        }

        if (source.Object("s3Location")?.Text("uri") is { } uri)
        {
            return new MediaSource { MediaType = mediaType, Url = uri };
        }

        return source.Text("text") is { } text ? new MediaSource { MediaType = mediaType, Text = text } : null;
    }

    private static Extensions? Extensions(JsonElement block, HashSet<string> known)
    {
        var extensions = block.ExtensionsBeside(Dialect.Bedrock, known);
        return block.Object("source")?.Object("s3Location")?.Member(BucketOwner) is { } owner
            ? new Extensions(Dialect.Bedrock, [.. extensions?.Members ?? [], new Extension(BucketOwner, owner)])
            : extensions;
    }
}
