using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;

namespace Gatehouse.Alerts.Channels;

/// <summary>One POST of JSON, and what its answer means for the alert.</summary>
internal static class HttpPost
{
    private const int MaxReason = 64;
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LongestRetryAfter = TimeSpan.FromHours(1);

    /// <summary>Redirects are not followed: they would carry an alert, and its signature, to where the operator did not send it.</summary>
    public static HttpMessageHandler CreateHandler() => new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        ActivityHeadersPropagator = null,
        AutomaticDecompression = DecompressionMethods.None,
        ConnectTimeout = ConnectTimeout,
        PooledConnectionLifetime = TimeSpan.FromMinutes(2),
        PooledConnectionIdleTimeout = TimeSpan.FromSeconds(30),
        // Answers are not read; a long one costs its connection.
        MaxResponseDrainSize = 4096,
        ResponseDrainTimeout = TimeSpan.FromSeconds(1),
    };

    public static async Task<SendResult> SendAsync(
        HttpMessageInvoker http, Uri url, byte[] body, IReadOnlyDictionary<string, string> headers, TimeProvider time, bool readsReason, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, url) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.UserAgent.Add(new ProductInfoHeaderValue("Gatehouse", null));
        foreach (var (name, value) in headers)
        {
            request.Headers.Add(name, value);
        }

        try
        {
            using var response = await http.SendAsync(request, cancellationToken);
            var reason = readsReason && !response.IsSuccessStatusCode ? await ReasonAsync(response, cancellationToken) : "";
            return ResultOf(response, reason, time.GetUtcNow());
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException)
        {
            return new SendResult(SendOutcome.Failed, exception.InnerException is { } inner ? $"{exception.Message} {inner.Message}" : exception.Message);
        }
    }

    private static SendResult ResultOf(HttpResponseMessage response, string reason, DateTimeOffset now)
    {
        var status = (int)response.StatusCode;
        var error = string.Create(CultureInfo.InvariantCulture, $"status {status}{reason}");
        return status switch
        {
            >= 200 and < 300 => SendResult.Delivered,
            >= 300 and < 400 => new SendResult(SendOutcome.Refused, $"{error}: redirects are not followed; give the final address"),

            // About what was sent; all other statuses are about the receiver, and pass. 410 is for good: "the endpoint should be disabled".
            400 or 410 or 413 or 415 or 422 => new SendResult(SendOutcome.Refused, error),
            _ => new SendResult(SendOutcome.Failed, error, RetryAfter(response.Headers.RetryAfter, now)),
        };
    }

    private static TimeSpan? RetryAfter(RetryConditionHeaderValue? header, DateTimeOffset now)
    {
        var wait = header?.Delta ?? (header?.Date is { } date ? date - now : null);
        return wait is null || wait <= TimeSpan.Zero ? null : wait > LongestRetryAfter ? LongestRetryAfter : wait;
    }

    /// <summary>Slack answers with one word, such as <c>channel_is_archived</c>. Nothing else is shown: an answer could echo the address.</summary>
    private static async Task<string> ReasonAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var bytes = new byte[MaxReason + 1];
        await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        var length = await stream.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancellationToken);
        var word = Encoding.ASCII.GetString(bytes, 0, length);
        return length is > 0 and <= MaxReason && word.All(c => c is (>= 'a' and <= 'z') or '_') ? $" {word}" : "";
    }
}
