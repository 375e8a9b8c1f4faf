using System.Text.Json;

namespace Gatehouse.Protocols.Tests.Aligned;

/// <summary>
/// Translations keep the meaning: of requests against the same request recorded in the target's format, of answers and streams against
/// what they were made of, and both against another implementation's. Meaning is read from the JSON by readers of the tests' own.
/// </summary>
public sealed class AlignedTests
{
    [Fact]
    public void Requests_say_what_the_same_case_says_in_the_targets_format()
    {
        var comparison = new Comparison("requests");
        foreach (var (name, from, to) in Pairs())
        {
            Compare(comparison, $"{name} {from.Format.Name}>{to.Format.Name}", from, "request", to, to.Format.Request(to.Files["request"]));
        }

        comparison.AssertCounts("252 compared, 81 equal, 50 as the source has it, 121 listed");
    }

    [Fact]
    public void Second_turns_keep_calls_results_and_thoughts()
    {
        var comparison = new Comparison("second turns");
        foreach (var (name, from, to) in Pairs().Where(p => p.From.Files.ContainsKey("followup-request")))
        {
            // The answers that it goes on from differ by format: the source alone is what it must say.
            Compare(comparison, $"{name} {from.Format.Name}>{to.Format.Name}", from, "followup-request", to, null);
        }

        comparison.AssertCounts("236 compared, 110 equal, 0 as the source has it, 126 listed");
    }

    [Fact]
    public void Answers_say_the_same_in_every_dialect()
    {
        var comparison = new Comparison("answers");
        foreach (var (place, from, to, answer) in Answers(["response", "followup-response"]))
        {
            comparison.Add(place, from.Answer(answer), null, to.Answer(Translator.Answer(answer, from, to)));
        }

        comparison.AssertCounts("976 compared, 819 equal, 0 as the source has it, 157 listed");
    }

    [Fact]
    public void Streams_say_the_same_in_every_dialect()
    {
        var comparison = new Comparison("streams");
        foreach (var (place, from, to, stream) in Answers(["response-streaming", "followup-response-streaming"]))
        {
            var events = stream.EnumerateArray().ToList();
            comparison.Add(place, from.Answer(from.Reader.Fold(events)), null, to.Answer(to.Reader.Fold(Translator.Stream(events, from, to))));
        }

        comparison.AssertCounts("676 compared, 576 equal, 0 as the source has it, 100 listed");
    }

    [Fact]
    public void Requests_of_another_implementation_say_the_same()
    {
        var comparison = new Comparison("requests of a peer");
        foreach (var peer in AlignedData.Instance.Translations)
        {
            var request = peer.Files["source_request"];
            var theirs = peer.Files["translated_request"];
            var place = $"{peer.Case} {peer.From.Name}>{peer.To.Name}";
            var (body, dropped, refused) = Translator.Request(request, peer.From, peer.To, AlignedData.ModelOf(theirs) ?? "");
            if (body is { } written)
            {
                comparison.Add(place, peer.From.Request(request), peer.To.Request(theirs), peer.To.Request(written), dropped);
            }
            else
            {
                comparison.AddRefused(place, refused!);
            }
        }

        comparison.AssertCounts("335 compared, 167 equal, 38 as the source has it, 130 listed");
    }

    [Fact]
    public void Answers_of_another_implementation_say_the_same()
    {
        var comparison = new Comparison("answers of a peer");
        foreach (var peer in AlignedData.Instance.Translations.Where(t => t.Files.ContainsKey("translated_response")))
        {
            var answer = peer.Files["target_response"];
            comparison.Add(
                $"{peer.Case} {peer.To.Name}>{peer.From.Name}", peer.To.Answer(answer), peer.From.Answer(peer.Files["translated_response"]),
                peer.From.Answer(Translator.Answer(answer, peer.To, peer.From)));
        }

        comparison.AssertCounts("328 compared, 296 equal, 30 as the source has it, 2 listed");
    }

    private static IEnumerable<(string Name, AlignedFormat From, AlignedFormat To)> Pairs() =>
        from c in AlignedData.Instance.Cases
        from source in c.Formats
        from target in c.Formats
        where source.Format.Codec.Dialect != target.Format.Codec.Dialect
        select (c.Name, source, target);

    private static IEnumerable<(string Place, WireFormat From, WireFormat To, JsonElement Answer)> Answers(string[] files) =>
        from c in AlignedData.Instance.Cases
        from source in c.Formats
        from file in files
        where source.Files.TryGetValue(file, out var recorded) && !IsWhole(recorded)
        from target in WireFormat.Dialects
        where source.Format.Codec.Dialect != target.Codec.Dialect
        select ($"{c.Name} {source.Format.Name}>{target.Name} {file}", source.Format, target, source.Files[file]);

    /// <summary>Some streams of Vertex were recorded as the whole answer that their client library made of them.</summary>
    private static bool IsWhole(JsonElement stream) => stream.ValueKind == JsonValueKind.Array && stream.GetArrayLength() == 1 && stream[0].Text("type") == "message";

    private static void Compare(Comparison comparison, string place, AlignedFormat from, string file, AlignedFormat to, Meaning? recorded)
    {
        var request = from.Files[file];
        var (body, dropped, refused) = Translator.Request(request, from.Format, to.Format, to.Model);
        if (body is { } written)
        {
            comparison.Add(place, from.Format.Request(request), recorded, to.Format.Request(written), dropped);
        }
        else
        {
            comparison.AddRefused(place, refused!);
        }
    }
}
