using System.Buffers;
using System.Data.Common;
using Gatehouse.Objects;
using Gatehouse.Pipeline;
using Gatehouse.Protocols.Dialects.OpenAi;
using Gatehouse.Upstream;

namespace Gatehouse.Ingress;

/// <summary>
/// Reads a request about objects at a provider (files, batches, stored responses, ...). An id that a key has made leads back to its
/// provider, for that key alone; all else is relayed as any path that the gateway does not know.
/// </summary>
internal sealed class ObjectIngress(ObjectService objects)
{
    public async ValueTask<Outcome> ReadAsync(Exchange exchange)
    {
        try
        {
            return await ReadRequestAsync(exchange);
        }
        catch (DbException exception)
        {
            return NotNow(exception);
        }
    }

    /// <summary>Reads a chat, which may have files in it by their ids.</summary>
    public async ValueTask<Outcome> ReadChatAsync(Exchange exchange)
    {
        var outcome = await ModelIngress.ReadAsync(exchange);
        if (!outcome.Continues || !OpenAiObjectReferences.MayHaveFiles(exchange.Request.Body))
        {
            return outcome;
        }

        try
        {
            return await objects.CheckCallAsync(exchange) is { } error ? error : outcome;
        }
        catch (DbException exception)
        {
            return NotNow(exception);
        }
    }

    private static GatewayError NotNow(DbException exception) =>
        new(GatewayErrorCode.Overloaded, $"The gateway cannot find out whose the object is at the moment ({exception.Message}). Try again later.");

    private async Task<Outcome> ReadRequestAsync(Exchange exchange)
    {
        var path = RelayIngress.RelayPathOf(exchange.Http);
        var about = path is null || IsOfOtherFormat(exchange) ? null : ObjectFamily.Find(path);
        var isResponses = about is { Id: null, Family.Path: "/responses" };
        if (about is not null && !isResponses)
        {
            return await ReadAsync(exchange, path!, about);
        }

        var outcome = await RelayIngress.ReadAsync(exchange);
        if (!outcome.Continues || exchange.Request is not { Envelope: not null, Provider: { } provider })
        {
            return outcome;
        }

        exchange.Request.Object = isResponses ? new ObjectUse { IsCreation = true } : null;
        var (_, error) = await objects.CheckBodyAsync(exchange, exchange.Request.Body, provider);
        return error is null ? outcome : error;
    }

    private async Task<Outcome> ReadAsync(Exchange exchange, string path, ObjectPath about)
    {
        var request = exchange.Http.Request;
        var named = ModelIngress.ProviderOf(request.Headers);
        var (body, refused) = await BodyAsync(exchange, about.Family);
        if (refused is not null)
        {
            return refused;
        }

        var (provider, use, error) = about.Id is null
            ? await OfCollectionAsync(exchange, about.Family, named, body)
            : await OfObjectAsync(exchange, about, named);
        if (error is null && body is { } json && provider is not null)
        {
            (_, error) = await objects.CheckBodyAsync(exchange, json, provider);
        }

        if (error is not null)
        {
            if (body is { } unused)
            {
                request.BodyReader.AdvanceTo(unused.End);
            }

            return error;
        }

        if (body is not { } kept)
        {
            exchange.Request = new ModelRequest { RelayPath = path, Provider = provider, Object = use };
            return Outcome.Continue;
        }

        // The body names the object, not the model that is called: "model" in it opens nothing.
        var outcome = ModelIngress.Scan(exchange, kept, requireModel: false, path);
        if (outcome.Continues)
        {
            exchange.Request = ModelRequest.OfRelay(exchange.Request.Envelope!, kept, provider, path, use);
        }

        return outcome;
    }

    /// <summary>A JSON body is read for the ids in it; an upload is not.</summary>
    private static async ValueTask<(ReadOnlySequence<byte>? Body, GatewayError? Error)> BodyAsync(Exchange exchange, ObjectFamily family)
    {
        var request = exchange.Http.Request;
        if (request.ContentLength is null or 0 && request.Headers.TransferEncoding.Count == 0)
        {
            return (null, null);
        }

        if (family.TakesUploads && !(request.ContentType is { } type && ModelIngress.IsJson(type)))
        {
            return (null, null);
        }

        if (ModelIngress.CheckContentType(request) is { } unsupported)
        {
            return (null, unsupported);
        }

        var (body, error) = await ModelIngress.ReadBodyAsync(exchange);
        return error is null && body.IsEmpty ? (null, null) : (body, error);
    }

