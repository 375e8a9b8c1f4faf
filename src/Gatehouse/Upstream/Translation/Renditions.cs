using Gatehouse.Pipeline;
using Gatehouse.Protocols.Chat;

namespace Gatehouse.Upstream.Translation;

/// <summary>Decides whether a call can go to a target as it is, and puts it into the target's form if not.</summary>
internal static class Renditions
{
    /// <returns>Neither for a call that goes as it is; an error for what the target cannot take.</returns>
    public static (Rendition? Rendition, GatewayError? Error) Of(Exchange exchange, Target target)
    {
        var operation = exchange.Operation;
        exchange.Dropped = [];
        if (operation.IsRelay)
        {
            return default;
        }

        if (operation.IsChat)
        {
            return OfChat(exchange, target);
        }

        if (operation.IsEmbedding)
        {
            return EmbeddingRendition.Of(exchange, target);
        }

        if (operation == Operation.Rerank)
        {
            return RerankRendition.Of(exchange, target);
        }

        return operation.CountsTokens ? TokenCountRendition.Of(exchange, target)
            : target.Provider.Dialect == ProviderDialect.Openai ? default
            : (null, new GatewayError(GatewayErrorCode.UnsupportedFeature, $"{target.Name} has nothing like {operation.Name}: {target.Provider.Entry.Title} speaks another format."));
    }

    private static (Rendition? Rendition, GatewayError? Error) OfChat(Exchange exchange, Target target)
    {
        var caller = exchange.Operation.Dialect;
        var dialect = TargetDialect.Of(target, caller);
        if (dialect == caller && exchange.Route?.Continuation is not (null or Continuation.Off) && exchange.Request.IsStream
            && ChatRendition.Of(exchange, target, dialect, isRequestOnly: false) is { Rendition: { } joinable })
        {
            // Written by one writer from the beginning, as only that can be gone on with.
            joinable.ForwardsAll();
            return (joinable, null);
        }

        if (dialect != caller || exchange.Request.IsJsonArray || exchange.Joined is not null)
        {
            return ChatRendition.Of(exchange, target, dialect, isRequestOnly: false);
        }

        // A target that speaks the caller's dialect gets the caller's bytes, and answers for them itself. But Claude on Vertex wants its
        // model out of the body; and thoughts that another provider has sealed would be refused: its maker's name tells them.
        return (target.Provider.Dialect == ProviderDialect.Vertex && dialect == Dialect.Anthropic) || exchange.Request.HasForeignSignatures
            ? ChatRendition.Of(exchange, target, dialect, isRequestOnly: true)
            : default;
    }
}
