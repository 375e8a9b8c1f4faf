using Gatehouse.Pipeline;

namespace Gatehouse.Identity;

/// <summary>
/// What a caller says of itself, beside its key: <c>x-gatehouse-user</c>, <c>x-gatehouse-agent</c>, and <c>x-gatehouse-labels</c>
/// (<c>name=value, ...</c>). What the key says of agent and labels holds against them: no caller can write its calls to others.
/// </summary>
internal static class PayerHeaders
{
    public const int MaxLength = 256;

    private const string UserHeader = "x-gatehouse-user";
    private const string AgentHeader = "x-gatehouse-agent";
    private const string LabelsHeader = "x-gatehouse-labels";
    private const int MaxLabels = 16;

    /// <returns>An error when a header has no meaning.</returns>
    public static GatewayError? Read(ApiKey key, IHeaderDictionary headers, out Payer payer)
    {
        payer = key.Payer;
        if (Text(headers, UserHeader, out var user) is { } badUser)
        {
            return badUser;
        }

        if (Text(headers, AgentHeader, out var agent) is { } badAgent)
        {
            return badAgent;
        }

        if (user is not null || (agent is not null && payer.Agent is null))
        {
            payer = payer with { User = user, Agent = payer.Agent ?? agent };
        }

        return headers.TryGetValue(LabelsHeader, out var labels) ? AddLabels(labels.ToString(), ref payer) : null;
    }

    private static GatewayError? Text(IHeaderDictionary headers, string name, out string? text)
    {
        text = headers.TryGetValue(name, out var values) ? values.ToString().Trim() : null;
        return text is { Length: 0 or > MaxLength } ? Invalid(name, $"must be 1 to {MaxLength} characters.") : null;
    }

    private static GatewayError? AddLabels(string text, ref Payer payer)
    {
        var labels = new Dictionary<string, string>(payer.Labels, StringComparer.Ordinal);
        var pairs = text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        foreach (var pair in pairs)
        {
            var equals = pair.IndexOf('=', StringComparison.Ordinal);
            if (equals < 1 || pair.Length > MaxLength || pairs.Length > MaxLabels)
            {
                return Invalid(LabelsHeader, $"must be name=value pairs with commas between them, at most {MaxLabels} of at most {MaxLength} characters.");
            }

            _ = labels.TryAdd(pair[..equals].TrimEnd(), pair[(equals + 1)..].TrimStart());
        }

        payer = payer with { Labels = labels };
        return null;
    }

    private static GatewayError Invalid(string header, string rule) =>
        new(GatewayErrorCode.InvalidRequest, $"The header {header} {rule}") { Field = header };
}
