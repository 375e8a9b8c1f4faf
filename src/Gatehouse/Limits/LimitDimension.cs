using Gatehouse.Identity;
using Gatehouse.Pipeline;

namespace Gatehouse.Limits;

/// <summary>What an exchange can be told apart by.</summary>
internal enum LimitField
{
    Key,
    Organization,
    Team,
    Project,
    User,
    Agent,
    Route,
    Operation,
    Run,
    Provider,
    Model,
    Target,
    Label,
}

/// <param name="Label">Its name, for <see cref="LimitField.Label"/>.</param>
internal readonly record struct LimitDimension(LimitField Field, string Label = "")
{
    private const string LabelPrefix = "label.";

    /// <summary>As it is written in <c>match</c> and <c>group_by</c>.</summary>
    public string Name => Field == LimitField.Label ? LabelPrefix + Label : Field.ToString().ToLowerInvariant();

    public bool DependsOnTarget => Field is LimitField.Provider or LimitField.Model or LimitField.Target;

    /// <returns>Null when there is none of the name.</returns>
    public static LimitDimension? Of(string name) =>
        name.StartsWith(LabelPrefix, StringComparison.Ordinal) && name.Length > LabelPrefix.Length ? new(LimitField.Label, name[LabelPrefix.Length..])
        : Enum.TryParse<LimitField>(name, ignoreCase: true, out var field) && field != LimitField.Label && name.All(char.IsAsciiLetterLower) ? new(field)
        : null;

    /// <summary>Names that may stand in <c>match</c> and <c>group_by</c>.</summary>
    public static string Known => "key, organization, team, project, user, agent, route, operation, run, provider, model, target, label.NAME";

    /// <param name="target">Null while it is not known.</param>
    /// <returns>Null where the exchange has none.</returns>
    public string? ValueOf(Exchange exchange, Target? target) => Field switch
    {
        LimitField.Key => exchange.Key!.Id,
        LimitField.User => exchange.User,
        LimitField.Route => exchange.Route?.Name,
        LimitField.Operation => exchange.Operation.Name,
        LimitField.Run => exchange.Run,
        LimitField.Provider => target?.Provider.Name,
        LimitField.Model => target?.Model,
        LimitField.Target => target?.Name,
        _ => ValueOf(exchange.Payer),
    };

    /// <summary>Whether one of the names by which it goes matches.</summary>
    public bool Matches(string pattern, Exchange exchange, Target? target) => Field switch
    {
        LimitField.Key => MatchesKey(pattern, exchange.Key!),
        _ => ValueOf(exchange, target) is { } value && Glob.Matches(pattern, value),
    };

    /// <summary>Whether it matches all exchanges of a key, or none; null when that is not to be said of the key alone.</summary>
    public bool? MatchesAll(string pattern, ApiKey key) => Field switch
    {
        LimitField.Key => MatchesKey(pattern, key),
        LimitField.Organization or LimitField.Team or LimitField.Project => ValueOf(key.Payer) is { } payer && Glob.Matches(pattern, payer),
        // What the key says holds; what it does not say the caller may.
        LimitField.Agent or LimitField.Label => ValueOf(key.Payer) is { } said ? Glob.Matches(pattern, said) : null,
        _ => null,
    };

    private static bool MatchesKey(string pattern, ApiKey key) => Glob.Matches(pattern, key.Name) || Glob.Matches(pattern, key.Id);

    private string? ValueOf(Payer payer) => Field switch
    {
        LimitField.Organization => payer.Organization,
        LimitField.Team => payer.Team,
        LimitField.Project => payer.Project,
        LimitField.Agent => payer.Agent,
        _ => payer.Labels.GetValueOrDefault(Label),
    };
}

/// <param name="Pattern">With <c>*</c> for any text.</param>
internal readonly record struct LimitCondition(LimitDimension Dimension, string Pattern);
