using System.Buffers;
using System.Data.Common;
using Gatehouse.Pipeline;
using Gatehouse.Protocols.Dialects.OpenAi;
using Gatehouse.Upstream;

namespace Gatehouse.Objects;

/// <summary>Whose the objects are that a request is about, and whose those that it made.</summary>
internal sealed partial class ObjectService(ObjectStore store, ILogger<ObjectService> logger)
{
    private const int MaxReferences = 1000;

    /// <summary>Where an object is that the caller made; null when it made none with this id.</summary>
    public async Task<IReadOnlyList<string>> ProvidersOfAsync(Exchange exchange, string id) =>
        [.. (await store.FindAsync(id)).Where(owner => IsCaller(exchange, owner)).Select(owner => owner.Provider)];

    /// <summary>Whether somebody else made an object at a provider.</summary>
    public async Task<bool> IsOfAnotherAsync(Exchange exchange, string id, string provider) =>
        (await store.FindAsync(id)).Any(owner => owner.Provider == provider && !IsCaller(exchange, owner));

    public Task<IReadOnlySet<string>> OwnedAsync(Exchange exchange, string provider, IReadOnlyList<string> ids) =>
        store.OwnedAsync(provider, exchange.Key!.Id, ids);

    /// <summary>
    /// Checks the ids of objects in a JSON body: none may be somebody else's. One that is not known at all was made outside the gateway, and
    /// only a key for the whole provider may use it.
    /// </summary>
    /// <param name="exchange">The request.</param>
    /// <param name="body">Its body.</param>
    /// <param name="provider">Where it goes; null when the ids are to tell.</param>
    /// <returns>Where it goes, as far as the ids tell.</returns>
    public async Task<(string? Provider, GatewayError? Error)> CheckBodyAsync(Exchange exchange, ReadOnlySequence<byte> body, string? provider)
    {
        var (found, _, error) = await ReadBodyAsync(exchange, body, provider);
        return (found, error);
    }

    /// <summary>
    /// Checks the ids of objects in a call of a model, which goes where the model is. Of an id that is not known here only a key for the whole
    /// of a provider may say that it is there.
    /// </summary>
    public async Task<GatewayError?> CheckCallAsync(Exchange exchange)
    {
        var request = exchange.Request;
        var (provider, unknown, error) = await ReadBodyAsync(exchange, request.Body, request.Provider);
        if (error is null)
        {
            (request.OnlyProvider, request.UnknownObject) = (provider, unknown);
        }

        return error;
    }

    private async Task<(string? Provider, GatewayError? Unknown, GatewayError? Error)> ReadBodyAsync(Exchange exchange, ReadOnlySequence<byte> body, string? provider)
    {
        GatewayError? unknown = null;
        var references = OpenAiObjectReferences.Read(body);
        if (references.Count > MaxReferences)
        {
            return (null, null, new GatewayError(GatewayErrorCode.InvalidRequest, $"The request body names more than {MaxReferences} objects."));
        }

        foreach (var (field, id) in references)
        {
            var owners = await store.FindAsync(id);
            var own = owners.FirstOrDefault(owner => IsCaller(exchange, owner) && (provider is null || owner.Provider == provider));
            if (own is not null)
            {
                provider ??= own.Provider;
                continue;
            }

            if (provider is null && owners.Count == 0)
            {
                // It tells nothing, and is asked about again when there is a provider.
                unknown ??= NotFound(id, field);
                continue;
            }

            var isUnknown = owners.All(owner => provider is not null && owner.Provider != provider);
            if (!isUnknown || provider is null || !exchange.Key!.AllowsProvider(provider))
            {
                return (null, null, NotFound(id, field));
            }
        }

        return (provider, unknown, null);
    }

    /// <summary>8 settle: notes what was made and deleted, before the end of the answer goes out.</summary>
    public async ValueTask<Outcome> SettleAsync(Exchange exchange, Outcome outcome)
    {
        var use = exchange.Request.Object;
        // What was translated is no object at the provider.
        if (exchange.Facts is not OpenAiAnswerFacts facts || (use is null && exchange.Operation != Operation.Responses) || exchange.Target is not { Provider: var provider }
            || provider.Entry.Dialect != ProviderDialect.Openai || exchange.Response.Status is < 200 or >= 300)
        {
            return outcome;
        }

        try
        {
            if (use?.Deleted is { } deleted)
            {
                await store.RemoveAsync(deleted, provider.Name);
            }

            var ids = new List<string>();
            if (use?.IsCreation != false && facts.Id is { } id)
            {
                ids.Add(id);
            }

            if (use is { MayNameFiles: true })
            {
                ids.AddRange(facts.Files);
            }

            if (ids.Count > 0)
            {
                await store.AddAsync(ids, provider.Name, exchange.Key!.Id, exchange.Snapshot.Options.Objects.Retention);
            }

            return outcome;
        }
        catch (Exception exception) when (exception is DbException or IOException or InvalidOperationException)
        {
            LogNotNoted(logger, exception, exchange.Id);
            return outcome.Continues
                ? new GatewayError(GatewayErrorCode.Overloaded, $"{provider.Name} has answered, but the gateway could not note whose the object is. Its log has the reason under {exchange.Id}.")
                : outcome;
        }
    }

    public static GatewayError NotFound(string id, string? field = null) =>
        new(GatewayErrorCode.NotFound, $"There is no object '{id}' here that this key made.") { Field = field };

    private static bool IsCaller(Exchange exchange, ObjectOwner owner) => owner.KeyId == exchange.Key!.Id;

    [LoggerMessage(Level = LogLevel.Error, Message = "Exchange {Exchange}: it could not be noted whose the object is.")]
    private static partial void LogNotNoted(ILogger logger, Exception exception, string exchange);
}
