using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Gatehouse.Tests.Harness;

/// <summary>A fast provider for load: every answer has a number of its own as its id, so that it can be found in the ledger.</summary>
internal sealed class CountingUpstream : IAsyncDisposable
{
    private readonly WebApplication _application;
    private readonly Func<int, TimeSpan>? _pace;
    private int _requests;

    private CountingUpstream(WebApplication application, Func<int, TimeSpan>? pace) => (_application, _pace) = (application, pace);

    public Uri Address => new(_application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());

    /// <summary>Requests that have arrived; their answers have the ids <c>answer-1</c> to <c>answer-N</c>.</summary>
    public int Requests => Volatile.Read(ref _requests);

    /// <param name="pace">How long the answer of that number takes; a stream takes it again until its end. Nothing by default.</param>
    public static async Task<CountingUpstream> StartAsync(Func<int, TimeSpan>? pace = null)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        _ = builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        var upstream = new CountingUpstream(builder.Build(), pace);
        upstream._application.Run(upstream.AnswerAsync);
        await upstream._application.StartAsync();
        return upstream;
    }

    public ValueTask DisposeAsync() => _application.DisposeAsync();

    private async Task AnswerAsync(HttpContext http)
    {
        using var reader = new StreamReader(http.Request.Body);
        var request = await reader.ReadToEndAsync(http.RequestAborted);
        var number = Interlocked.Increment(ref _requests);
        var id = "answer-" + number.ToString(CultureInfo.InvariantCulture);
        await PauseAsync(http, number, parts: 1);
        if (!request.Contains("\"stream\":true", StringComparison.Ordinal))
        {
            var body = Encoding.UTF8.GetBytes(
                $$$"""{"id":"{{{id}}}","object":"chat.completion","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"{{{new string('x', 200)}}}"},"finish_reason":"stop"}],"usage":{"prompt_tokens":5,"completion_tokens":2,"total_tokens":7}}""");
            http.Response.ContentType = "application/json";
            http.Response.ContentLength = body.Length;
            _ = await http.Response.BodyWriter.WriteAsync(body, http.RequestAborted);
            return;
        }

        http.Response.ContentType = "text/event-stream";
        for (var i = 0; i < 5; i++)
        {
            await PauseAsync(http, number, parts: 5);
            await SendAsync(http, $$$"""{"id":"{{{id}}}","object":"chat.completion.chunk","model":"m","choices":[{"index":0,"delta":{"content":"w"},"finish_reason":{{{(i == 4 ? "\"stop\"" : "null")}}}}]}""");
        }

        await SendAsync(http, $$$"""{"id":"{{{id}}}","object":"chat.completion.chunk","model":"m","choices":[],"usage":{"prompt_tokens":5,"completion_tokens":5,"total_tokens":10}}""");
        await SendAsync(http, "[DONE]");
    }

    private Task PauseAsync(HttpContext http, int number, int parts) =>
        _pace is null ? Task.CompletedTask : Task.Delay(_pace(number) / parts, TimeProvider.System, http.RequestAborted);

    private static async Task SendAsync(HttpContext http, string data) =>
        await http.Response.BodyWriter.WriteAsync(Encoding.UTF8.GetBytes($"data: {data}\n\n"), http.RequestAborted);
}
