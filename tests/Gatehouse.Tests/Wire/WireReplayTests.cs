using Gatehouse.Tests.Harness;
using Gatehouse.Upstream;

namespace Gatehouse.Tests.Wire;

/// <summary>
/// Recorded traffic of real providers through the whole gateway. Nothing is translated between two sides of the same format, so recordings
/// that were normalized at their source are held to the same measure as those of the wire: byte for byte.
/// </summary>
public sealed class WireReplayTests(WireReplay replay) : IClassFixture<WireReplay>
{
    public static TheoryData<string> Exchanges => Rows(_ => true);

    public static TheoryData<string> StreamsThatAskForUsage => Rows(recording => recording is { IsEventStream: true, Request: { } request }
        && RecordedCall.Bytes.GetString(request).Contains("\"include_usage\"", StringComparison.Ordinal));

    [Theory]
    [MemberData(nameof(Exchanges))]
    public Task A_recorded_exchange_goes_through_as_it_was(string id) => ReplayAsync(id, inPieces: false, callerAsksForUsage: true);

    [Theory]
    [MemberData(nameof(Exchanges))]
    public Task A_recorded_answer_that_arrives_in_small_pieces_is_the_same(string id) => ReplayAsync(id, inPieces: true, callerAsksForUsage: true);

    [Theory]
    [MemberData(nameof(StreamsThatAskForUsage))]
    public Task A_recorded_stream_whose_caller_asks_for_no_usage_shows_none_and_is_metered(string id) =>
        ReplayAsync(id, inPieces: false, callerAsksForUsage: false);

    [Fact]
    public void No_recording_is_left_out_silently()
    {
        Assert.Equal(453, Recordings.All.Count);
        Assert.Equal(5, Recordings.Excluded.Count);
        Assert.Equal(42, Recordings.Translated.Count());
        Assert.Equal(406, Recordings.Replayed.Count());
        Assert.Equal(110, StreamsThatAskForUsage.Count);
        Assert.All(Recordings.Excluded.Keys, id => Assert.Contains(id, Recordings.All));
    }

    /// <summary>Without the archive one row is left, which is skipped, or fails in CI, when it looks for its recording.</summary>
    private static TheoryData<string> Rows(Func<Recording, bool> condition) => Recordings.ArePresent
        ? [.. Recordings.Replayed.Where(condition).Select(recording => new TheoryDataRow<string>(recording.Id) { Label = recording.Id })]
        : ["none"];

    private async Task ReplayAsync(string id, bool inPieces, bool callerAsksForUsage)
    {
        var recording = Recordings.All[id];
        var provider = RecordedProvider.Of(recording);
        var call = RecordedCall.Of(recording, provider, callerAsksForUsage);

        var replayed = await replay.SendAsync(recording, call, inPieces);

        Assert.Equal(recording.Status, replayed.Status);
        Assert.Equal(call.ExpectedAnswer(recording), replayed.Body);
        AssertRequest(recording, provider, call, replayed.Seen);
        AssertHeaders(recording, replayed.Headers);
        AssertRow(recording, call, replayed);
    }

    private static void AssertRequest(Recording recording, RecordedProvider provider, RecordedCall call, SeenRequest? seen)
    {
        Assert.NotNull(seen);
        Assert.Equal("POST", seen.Method);
        Assert.Equal(provider.TargetOf(recording), seen.Target);
        Assert.Equal(call.ToProvider, RecordedCall.Bytes.GetString(seen.Body));
        Assert.All(recording.RequestHeaders, header => Assert.Equal(header.Value, seen.Headers.GetValueOrDefault(header.Key)));
        var (name, value) = ProviderTable.Entries[provider.Kind].Auth == ProviderAuth.ApiKey
            ? ("api-key", RecordedProvider.ApiKey)
            : ("authorization", $"Bearer {RecordedProvider.ApiKey}");
        Assert.Equal(value, seen.Headers[name]);
        Assert.DoesNotContain(seen.Headers.Values, header => header.Contains(GatewayHost.Key, StringComparison.Ordinal));
    }

    private static void AssertHeaders(Recording recording, IReadOnlyDictionary<string, string> headers)
    {
        // What the provider runs on is not passed on; the gateway does not say what it runs on either.
        var expected = recording.ResponseHeaders.Where(header => header.Key != "server").ToDictionary(StringComparer.OrdinalIgnoreCase);
        expected["content-type"] = recording.ContentType;
        Assert.All(expected, header => Assert.Equal(header.Value, headers.GetValueOrDefault(header.Key)));
        Assert.DoesNotContain("server", headers);
        Assert.All(WireReplay.NotForCallers, header => Assert.DoesNotContain(header.Split(':')[0], headers));
    }

    private static void AssertRow(Recording recording, RecordedCall call, Replayed replayed)
    {
        var row = replayed.Row;
        Assert.Equal(RecordedUsage.Of(recording), RecordedUsage.Of(row));
        Assert.Equal(RecordedAnswer.Outcome(recording), row.GetProperty("outcome").GetString());
        Assert.Equal(recording.Status, row.GetProperty("status").GetInt32());
        Assert.Equal(call.IsStream || recording.IsEventStream, row.GetProperty("stream").GetBoolean());
        Assert.Equal(replayed.Headers["x-gatehouse-target"], row.GetProperty("target").GetString());
        Assert.Equal(replayed.Body.Length, row.GetProperty("delivered").GetProperty("bytes").GetInt64());
    }
}
