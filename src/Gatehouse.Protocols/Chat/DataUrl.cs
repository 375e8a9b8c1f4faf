using System.Text;
using System.Text.Json;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Chat;

/// <summary><c>data:image/png;base64,AAAA</c> (RFC 2397), the form in which OpenAI's dialects take images and files.</summary>
public static class DataUrl
{
    private const string Base64Mark = ";base64,";

    /// <summary>The source that a URL names: what is in it for a data URL, else the URL.</summary>
    /// <param name="url">A string.</param>
    public static MediaSource Read(JsonElement url)
    {
        var raw = System.Runtime.InteropServices.JsonMarshal.GetRawUtf8Value(url)[1..^1];
        if (raw.StartsWith("data:"u8))
        {
            var head = raw[..Math.Min(raw.Length, 256)];
            var mark = head.IndexOf(";base64,"u8);
            if (mark >= 0 && !head[..mark].Contains((byte)'\\'))
            {
                var mediaType = Encoding.UTF8.GetString(head["data:".Length..mark]);
                return new MediaSource { MediaType = mediaType.Length == 0 ? null : mediaType, Base64 = url.Utf8Text(mark + Base64Mark.Length) };
            }
        }

        return new MediaSource { Url = url.TextOrFail("url") };
    }

    /// <summary>Writes a source as a URL. It must have one, or be base64.</summary>
    /// <param name="writer">At a place for a member.</param>
    /// <param name="name">Of the member.</param>
    /// <param name="source">What to write.</param>
    /// <param name="defaultMediaType">Where the source does not tell.</param>
    public static void Write(Utf8JsonWriter writer, string name, MediaSource source, string defaultMediaType)
    {
        if (source.Base64 is not { } base64)
        {
            writer.WriteString(name, source.Url);
            return;
        }

        var head = $"data:{source.MediaType ?? defaultMediaType}{Base64Mark}";
        var url = new byte[head.Length + base64.Length];
        _ = Encoding.ASCII.GetBytes(head, url);
        base64.Span.CopyTo(url.AsSpan(head.Length));
        writer.WriteString(name, url);
    }
}
