using System.Buffers;
using System.Net.Http.Headers;
using System.Runtime.ExceptionServices;
using Gatehouse.Pipeline;
using Gatehouse.Protocols.Dialects.PromptCache;
using Gatehouse.Protocols.Json;
using Gatehouse.Upstream.Credentials;
using Gatehouse.Upstream.Failures;
using Gatehouse.Upstream.Realtime;
using Gatehouse.Upstream.Translation;
using Microsoft.AspNetCore.Connections;

namespace Gatehouse.Upstream;

/// <summary>Sends one attempt to one target.</summary>
internal static class UpstreamClient
{
    private static readonly MediaTypeHeaderValue Json = new("application/json");

    /// <summary>As many as the client library makes by itself.</summary>
    private const int MaxResends = 3;

    /// <param name="countsWait">No other attempt of the exchange runs meanwhile: the wait is counted here.</param>
    /// <returns>The head of the answer, its body still to be read; or why there is none.</returns>
    public static async ValueTask<(HttpResponseMessage? Response, GatewayError? Error)> SendAsync(
        Exchange exchange, Target target, CallLifetime lifetime, Rendition? rendition, bool countsWait = true)
    {
        using var request = rendition is null ? CreateRequest(exchange, target) : CreateRequest(exchange, target, rendition);
        var body = request.Content;
        if (body is not null && target.Timeouts.Connect < target.Provider.Timeouts.Connect)
        {
            // The route gives less time than the provider's connections have.
            lifetime.AwaitConnection();
            request.Content = new AnnouncedContent(body, lifetime.AwaitFirstByte);
        }
        else
        {
            lifetime.AwaitFirstByte();
        }

        if (countsWait)
        {
            exchange.Timings.UpstreamWaitBegins();
        }

        try
        {
            if (target.Provider.Signer is { } signer && await SignAsync(signer, request, lifetime.Token) is { } unsigned)
            {
                return (null, unsigned);
            }

            HttpResponseMessage? response = null;
            for (var resends = 0; response is null; resends++)
            {
                try
                {
                    response = await target.Provider.Transport.SendAsync(request, lifetime.Token);
                }
                catch (HttpRequestException exception) when (resends < MaxResends && IsUnsent(exception, body))
                {
                    // On another connection.
                }
            }

            // An answer can take long; what was asked need not be kept for it.
            response.RequestMessage = null;
            if (exchange.Operation == Operation.Realtime && RealtimeHandshake.Check(request, response, target) is { } notOpened)
            {
                response.Dispose();
                return (null, notOpened);
            }

            return (response, null);
        }
        catch (OperationCanceledException) when (lifetime.Token.IsCancellationRequested)
        {
            return (null, lifetime.EndError(target.Name));
        }
        catch (OperationCanceledException)
        {
            // The handler's own ConnectTimeout.
            return (null, new GatewayError(
                GatewayErrorCode.UpstreamTimeout, $"{target.Name}: no connection within {target.Provider.Timeouts.Connect.TotalSeconds:0.###} s.")
            { Failure = FailureKind.Unreachable });
        }
        catch (HttpRequestException exception) when (exception.InnerException is BadHttpRequestException or ConnectionResetException)
        {
            // It was the caller's body that could not be read while it was passed on.
            ExceptionDispatchInfo.Throw(exception.InnerException);
            throw;
        }
        catch (HttpRequestException exception)
        {
            return (null, ErrorOf(exception, target));
        }
        finally
        {
            if (body is SplicedContent { IsWritten: false } spliced)
            {
                // Cancelled or broken while it was being sent: the buffers must not be given back before the last look at them.
                await spliced.WrittenAsync();
            }

            if (countsWait)
            {
                exchange.Timings.UpstreamWaitEnds();
            }
        }
    }

    /// <summary>
    /// The HTTP/2 connection was closed between its choice and its use (a GOAWAY): the client library repeats what the provider says it did not
    /// take, but not what came too late to be told of. Where no byte of the body has gone out, the provider cannot have begun on it.
    /// </summary>
    private static bool IsUnsent(HttpRequestException exception, HttpContent? body) =>
        exception.HttpRequestError == HttpRequestError.HttpProtocolError && body is SplicedContent { HasBegun: false };

    private static HttpRequestMessage CreateRequest(Exchange exchange, Target target)
    {
        var provider = target.Provider;
        var caller = exchange.Http.Request;
        var request = exchange.Request;
        var isRelay = exchange.Operation.IsRelay;
        var isRealtime = exchange.Operation == Operation.Realtime;
        var uri = isRealtime ? provider.UriOfRealtime(target.Model, request.RelayPath)
            : isRelay ? provider.UriOfRelay(request.RelayPath)
            : UpstreamPaths.Of(target, exchange.Operation, request);
        var message = NewMessage(isRelay || isRealtime ? new HttpMethod(caller.Method) : HttpMethod.Post, uri, provider);
        ForwardedHeaders.CopyRequest(caller.Headers, message.Headers);
        AddHeaders(message, exchange, provider);
        if (isRealtime)
        {
            RealtimeHandshake.Prepare(message, caller);
            return message;
        }

        message.Content = ContentOf(exchange, target, isRelay);
        return message;
    }

    /// <summary>A request in another form than the caller's: of the caller's headers none has a meaning for it but who calls.</summary>
    private static HttpRequestMessage CreateRequest(Exchange exchange, Target target, Rendition rendition)
    {
        var message = NewMessage(HttpMethod.Post, rendition.UriFor(target), target.Provider);
        if (rendition.ForwardsHeaders)
        {
            ForwardedHeaders.CopyRequest(exchange.Http.Request.Headers, message.Headers);
        }
        else
        {
            _ = message.Headers.TryAddWithoutValidation("user-agent", exchange.Http.Request.Headers.UserAgent.ToString());
        }

        AddHeaders(message, exchange, target.Provider);
        var parameters = exchange.Operation.CountsTokens ? null : target.Parameters;
        message.Content = Changed(new ReadOnlySequence<byte>(rendition.Body), [], parameters, PromptCacheOf(exchange, target, isTranslated: true));
        return message;
    }

