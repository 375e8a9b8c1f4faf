using System.Buffers;
using System.Net;

namespace Gatehouse.Bench;

/// <summary>
/// An OpenAI-format upstream that costs as little as Kestrel allows: one delegate, no routing, no logging, bytes made beforehand.
/// The model <c>idle</c> streams its first frame and then nothing until <c>GET /release</c>.
/// </summary>
internal sealed class MockUpstream(TimeProvider time)
{
    private TaskCompletionSource _release = NewRelease();
    private TimeSpan _frameDelay;

    public async Task RunAsync(Arguments arguments)
    {
        if (!IPEndPoint.TryParse(arguments.Text("listen"), out var endpoint))
        {
            throw new ArgumentException($"--listen: '{arguments.Text("listen")}' is not ADDRESS:PORT", nameof(arguments));
        }

        _frameDelay = TimeSpan.FromMilliseconds(arguments.Number("frame-delay", 0));

        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost
            .UseKestrelCore()
            // Each flush is a send of its own then, as real providers' frames are; a scheduled sender would merge all frames of a
            // stream into one. Nothing here blocks, so that inline is safe, and it saves the mock the thread hand-overs.
            .UseSockets(sockets => sockets.UnsafePreferInlineScheduling = true)
            .ConfigureKestrel(kestrel =>
            {
                kestrel.AddServerHeader = false;
                kestrel.Listen(endpoint);
            });

        await using var app = builder.Build();
        app.Run(AnswerAsync);
        await app.StartAsync();
        Console.WriteLine($"ready: {app.Urls.Single()}");
        await app.WaitForShutdownAsync();
    }

    private static TaskCompletionSource NewRelease() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private Task AnswerAsync(HttpContext context) => context.Request.Path.Value switch
    {
        "/v1/chat/completions" => CompleteAsync(context),
        "/release" => ReleaseAsync(context),
        "/healthz" => context.Response.WriteAsync("ok\n"),
        _ => NotFoundAsync(context),
    };

    private static Task NotFoundAsync(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status404NotFound;
        return Task.CompletedTask;
    }

    private Task ReleaseAsync(HttpContext context)
    {
        Interlocked.Exchange(ref _release, NewRelease()).SetResult();
        return context.Response.WriteAsync("released\n");
    }

    private async Task CompleteAsync(HttpContext context)
    {
        var request = await ReadRequestAsync(context);
        try
        {
            await (request.Stream ? StreamAsync(context, request) : AnswerJsonAsync(context));
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The client left, as it does at the end of the idle phase.
        }
    }

    private static async ValueTask<RequestTraits> ReadRequestAsync(HttpContext context)
    {
        var reader = context.Request.BodyReader;
        while (true)
        {
            var read = await reader.ReadAsync(context.RequestAborted);
            if (!read.IsCompleted)
            {
                reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
                continue;
            }

            var traits = RequestTraits.Read(read.Buffer.IsSingleSegment ? read.Buffer.FirstSpan : read.Buffer.ToArray());
            reader.AdvanceTo(read.Buffer.End);
            return traits;
        }
    }

    private static async Task AnswerJsonAsync(HttpContext context)
    {
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = MockAnswers.Json.Length;
        await context.Response.BodyWriter.WriteAsync(MockAnswers.Json, context.RequestAborted);
    }

    private async Task StreamAsync(HttpContext context, RequestTraits request)
    {
        context.Response.ContentType = "text/event-stream";
        var writer = context.Response.BodyWriter;

        // WriteAsync flushes: each frame is its own chunk.
        for (var i = 0; i < MockAnswers.Frames.Length; i++)
        {
            await writer.WriteAsync(MockAnswers.Frames[i], context.RequestAborted);

            if (i == 0 && request.Idle)
            {
                await Volatile.Read(ref _release).Task.WaitAsync(context.RequestAborted);
            }

            if (_frameDelay > TimeSpan.Zero)
            {
                await Task.Delay(_frameDelay, time, context.RequestAborted);
            }
        }

        if (request.IncludeUsage)
        {
            await writer.WriteAsync(MockAnswers.UsageFrame, context.RequestAborted);
        }

        await writer.WriteAsync(MockAnswers.Done, context.RequestAborted);
    }
}
