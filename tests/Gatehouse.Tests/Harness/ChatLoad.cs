using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Text.Json;

namespace Gatehouse.Tests.Harness;

/// <summary>An answer that a client received whole: the exchange as the gateway named it, and the answer as the provider did.</summary>
internal sealed record WholeAnswer(string Exchange, string Id, bool IsStream);

/// <summary>Many connections that ask for JSON and streams, and keep account of every answer that came whole.</summary>
internal sealed class ChatLoad(HttpClient client, int seed)
{
    private const int Connections = 64;
    private int _count;

    public ConcurrentQueue<WholeAnswer> Whole { get; } = new();

    /// <summary>Answers with a status of failure.</summary>
    public ConcurrentQueue<(HttpStatusCode Status, string Body, bool HasRetryAfter)> Refused { get; } = new();

    /// <summary>Streams that began and did not come to their end, as far as they came.</summary>
    public ConcurrentQueue<string> Broken { get; } = new();

    /// <summary>Goes on until the gateway refuses, breaks off or is gone.</summary>
    /// <param name="answers">After so many whole answers <paramref name="atCount"/> is called, once, while all connections go on.</param>
    public async Task RunAsync(int answers, Action atCount)
    {
        var stop = TestContext.Current.CancellationToken;
        await Task.WhenAll(Enumerable.Range(0, Connections).Select(worker => Task.Run(
            async () =>
            {
                // A sequence of its own for each connection: what is asked does not depend on how they are scheduled.
                var isStream = (worker + seed) % 2 == 0;
                while (!stop.IsCancellationRequested && await AskAsync(isStream))
                {
                    isStream = !isStream;
                    if (Interlocked.Increment(ref _count) == answers)
                    {
                        atCount();
                    }
                }
            },
            stop)));
    }

    /// <returns>False when this connection has nothing more to do.</returns>
    private async Task<bool> AskAsync(bool isStream)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions")
        {
            Content = new StringContent(
                $$"""{"model":"mock/m","messages":[{"role":"user","content":"Hello"}]{{(isStream ? ",\"stream\":true" : "")}}}""", Encoding.UTF8, "application/json"),
        };
        HttpResponseMessage response;
        try
        {
            response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        }
        catch (HttpRequestException)
        {
            return false;
        }

        using (response)
        {
            var body = await ReadAsync(response);
            if (!response.IsSuccessStatusCode)
            {
                Refused.Enqueue((response.StatusCode, body, response.Headers.RetryAfter is not null));
                return false;
            }

            return Account(response, body, isStream);
        }
    }

    private bool Account(HttpResponseMessage response, string body, bool isStream)
    {
        var isWhole = isStream ? body.EndsWith("data: [DONE]\n\n", StringComparison.Ordinal) : body.Length == response.Content.Headers.ContentLength;
        if (!isWhole)
        {
            Broken.Enqueue(body);
            return false;
        }

        var json = isStream ? body["data: ".Length..body.IndexOf('\n', StringComparison.Ordinal)] : body;
        using var document = JsonDocument.Parse(json);
        Whole.Enqueue(new WholeAnswer(
            response.Headers.GetValues("x-gatehouse-exchange").Single(), document.RootElement.GetProperty("id").GetString()!, isStream));
        return true;
    }

    /// <summary>What has arrived of a body, also when its end never comes.</summary>
    private static async Task<string> ReadAsync(HttpResponseMessage response)
    {
        var body = new MemoryStream();
        try
        {
            await using var stream = await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken);
            await stream.CopyToAsync(body, TestContext.Current.CancellationToken);
        }
        catch (Exception exception) when (exception is IOException or HttpRequestException)
        {
            // The other side is gone; what came before counts.
        }

        return Encoding.UTF8.GetString(body.ToArray());
    }
}
