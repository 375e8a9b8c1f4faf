using System.Text;
using System.Text.Json;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Protocols.Tests.Aligned;

/// <summary>
/// Another gateway's expected translations (wire-golden.tar.gz), as a cross-check and not a standard: where they say something else than
/// Gatehouse, and Gatehouse something else than the source, there is a reason in <see cref="AlignedExceptions"/>.
/// </summary>
public sealed class GoldenTests
{
    private const string Archive = "wire-golden.tar.gz";

    /// <summary>As the archive calls them; what is not here is no conversation, or the source's own format.</summary>
    private static readonly Dictionary<string, string> Formats = new(StringComparer.Ordinal)
    {
        ["completions"] = "chat-completions",
        ["messages"] = "anthropic",
        ["anthropic"] = "anthropic",
        ["responses"] = "responses",
        ["bedrock"] = "bedrock",
        ["gemini"] = "google",
        ["vertex-gemini"] = "google",
    };

    [Fact]
    public void Requests_of_another_gateway_say_the_same()
    {
        var comparison = new Comparison("golden requests");
        foreach (var (name, from, to, source, theirs) in Pairs("requests", words => (words[1], words[^2])))
        {
            var place = $"{name} {from.Name}>{to.Name}";
            var (body, dropped, refused) = Translator.Request(source, from, to, AlignedData.ModelOf(source) ?? "");
            if (body is { } written)
            {
                comparison.Add(place, from.Request(source), to.Request(theirs.At("request") ?? theirs), to.Request(written), dropped);
            }
            else
            {
                comparison.AddRefused(place, refused!);
            }
        }

        comparison.AssertCounts("55 compared, 12 equal, 18 as the source has it, 25 listed");
    }

    [Fact]
    public void Answers_of_another_gateway_say_the_same()
    {
        var comparison = new Comparison("golden answers");
        foreach (var (name, from, to, source, theirs) in Pairs("response", words => Halves(words[^2])))
        {
            var answer = theirs.At("response") ?? theirs;
            comparison.Add($"{name} {from.Name}>{to.Name}", from.Answer(source), to.Answer(answer), to.Answer(Translator.Answer(source, from, to)));
        }

        comparison.AssertCounts("41 compared, 23 equal, 15 as the source has it, 3 listed");
    }

    /// <summary>Snapshots are called <c>case.target.snap</c>, or <c>case.source-client.snap</c>, beside <c>case.json</c>; a text begins each.</summary>
    private static IEnumerable<(string Name, WireFormat From, WireFormat To, JsonElement Source, JsonElement Theirs)> Pairs(
        string folder, Func<string[], (string From, string To)> pairOf)
    {
        Require.Present(SharedData.IsPresent(Archive), "another gateway's translations");
        var files = SharedData.Read(Archive);
        foreach (var path in files.Keys.Where(p => p.StartsWith($"wire-golden/{folder}/", StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            // Folder, group, case, pair, snap.
            var words = path.Split('/', '.')[1..];
            var (from, to) = pairOf(words);
            if (words[^1] != "snap" || !files.TryGetValue($"wire-golden/{folder}/{words[1]}/{words[2]}.json", out var source)
                || !Formats.TryGetValue(from, out var read) || !Formats.TryGetValue(to, out var target) || read == target)
            {
                continue;
            }

            var text = Encoding.UTF8.GetString(files[path]);
            var json = text[(text.IndexOf("\n---\n", StringComparison.Ordinal) + 5)..];
            if (json.StartsWith('{'))
            {
                yield return (words[2], WireFormat.Of(read), WireFormat.Of(target), Parse(source), Parse(Encoding.UTF8.GetBytes(json)));
            }
        }
    }

    private static JsonElement Parse(byte[] json) => JsonDocument.Parse(json).RootElement;

    private static (string From, string To) Halves(string pair)
    {
        var cut = pair.LastIndexOf('-');
        return cut < 0 ? ("", "") : (pair[..cut], pair[(cut + 1)..]);
    }
}
