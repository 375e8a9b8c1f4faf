using System.Net.Sockets;
using System.Text;

namespace Gatehouse.Bench;

/// <summary>A streaming chat request as the bytes that go on the wire, and the marks by which its answer is followed.</summary>
internal sealed class ChatStreamRequest
{
    private readonly Uri _url;

    public ChatStreamRequest(Arguments arguments)
    {
        _url = arguments.Url("url");
        var body = Body(arguments.Text("model"));
        Bytes = Encoding.UTF8.GetBytes($"""
            POST {_url.PathAndQuery} HTTP/1.1
            Host: {_url.Authority}
            Authorization: Bearer {arguments.Text("key")}
            Content-Type: application/json
            Accept: text/event-stream
            Content-Length: {Encoding.UTF8.GetByteCount(body)}


            """.ReplaceLineEndings("\r\n") + body);
    }

    public static ReadOnlySpan<byte> Success => "HTTP/1.1 200 "u8;

    public static ReadOnlySpan<byte> Content => "\"content\":\""u8;

    public static ReadOnlySpan<byte> Done => "data: [DONE]"u8;

    /// <summary>The last chunk of a chunked message (RFC 9112 section 7.1), after the end of the chunk before it.</summary>
    public static ReadOnlySpan<byte> LastChunk => "\r\n0\r\n\r\n"u8;

    public byte[] Bytes { get; }

    public static Socket NewSocket() => new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };

    public void Connect(Socket socket) => socket.Connect(_url.Host, _url.Port);

    public ValueTask ConnectAsync(Socket socket, CancellationToken cancel) => socket.ConnectAsync(_url.Host, _url.Port, cancel);

    private static string Body(string model)
    {
        using var resource = typeof(ChatStreamRequest).Assembly.GetManifestResourceStream("request.json")!;
        using var reader = new StreamReader(resource);
        var json = reader.ReadToEnd().Replace("\"mock/bench\"", $"\"{model}\"", StringComparison.Ordinal);
        return "{\"stream\":true," + json[1..];
    }
}
