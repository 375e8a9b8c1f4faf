using System.Globalization;
using System.Text;
using Gatehouse.Tests.Compatibility.Clients;
using Gatehouse.Tests.Compatibility.Providers;

namespace Gatehouse.Tests.Compatibility;

/// <summary>Writes <c>docs/compatibility.md</c> from what the tests demand of every cell.</summary>
internal static class CompatibilityPage
{
    private static readonly (Feature Feature, string Words)[] Features =
    [
        (Feature.Text, "Text"), (Feature.Stream, "Stream"), (Feature.Tools, "Tools"), (Feature.ParallelTools, "Parallel tools"),
        (Feature.ZeroArgumentTool, "Tool without arguments"), (Feature.ToolResults, "Results of tools"), (Feature.Images, "Images"),
        (Feature.SystemTurns, "System turns"), (Feature.ReasoningRoundTrip, "Thoughts, and back with their seal"), (Feature.StructuredOutput, "Structured output"),
        (Feature.LengthStop, "Stop at the length"), (Feature.Refusal, "Refusal"), (Feature.Usage, "Usage"), (Feature.Error, "Error"),
        (Feature.MidStreamError, "Error in a stream"), (Feature.ServerTool, "Search by the provider"),
    ];

    public static string Write()
    {
        var page = new StringBuilder("""
            # Compatibility

            Made by the tests (`tests/Gatehouse.Tests/Compatibility`; `GATEHOUSE_WRITE_DOCS=1` writes it anew): each cell is tried end to end, streamed and not,
            with requests, answers and rules written by hand from the specifications and recordings of both sides.

            - **yes**: the provider gets what the client meant, and the client gets what the provider meant, in its own form.
            - **dropped**: the call works; what could not be told to the provider is named in `x-gatehouse-dropped`.
            - **refused**: 422, which names what the provider cannot take; it is not called.
            - **-**: one of the two has nothing of the kind.

            For every pair also: a rate limit, a wrong key, a 500 with a page of HTML and a 529 keep their status in the client's envelope, rate-limit headers are
            told in the client's words, a stream that breaks off or holds garbage never ends well, and a whole answer to a call for a stream is streamed, as a
            stream to a call for a whole answer is collected.

            """.ReplaceLineEndings("\n"));
        var notes = new List<string>();
        foreach (var client in Client.All)
        {
            _ = page.Append(CultureInfo.InvariantCulture, $"\n## A client of {client.Name}\n\n| | {string.Join(" | ", Provider.All.Select(p => p.Name))} |\n");
            _ = page.Append("|---|").Append(string.Concat(Provider.All.Select(_ => "---|"))).Append('\n');
            foreach (var (feature, words) in Features)
            {
                var cells = Provider.All.Select(provider => Cell(Expectation.Of(client, provider, feature), notes));
                _ = page.Append(CultureInfo.InvariantCulture, $"| {words} | {string.Join(" | ", cells)} |\n");
            }
        }

        _ = page.Append("\n## Notes\n\n");
        for (var i = 0; i < notes.Count; i++)
        {
            _ = page.Append(CultureInfo.InvariantCulture, $"{i + 1}. {notes[i]}\n");
        }

        return page.ToString();
    }

    private static string Cell(Expectation expectation, List<string> notes)
    {
        if (expectation.Result == Result.Works)
        {
            return "yes";
        }

        var names = string.Join(", ", expectation.Names.Select(name => $"`{name}`"));
        var note = names.Length == 0 ? expectation.Why : $"{names}: {expectation.Why}";
        if (!notes.Contains(note, StringComparer.Ordinal))
        {
            notes.Add(note);
        }

        var word = expectation.Result switch { Result.Dropped => "dropped", Result.Refused => "refused", _ => "-" };
        return string.Create(CultureInfo.InvariantCulture, $"{word} [{notes.IndexOf(note) + 1}](#notes)");
    }
}
