using System.Net.Http.Headers;
using System.Net.Sockets;

namespace Gatehouse.Bench.Chaos;

/// <summary>
/// Sends requests at a constant rate whatever becomes of those before (open loop), so that a gateway that stalls is not asked less for it.
/// </summary>
internal sealed class ChaosClient(GatewayUnderTest gateway, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly HttpMessageInvoker _http = new(new SocketsHttpHandler
    {
        UseProxy = false,
        UseCookies = false,
        AllowAutoRedirect = false,
        // Node's servers close connections that were idle for 5 s: a request that crosses with that is not the gateway's failure.
        PooledConnectionIdleTimeout = TimeSpan.FromSeconds(2),
    });

    public void Dispose() => _http.Dispose();

    public async Task<ClientAnswer[]> RunAsync(int firstNumber, int count, double perSecond)
    {
        var answers = new Task<ClientAnswer>[count];
        var started = time.GetTimestamp();
        for (var i = 0; i < count; i++)
        {
            var due = TimeSpan.FromSeconds(i / perSecond);
            while (time.GetElapsedTime(started) is var elapsed && elapsed < due)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(Math.Max(1, (due - elapsed).TotalMilliseconds)), time);
            }

            answers[i] = AskAsync(firstNumber + i, started, due);
        }

        return await Task.WhenAll(answers);
    }

    private async Task<ClientAnswer> AskAsync(int number, long started, TimeSpan due)
    {
        // Not on the pace maker's time.
        await Task.Yield();
        TimeSpan? firstContent = null;
        string? exchange = null;
        Judgement judgement;
        using var patience = new CancellationTokenSource(Patience, time);
        try
        {
            using var request = gateway.Request(number);
            using var response = await _http.SendAsync(request, patience.Token);
            exchange = Header(response.Headers, "x-gatehouse-exchange");
            var reader = new AnswerReader(number, response) { OnFirstContent = () => firstContent = time.GetElapsedTime(started) - due };
            judgement = await reader.ReadAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            judgement = new Judgement(Verdict.Hung, "no end within a minute");
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException or SocketException)
        {
            var how = exception is HttpRequestException { HttpRequestError: var request } ? request : (exception as HttpIOException)?.HttpRequestError;
            judgement = Judgement.Failed($"broken connection ({how?.ToString() ?? exception.GetType().Name})");
        }

        return new ClientAnswer(number, judgement, exchange, time.GetElapsedTime(started) - due, firstContent);
    }

    private static string? Header(HttpResponseHeaders headers, string name) =>
        headers.NonValidated.TryGetValues(name, out var values) ? values.ToString() : null;
}
