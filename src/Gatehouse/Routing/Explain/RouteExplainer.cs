using System.Globalization;
using System.Runtime.InteropServices;
using Gatehouse.Configuration;
using Gatehouse.Configuration.Binding;
using Gatehouse.Pipeline;
using Gatehouse.Routing.Attempts;
using Gatehouse.Routing.Traits;
using Gatehouse.Upstream.Translation;

namespace Gatehouse.Routing.Explain;

/// <summary>Makes an exchange of what somebody asks about, and explains what would become of it.</summary>
/// <param name="random">Chance decides as it would for an exchange.</param>
internal sealed class RouteExplainer(TimeProvider time, Random random)
{
    public static string NotFound(string name, Snapshot snapshot) =>
        $"There is no route '{name}'" + (KeyNames.Nearest(name, snapshot.Routes.Keys) is { } nearest ? $"; did you mean '{nearest}'?"
            : snapshot.Routes.Count == 0 ? ": the configuration has none."
            : $". Routes: {string.Join(", ", snapshot.Routes.Keys.Order(StringComparer.Ordinal).Take(10))}.");

    /// <returns>An error for a request that cannot be read.</returns>
    public (RouteExplanation? Explanation, GatewayError? Mistake) Explain(Snapshot snapshot, RouteModel route, RouteExplainRequest request)
    {
        var (operation, path, unknown) = RequestShape.Of(request.Request, request.Path);
        if (unknown is not null)
        {
            return (null, unknown);
        }

        var key = request.Key is null ? null : snapshot.Keys.Values.FirstOrDefault(key =>
            string.Equals(key.Name, request.Key, StringComparison.Ordinal) || string.Equals(key.Id, request.Key, StringComparison.Ordinal));
        if (request.Key is not null && key is null)
        {
            var nearest = KeyNames.Nearest(request.Key, snapshot.Keys.Values.Select(other => other.Name));
            return (null, new GatewayError(GatewayErrorCode.InvalidRequest, $"There is no key '{request.Key}'" + (nearest is null ? "." : $"; did you mean '{nearest}'?")) { Field = "key" });
        }

        var headers = request.Headers ?? new Dictionary<string, string>(StringComparer.Ordinal);
        if (headers.FirstOrDefault(header => !IsHeader(header)) is { Key: not null } header)
        {
            return (null, new GatewayError(GatewayErrorCode.InvalidRequest, $"'{header.Key}' is not a header.") { Field = "headers" });
        }

        var hasRequest = request.Request is not null;
        var (exchange, malformed) = RehearsedExchange.Of(operation!, path, route.Name!, request.Request is { } given ? JsonMarshal.GetRawUtf8Value(given).ToArray() : (ReadOnlyMemory<byte>?)null, key, headers, snapshot, time);
        if (malformed is not null)
        {
            return (null, malformed);
        }

        exchange!.Route = route;
        var seed = random.Next();
        var facts = new ExchangeContext(exchange, new Random(seed), isRehearsal: true);
        var cost = new ExpectedCost(snapshot.Catalog, time);
        var explanation = RouteExplanation.Of(
            route,
            () => new ExchangeContext(exchange, new Random(seed), isRehearsal: true),
            target => hasRequest ? ObstacleAt(target, exchange, facts) : target.Limits?.Check(default).Text() is { } limit ? new TargetObstacle(limit, IsFinal: false) : null,
            target => hasRequest ? cost.Of(target, facts) : null);
        return (explanation with
        {
            Request = hasRequest ? Described(operation!, path, facts) : null,
            Refusal = key?.AllowsRoute(route.Name!) == false ? $"the key '{key.Name}' may not use '{route.Name}' (permission_denied)" : null,
        }, null);
    }

    /// <summary>What cannot be said in the target's format is found out as it is for an exchange: by writing it.</summary>
    private static TargetObstacle? ObstacleAt(RouteTarget target, Exchange exchange, ExchangeContext context)
    {
        if (target.WhyNot(context) is { } obstacle)
        {
            return new TargetObstacle(obstacle, IsFinal: false);
        }

        exchange.Target = target.Target;
        return Renditions.Of(exchange, target.Target).Error is { } error ? new TargetObstacle(error.Message, !Disposition.Of(error.FailureKind).TriesNext) : null;
    }

    private static string Described(Operation operation, string path, ExchangeContext context)
    {
        var traits = context.Traits;
        string?[] parts =
        [
            $"{operation.Name} as sent to {path}",
            string.Create(CultureInfo.InvariantCulture, $"about {context.InputTokens} tokens in"),
            traits.Modalities == Modalities.None ? null : $"with {traits.Modalities.ToString().ToLowerInvariant()}",
            traits.UsesTools ? "with tools" : null,
            traits.WantsStructuredOutput ? "for an answer by a schema" : null,
            traits.WantsReasoning ? "with reasoning" : null,
            traits.IsStream ? "as a stream" : null,
        ];
        return string.Join(", ", parts.Where(part => part is not null));
    }

    private static bool IsHeader(KeyValuePair<string, string> header) =>
        header.Value is not null && header.Key.Length > 0 && header.Key.All(c => char.IsAsciiLetterOrDigit(c) || "!#$%&'*+-.^_`|~".Contains(c, StringComparison.Ordinal))
        && !header.Value.Any(c => c is '\r' or '\n' or '\0');
}