    /// <summary>A request to a provider, still without headers.</summary>
    public static HttpRequestMessage NewMessage(HttpMethod method, Uri uri, ProviderModel provider) => new(method, uri)
    {
        VersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
        Version = provider.BaseUrl.StartsWith("https:", StringComparison.Ordinal) ? System.Net.HttpVersion.Version20 : System.Net.HttpVersion.Version11,
    };

    /// <summary>The credential and what else the provider needs.</summary>
    public static void AddHeaders(HttpRequestMessage message, ProviderModel provider)
    {
        foreach (var (name, value) in provider.Headers)
        {
            _ = message.Headers.Remove(name);
            _ = message.Headers.TryAddWithoutValidation(name, value);
        }

        foreach (var (name, value) in provider.DefaultHeaders)
        {
            if (!message.Headers.NonValidated.Contains(name))
            {
                _ = message.Headers.TryAddWithoutValidation(name, value);
            }
        }
    }

    private static void AddHeaders(HttpRequestMessage message, Exchange exchange, ProviderModel provider)
    {
        AddHeaders(message, provider);
        _ = message.Headers.TryAddWithoutValidation("traceparent", exchange.Trace.ToHeader());
        if (exchange.Trace.State is { } state)
        {
            _ = message.Headers.TryAddWithoutValidation("tracestate", state);
        }
    }

    private static async ValueTask<GatewayError?> SignAsync(IRequestSigner signer, HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (!signer.CoversBody || request.Content is not { } content)
        {
            return await signer.SignAsync(request, default, cancellationToken);
        }

        // Kept in memory from here on, and sent from there. How long it may be, the listener has decided.
        await content.LoadIntoBufferAsync(cancellationToken);
        return await signer.SignAsync(request, await content.ReadAsByteArrayAsync(cancellationToken), cancellationToken);
    }

    private static HttpContent? ContentOf(Exchange exchange, Target target, bool isRelay)
    {
        var caller = exchange.Http.Request;
        if (exchange.Request.Envelope is { } envelope)
        {
            var edits = isRelay || exchange.Operation.Dialect == Protocols.Chat.Dialect.Gemini ? [] : envelope.EditsFor(
                target.Model, target.Provider.RequestStreamUsage && exchange.Operation.HasStreamOptions);
            var parameters = isRelay || exchange.Operation.CountsTokens ? null : target.Parameters;
            return Changed(exchange.Request.Body, edits, parameters, PromptCacheOf(exchange, target, isTranslated: false));
        }

        if (exchange.Request.Form is { } form)
        {
            var content = new SplicedContent(new SplicedJson(exchange.Request.Body, form.EditsFor(target.Model)));
            ForwardedHeaders.CopyContent(caller.Headers, content.Headers);
            return content;
        }

        if (caller.ContentLength is null or 0 && caller.Headers.TransferEncoding.Count == 0)
        {
            return null;
        }

        var stream = new StreamContent(caller.Body);
        ForwardedHeaders.CopyContent(caller.Headers, stream.Headers);
        stream.Headers.ContentLength = caller.ContentLength;
        return stream;
    }

    /// <param name="edits">They touch no member that <paramref name="parameters"/> may change.</param>
    private static SplicedContent Changed(ReadOnlySequence<byte> body, JsonEdit[] edits, MemberChanges? parameters, PromptCachePlan? promptCache)
    {
        if (parameters is not null)
        {
            edits = Merged(parameters.EditsFor(body), edits);
        }

        if (promptCache is not null)
        {
            if (promptCache.ComesAfterChanges && edits.Length > 0)
            {
                // What is marked is not all in the caller's buffers.
                (body, edits) = (new ReadOnlySequence<byte>(new SplicedJson(body, edits).ToMemory()), []);
            }

            // First: a breakpoint behind the last member's text comes before a member that is added behind it.
            edits = Merged(PromptCacheMarks.EditsFor(body, promptCache), edits);
        }

        var content = new SplicedContent(new SplicedJson(body, edits));
        content.Headers.ContentType = Json;
        return content;
    }

    /// <summary>By a stable order: what both add to one place comes one behind the other.</summary>
    private static JsonEdit[] Merged(JsonEdit[] first, JsonEdit[] second) =>
        first.Length == 0 ? second : second.Length == 0 ? first : [.. first.Concat(second).OrderBy(edit => edit.Offset)];

    /// <returns>Null where no breakpoints are to be put into the request.</returns>
    private static PromptCachePlan? PromptCacheOf(Exchange exchange, Target target, bool isTranslated) =>
        target.PromptCache is { } plan && exchange.Operation.IsChat && plan.Dialect == TargetDialect.Of(target, exchange.Operation.Dialect)
            // Some of the caller's own may have been lost on the way into the target's dialect.
            && !(isTranslated && exchange.Request.Chat is { } chat && PromptCacheMarks.AreIn(chat))
            ? plan
            : null;

    private static GatewayError ErrorOf(HttpRequestException exception, Target target)
    {
        var (kind, what) = NetworkFailures.Of(exception);
        return new GatewayError(
            kind == FailureKind.ServerError ? GatewayErrorCode.UpstreamInvalidResponse : GatewayErrorCode.UpstreamError,
            $"{target.Name} could not be reached: {what}.")
        { Failure = kind };
    }
}
