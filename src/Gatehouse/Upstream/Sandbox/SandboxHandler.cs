using System.Globalization;
using System.Net;
using System.Text.Json;
using Gatehouse.Pipeline;

namespace Gatehouse.Upstream.Sandbox;

/// <summary>
/// A provider inside the process: it answers without any key, and fails on demand. It stands where the connections to a real provider
/// stand, so that everything around it is the real thing.
/// </summary>
internal sealed class SandboxHandler(TimeProvider time) : HttpMessageHandler
{
    private static readonly TimeSpan SlowInterval = TimeSpan.FromMilliseconds(200);

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var path = request.RequestUri!.AbsolutePath;
        var body = request.Content is null ? [] : await request.Content.ReadAsByteArrayAsync(cancellationToken);
        if (path is not ("/v1/chat/completions" or "/v1/completions" or "/v1/embeddings"))
        {
            return Json(404, SandboxAnswers.Error(404, $"The sandbox has no {path}."));
        }

        SandboxRequest asked;
        bool asksForBase64;
        try
        {
            asked = SandboxRequest.Read(body);
            asksForBase64 = path == "/v1/embeddings" && AsksForBase64(body);
        }
        catch (InvalidOperationException)
        {
            // Half a surrogate pair is JSON (RFC 8259, 8.2), but no text.
            return Json(400, SandboxAnswers.Error(400, "The request is not valid Unicode."));
        }

        var now = time.GetUtcNow();
        var answers = new SandboxAnswers(asked, Id.New("chatcmpl", now), now.ToUnixTimeSeconds());
        var isChat = path == "/v1/chat/completions";
        switch (asked.Model)
        {
            case SandboxModels.RateLimit:
                return RateLimited();
            case SandboxModels.Garbage:
                return Json(200, "<html>This is not JSON.</html>"u8.ToArray());
            case SandboxModels.Silent:
                await Task.Delay(Timeout.InfiniteTimeSpan, time, cancellationToken);
                break;
            case var model when StatusOf(model) is { } status:
                return Json(status, SandboxAnswers.Error(status, $"The sandbox was asked to fail with {status}."));
        }

        if (path == "/v1/embeddings")
        {
            return Json(200, answers.Embeddings(asksForBase64));
        }

        var interval = asked.Model == SandboxModels.Slow ? SlowInterval : TimeSpan.Zero;
        var isCut = asked.Model == SandboxModels.Cut;
        if (asked.IsStream)
        {
            return Stream("text/event-stream", answers.Frames(isChat), interval, isCut);
        }

        var answer = isChat ? answers.Chat() : answers.Completion();
        return isCut ? Stream("application/json", answer.Chunk(answer.Length / 4), interval, isCut) : Json(200, answer);
    }

    private static int? StatusOf(string model) =>
        model.StartsWith(SandboxModels.ErrorPrefix, StringComparison.Ordinal)
        && int.TryParse(model.AsSpan(SandboxModels.ErrorPrefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var status)
        && status is >= 400 and <= 599 ? status : null;

    private static bool AsksForBase64(byte[] body)
    {
        using var document = JsonDocument.Parse(body, new JsonDocumentOptions { MaxDepth = 512 });
        return document.RootElement.TryGetProperty("encoding_format", out var format) && format.ValueKind == JsonValueKind.String && format.ValueEquals("base64"u8);
    }

    private static HttpResponseMessage Json(int status, byte[] body)
    {
        var content = new ByteArrayContent(body);
        content.Headers.ContentType = new("application/json");
        return new HttpResponseMessage((HttpStatusCode)status) { Content = content };
    }

    private static HttpResponseMessage RateLimited()
    {
        var response = Json(429, SandboxAnswers.Error(429, "The sandbox was asked to limit this request."));
        response.Headers.Add("retry-after", "7");
        response.Headers.Add("x-ratelimit-limit-requests", "60");
        response.Headers.Add("x-ratelimit-remaining-requests", "0");
        response.Headers.Add("x-ratelimit-reset-requests", "7s");
        return response;
    }

    private HttpResponseMessage Stream(string contentType, IEnumerable<byte[]> pieces, TimeSpan interval, bool isCut)
    {
        var content = new StreamContent(new SandboxStream(pieces, interval, isCut, time));
        content.Headers.ContentType = new(contentType);
        return new HttpResponseMessage(HttpStatusCode.OK) { Content = content };
    }
}
