using Gatehouse.Configuration;
using Gatehouse.Identity;

namespace Gatehouse.Limits;

/// <summary>Who pays for a key: what it names, else what its labels name, else what stands above.</summary>
internal static class PayerCompiler
{
    public static Payer Of(string? organization, string? team, string? project, string? agent, IReadOnlyDictionary<string, string> labels, GatewayOptions options)
    {
        project ??= labels.GetValueOrDefault("project");
        team ??= labels.GetValueOrDefault("team") ?? (project is null ? null : options.Projects.GetValueOrDefault(project)?.Team);
        organization ??= labels.GetValueOrDefault("organization") ?? (team is null ? null : options.Teams.GetValueOrDefault(team)?.Organization);
        return new Payer { Organization = organization, Team = team, Project = project, Agent = agent ?? labels.GetValueOrDefault("agent"), Labels = labels };
    }
}
