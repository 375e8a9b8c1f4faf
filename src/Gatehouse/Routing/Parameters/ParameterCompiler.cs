using System.Text;
using Gatehouse.Configuration.Binding;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Routing.Parameters;

/// <summary>Validates the parameters of a target and compiles them.</summary>
internal static class ParameterCompiler
{
    private const int MaxDepth = 8;

    /// <summary>The gateway's own: which model, and in which form it passes the answer on and meters it.</summary>
    private static readonly string[] Reserved = ["model", "stream", "stream_options"];

    /// <param name="isGemini">The target takes names in both of Google's spellings.</param>
    /// <returns>Null where there is nothing to change.</returns>
    public static MemberChanges? Compile(ParameterOptions options, bool isGemini, string path, ConfigurationErrors errors)
    {
        var written = new List<(MemberChange Change, string Path)>();
        written.AddRange(options.Defaults.Select(member => (Set(MemberChangeKind.Default, member), $"{path}.defaults.{member.Key}")));
        written.AddRange(options.Overrides.Select(member => (Set(MemberChangeKind.Override, member), $"{path}.overrides.{member.Key}")));
        written.AddRange(options.Drop.Select((name, i) => (new MemberChange(name, MemberChangeKind.Drop), $"{path}.drop[{i}]")));
        var isValid = true;
        for (var i = 0; i < written.Count; i++)
        {
            var (change, place) = written[i];
            if (Mistake(change.Path) is { } mistake)
            {
                errors.Add(place, mistake);
                isValid = false;
            }
            else if (written.Take(i).FirstOrDefault(other => Overlap(other.Change.Path, change.Path)) is { Path: { } other })
            {
                errors.Add(place, $"overlaps {other}: what one says, the other would undo");
                isValid = false;
            }
        }

        return isValid && written.Count > 0 ? new MemberChanges(written.Select(entry => entry.Change), isGemini) : null;
    }

    private static MemberChange Set(MemberChangeKind kind, KeyValuePair<string, System.Text.Json.JsonElement> member) =>
        new(member.Key, kind, Encoding.UTF8.GetBytes(member.Value.GetRawText()));

    private static string? Mistake(string name)
    {
        var segments = name.Split('.');
        return Array.Exists(segments, segment => segment.Length == 0 || !segment.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-'))
            ? $"'{name}' is not a name such as temperature or generationConfig.temperature"
            : segments.Length > MaxDepth ? $"leads more than {MaxDepth} levels deep"
            : Reserved.Contains(segments[0], StringComparer.Ordinal) ? $"'{segments[0]}' is decided by the gateway and cannot be changed"
            : null;
    }

    private static bool Overlap(string a, string b) => $"{a}.".StartsWith($"{b}.", StringComparison.Ordinal) || $"{b}.".StartsWith($"{a}.", StringComparison.Ordinal);
}