    /// <summary>An object, or something below it.</summary>
    private async Task<(string? Provider, ObjectUse? Use, GatewayError? Error)> OfObjectAsync(Exchange exchange, ObjectPath about, string? named)
    {
        var id = about.Id!;
        var providers = await objects.ProvidersOfAsync(exchange, id);
        var isPost = HttpMethods.IsPost(exchange.Http.Request.Method);
        var use = new ObjectUse
        {
            // What is posted below an object may call a model (a remix of a video, a run of an evaluation).
            IsOwned = !isPost || about.Family.Creation == CreationScope.AnyModel,
            IsCreation = isPost,
            MayNameFiles = true,
            Deleted = about.IsWhole && HttpMethods.IsDelete(exchange.Http.Request.Method) ? id : null,
        };
        if (named is not null)
        {
            // With the header it is today's rule that decides of what the gateway has not seen being made.
            return providers.Contains(named, StringComparer.Ordinal) ? (named, use, null)
                : exchange.Key!.AllowsProvider(named) && await objects.IsOfAnotherAsync(exchange, id, named) ? (null, null, ObjectService.NotFound(id))
                : (named, null, null);
        }

        return providers switch
        {
            [var only] => (only, use, null),
            [] => (null, null, ObjectService.NotFound(id)),
            _ => (null, null, Ambiguous(providers)),
        };
    }

    /// <summary>A new object, or the list of objects.</summary>
    private async Task<(string? Provider, ObjectUse? Use, GatewayError? Error)> OfCollectionAsync(
        Exchange exchange, ObjectFamily family, string? named, ReadOnlySequence<byte>? body)
    {
        var key = exchange.Key!;
        var isCreation = HttpMethods.IsPost(exchange.Http.Request.Method);
        var provider = named;
        if (provider is null && body is { } json)
        {
            (provider, var error) = await objects.CheckBodyAsync(exchange, json, provider: null);
            if (error is not null)
            {
                return (null, null, error);
            }
        }

        if (provider is null)
        {
            var candidates = exchange.Snapshot.Providers.Values.Where(candidate => HasObjects(candidate) && key.AllowsSomeOf(candidate.Name))
                .Select(candidate => candidate.Name).Order(StringComparer.Ordinal).ToArray();
            if (candidates is not [var only])
            {
                return (null, null, Ambiguous(candidates));
            }

            provider = only;
        }

        if (isCreation)
        {
            return (provider, new ObjectUse { IsCreation = true, IsOwned = family.Creation == CreationScope.AnyModel && key.AllowsSomeOf(provider) }, null);
        }

        if (key.AllowsProvider(provider) || !key.AllowsSomeOf(provider) || !HttpMethods.IsGet(exchange.Http.Request.Method))
        {
            return (provider, new ObjectUse(), null);
        }

        return (provider, new ObjectUse { IsOwned = true, Owned = ids => objects.OwnedAsync(exchange, provider, ids) }, null);
    }

    private static GatewayError Ambiguous(IReadOnlyList<string> providers) => new(
        GatewayErrorCode.InvalidRequest,
        "Name the provider with the header x-gatehouse-provider" + (providers.Count == 0 ? "." : $": one of {string.Join(", ", providers.Take(10))}."))
    { Field = "x-gatehouse-provider" };

    private static bool IsOfOtherFormat(Exchange exchange) => ModelIngress.ProviderOf(exchange.Http.Request.Headers) is { } named
        && exchange.Snapshot.Providers.TryGetValue(named, out var provider) && provider.Entry.Dialect != ProviderDialect.Openai;

    /// <summary>The sandbox keeps nothing.</summary>
    private static bool HasObjects(ProviderModel provider) => provider.Entry is { Dialect: ProviderDialect.Openai, Kind: not ProviderTable.Sandbox };
}
