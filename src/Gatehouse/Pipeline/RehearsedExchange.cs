using System.Buffers;
using Gatehouse.Configuration;
using Gatehouse.Identity;
using Gatehouse.Protocols.Dialects.OpenAi;
using Gatehouse.Runs;
using Gatehouse.Telemetry;

namespace Gatehouse.Pipeline;

/// <summary>An exchange that nobody makes: for asking what would become of one. Nothing of it is sent or recorded.</summary>
internal static class RehearsedExchange
{
    /// <summary>Stands in where nobody said who calls: its empty id is nothing to stick to.</summary>
    private static readonly ApiKey Nobody = new("", "", default, KeyOwner.File) { Models = ["*"] };

    /// <param name="path">As a client would call it.</param>
    /// <param name="model">What the client would call.</param>
    /// <param name="body">Null for an exchange of which nothing is known.</param>
    /// <param name="key">Null where it is not known who calls.</param>
    /// <param name="headers">As a client would send them.</param>
    /// <returns>An error for a body that would be refused.</returns>
    public static (Exchange? Exchange, GatewayError? Error) Of(
        Operation operation, string path, string model, ReadOnlyMemory<byte>? body, ApiKey? key, IReadOnlyDictionary<string, string> headers, Snapshot snapshot, TimeProvider time)
    {
        var http = new DefaultHttpContext();
        (http.Request.Method, http.Request.Path) = (HttpMethods.Post, path);
        foreach (var (name, value) in headers)
        {
            http.Request.Headers[name] = value;
        }

        var trace = TraceContext.From(http.Request.Headers, time.GetUtcNow());
        var (run, source) = RunHeaders.RunOf(http.Request.Headers, trace);
        var exchange = new Exchange(ExchangeKind.Model, operation, http, snapshot, time)
        {
            Trace = trace,
            Run = run,
            RunSource = source,
            Key = key ?? Nobody,
        };
        if (body is not { } given)
        {
            return (exchange, null);
        }

        var bytes = new ReadOnlySequence<byte>(given);
        if (OpenAiRequestEnvelope.Read(bytes, out var malformed, requireModel: false) is not { } envelope)
        {
            return (null, new GatewayError(GatewayErrorCode.InvalidRequest, malformed.Message!) { Field = "request" });
        }

        var isStream = envelope.IsStream || path.EndsWith(":streamGenerateContent", StringComparison.Ordinal);
        exchange.Request = ModelRequest.OfPath(model, isStream, isJsonArray: false, envelope, bytes, provider: null);
        return (exchange, null);
    }
}
