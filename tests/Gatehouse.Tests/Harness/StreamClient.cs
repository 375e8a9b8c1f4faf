using System.Net;
using System.Text;
using System.Text.Json;

namespace Gatehouse.Tests.Harness;

/// <summary>A client that reads an event stream frame by frame, when the test says so.</summary>
internal sealed class StreamClient : IAsyncDisposable
{
    private readonly StreamReader _reader;

    private StreamClient(HttpResponseMessage response, Stream body)
    {
        Response = response;
        _reader = new StreamReader(body, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true));
    }

    public HttpResponseMessage Response { get; }

    /// <summary>Returns when the head of the answer is there.</summary>
    public static async Task<StreamClient> OpenAsync(GatewayHost gateway, string json = GatewayAnswers.StreamedChat)
    {
        var response = await gateway.PostAsync("/v1/chat/completions", json, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.MediaType);
        return new StreamClient(response, await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken));
    }

    /// <summary>The next frame without its blank line; null at the end of the stream. Only for frames of LF lines.</summary>
    public async Task<string?> NextAsync()
    {
        var frame = new StringBuilder();
        while (await _reader.ReadLineAsync(TestContext.Current.CancellationToken) is { } line)
        {
            if (line.Length == 0)
            {
                return frame.ToString();
            }

            _ = (frame.Length == 0 ? frame : frame.Append('\n')).Append(line);
        }

        return frame.Length == 0 ? null : frame.ToString();
    }

    /// <summary>Asserts that the stream ends here with an error event, and with nothing after it.</summary>
    public async Task<JsonElement> ShouldEndInErrorAsync(string code)
    {
        var frame = await NextAsync();
        Assert.StartsWith("data: ", frame, StringComparison.Ordinal);
        var error = GatewayAnswers.ErrorIn(frame!["data: ".Length..], code);
        Assert.Null(await NextAsync());
        return error;
    }

    public ValueTask DisposeAsync()
    {
        _reader.Dispose();
        Response.Dispose();
        return ValueTask.CompletedTask;
    }
}
