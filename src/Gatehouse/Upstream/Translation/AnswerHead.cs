using Gatehouse.Pipeline;

namespace Gatehouse.Upstream.Translation;

/// <summary>The head of a translated answer: of the provider's headers only those that have a meaning for the caller, in the caller's words.</summary>
internal static class AnswerHead
{
    public static void Start(Exchange exchange, HttpResponseMessage response, int status, string contentType, bool isEventStream)
    {
        var headers = exchange.Response.Headers;
        headers.ContentType = contentType;
        if (isEventStream)
        {
            headers.CacheControl = "no-cache";
        }

        RateLimitHeaders.Copy(response, headers, exchange.Operation.Dialect, exchange.StartedAt + exchange.Timings.Elapsed);
        exchange.Response.Start(exchange, status, isEventStream);
    }
}
