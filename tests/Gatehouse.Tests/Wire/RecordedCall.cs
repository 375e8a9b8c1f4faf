using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Gatehouse.Tests.Wire;

/// <summary>
/// A recorded request made into one for the gateway, and what must become of it: the provider sees the recorded bytes again, and the
/// caller the recorded answer, but for what the gateway may change.
/// </summary>
/// <remarks>
/// What it may change: the value of "model"; and for a stream of a provider that reports usage only when asked, and
/// whose caller did not ask, <c>stream_options.include_usage</c> is set. The chunk which that adds (usage, and no choices) is not the caller's,
/// and is taken out of the answer.
/// </remarks>
internal sealed partial record RecordedCall(string FromCaller, string ToProvider, bool IsStream, bool UsageIsAskedByGateway)
{
    /// <summary>Bytes as characters, one for one: bodies are edited and compared as bytes.</summary>
    public static Encoding Bytes => Encoding.Latin1;

    /// <param name="callerAsksForUsage">False to leave the asking to the gateway, whatever was recorded.</param>
    public static RecordedCall Of(Recording recording, RecordedProvider provider, bool callerAsksForUsage)
    {
        var recorded = recording.Request is null ? Minimal(recording) : Bytes.GetString(recording.Request);
        var isStream = (bool?)Parse(recorded)["stream"] == true;
        var asks = (bool?)Parse(recorded)["stream_options"]?["include_usage"] == true;
        var unasked = recorded;
        if (asks && !callerAsksForUsage)
        {
            unasked = IncludeUsage().Replace(recorded, "${name}false", count: 1);
            Assert.False((bool)Parse(unasked)["stream_options"]!["include_usage"]!);
            asks = false;
        }

        var gatewayAsks = isStream && !asks && provider.NeedsAskingForUsage;
        var sent = !gatewayAsks ? unasked
            : !ReferenceEquals(unasked, recorded) ? recorded
            : unasked.Insert(unasked.LastIndexOf('}'), ",\"stream_options\":{\"include_usage\":true}");
        var model = provider.ModelOf(recording, (string?)Parse(recorded)["model"]);
        return new RecordedCall(WithModel(unasked, $"{provider.Name}/{model}"), WithModel(sent, model), isStream, gatewayAsks);
    }

    public string ExpectedAnswer(Recording recording)
    {
        var recorded = Bytes.GetString(recording.Response);
        return recording.IsEventStream && UsageIsAskedByGateway
            ? string.Concat(Frames().Matches(recorded).Select(frame => frame.Value).Where(frame => !IsUsageChunk(frame)))
            : recorded;
    }

    private static bool IsUsageChunk(string frame) => RecordedAnswer.DataOf(frame)
        .Any(data => data["usage"] is JsonObject && data["choices"] is JsonArray { Count: 0 });

    /// <summary>For recordings of a response alone.</summary>
    private static string Minimal(Recording recording) =>
        $"{{\"model\":\"{recording.Model ?? "unnamed"}\",\"messages\":[]{(recording.IsEventStream ? ",\"stream\":true" : "")}}}";

    private static string WithModel(string body, string model)
    {
        if ((string?)Parse(body)["model"] == model)
        {
            return body;
        }

        var places = ModelMember().Matches(body);
        if (places.Count == 0)
        {
            // Azure's own clients leave the model to the path; a caller of the gateway names it.
            return body.Insert(body.IndexOf('{') + 1, $"\"model\":\"{model}\",");
        }

        // A member of the same name may stand deeper in the body: the right one is the one that counts.
        return places.Select(place => body[..place.Index] + $"{place.Groups["name"].Value}\"{model}\"" + body[(place.Index + place.Length)..])
            .Single(changed => (string?)Parse(changed)["model"] == model);
    }

    private static JsonObject Parse(string body) => JsonNode.Parse(Bytes.GetBytes(body))!.AsObject();

    [GeneratedRegex("""(?<name>"model"\s*:\s*)"(\\.|[^"\\])*"(?!\s*:)""", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex ModelMember();

    [GeneratedRegex("""(?<name>"include_usage"\s*:\s*)true""", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex IncludeUsage();

    [GeneratedRegex(@".*?(\r?\n\r?\n|\z)", RegexOptions.Singleline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Frames();
}
