using Gatehouse.Pipeline;
using Gatehouse.Protocols.Dialects.OpenAi;

namespace Gatehouse.Ingress;

/// <summary>
/// Reads a request of Google's format, which names model and verb in its path: <c>/v1beta/models/{model}:generateContent</c>, also below
/// <c>/v1</c>. The model may be <c>provider/model</c>, its slash written as it is or as <c>%2F</c>; "models/" may be missing before it, as
/// some clients (Vercel's AI SDK) leave it out where the model has a slash in it.
/// </summary>
internal static class GeminiIngress
{
    private const string Models = "/models/";

    /// <summary>As in a body: no provider has a name as long; it goes into headers and the ledger.</summary>
    private const int MaxModelLength = 512;

    /// <summary>What a path asks for; null when it is none of Google's.</summary>
    public static Operation? OperationOf(string path)
    {
        var colon = path.LastIndexOf(':');
        if (colon < 0 || (!path.StartsWith("/v1/", StringComparison.Ordinal) && !path.StartsWith("/v1beta/", StringComparison.Ordinal)))
        {
            return null;
        }

        return path.AsSpan(colon + 1) switch
        {
            "generateContent" or "streamGenerateContent" => Operation.GenerateContent,
            "countTokens" => Operation.CountContentTokens,
            "embedContent" => Operation.EmbedContent,
            "batchEmbedContents" => Operation.BatchEmbedContents,
            _ => null,
        };
    }

    public static async ValueTask<Outcome> ReadAsync(Exchange exchange)
    {
        var http = exchange.Http;
        if (ModelIngress.CheckHead(http) is { } unfit)
        {
            return unfit;
        }

        var path = http.Request.Path.Value!;
        var model = ModelOf(path);
        if (model.Length is 0 or > MaxModelLength)
        {
            return new GatewayError(GatewayErrorCode.InvalidRequest, $"The model in the path must have 1 to {MaxModelLength} characters.") { Field = "model" };
        }

        var (body, error) = await ModelIngress.ReadBodyAsync(exchange);
        if (error is not null)
        {
            return error;
        }

        if (OpenAiRequestEnvelope.Read(body, out var malformed, requireModel: false) is not { } envelope)
        {
            http.Request.BodyReader.AdvanceTo(body.End);
            return new GatewayError(GatewayErrorCode.InvalidRequest, malformed.Message!) { Field = malformed.Field };
        }

        var isStream = path.EndsWith(":streamGenerateContent", StringComparison.Ordinal);
        var isSse = string.Equals(http.Request.Query["alt"], "sse", StringComparison.OrdinalIgnoreCase);
        exchange.Request = ModelRequest.OfPath(
            model, isStream, isJsonArray: isStream && !isSse, envelope, body, ModelIngress.ProviderOf(http.Request.Headers));
        return Outcome.Continue;
    }

    private static string ModelOf(string path)
    {
        var models = path.IndexOf(Models, StringComparison.Ordinal);
        var start = models >= 0 ? models + Models.Length : path.IndexOf('/', 1) + 1;
        var model = path[start..path.LastIndexOf(':')].Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);
        // Google's full name of a model is "models/NAME"; some clients put it into a path that has the word already.
        return model.StartsWith("models/", StringComparison.Ordinal) ? model["models/".Length..] : model;
    }
}
