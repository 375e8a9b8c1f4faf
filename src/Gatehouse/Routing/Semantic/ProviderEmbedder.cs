using System.Buffers;
using System.Net;
using System.Net.Http.Headers;
using Gatehouse.Pipeline;
using Gatehouse.Protocols.Embeddings;
using Gatehouse.Upstream.Translation;

namespace Gatehouse.Routing.Semantic;

/// <summary>Vectors from a provider, in whatever format it has, over its own connections and with its own credential.</summary>
internal sealed class ProviderEmbedder(Target target) : IEmbedder
{
    /// <summary>64 vectors of 4,096 numbers, written out, are 5 MB.</summary>
    private const int MaxAnswerBytes = 16 * 1024 * 1024;

    private static readonly MediaTypeHeaderValue Json = new("application/json");

    private readonly EmbeddingFormat _format = EmbeddingRendition.FormatOf(target) ?? EmbeddingFormat.OpenAi;

    public async ValueTask<float[][]?> EmbedAsync(IReadOnlyList<string> texts, CancellationToken cancellationToken)
    {
        var request = new EmbeddingRequest(target.Model, [.. texts.Select(text => new TextInput(text))]);
        if (EmbeddingFormats.Check(_format, request, []) is not null)
        {
            return null;
        }

        var parts = new List<EmbeddingAnswer>();
        for (var call = 0; call < EmbeddingFormats.CallsFor(_format, request); call++)
        {
            if (await CallAsync(request, call, cancellationToken) is not { } answer)
            {
                return null;
            }

            parts.Add(answer);
        }

        return [.. EmbeddingAnswer.Join(parts).Vectors];
    }

    private async ValueTask<EmbeddingAnswer?> CallAsync(EmbeddingRequest request, int call, CancellationToken cancellationToken)
    {
        var body = new ArrayBufferWriter<byte>(1024);
        EmbeddingFormats.WriteRequest(_format, request, call, body);
        using var message = new HttpRequestMessage(HttpMethod.Post, EmbeddingRendition.UriOf(_format, target))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
            Content = new ReadOnlyMemoryContent(body.WrittenMemory) { Headers = { ContentType = Json } },
        };
        foreach (var (name, value) in target.Provider.Headers.Concat(target.Provider.DefaultHeaders))
        {
            _ = message.Headers.TryAddWithoutValidation(name, value);
        }

        try
        {
            if (target.Provider.Signer is { } signer && await signer.SignAsync(message, body.WrittenMemory, cancellationToken) is not null)
            {
                return null;
            }

            using var response = await target.Provider.Transport.SendAsync(message, cancellationToken);
            if (response.StatusCode != HttpStatusCode.OK)
            {
                return null;
            }

            await response.Content.LoadIntoBufferAsync(MaxAnswerBytes, cancellationToken);
            var answer = await response.Content.ReadAsByteArrayAsync(cancellationToken);
            return EmbeddingFormats.ReadAnswer(_format, new ReadOnlySequence<byte>(answer), EmbeddingFormats.InputsIn(_format, request, call), out _);
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException)
        {
            return null;
        }
    }
}
