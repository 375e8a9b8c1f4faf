using Gatehouse.Protocols.Chat;

namespace Gatehouse.Protocols.Tests.Chat;

public sealed class PartSequencerTests
{
    [Fact]
    public void Calls_announced_before_their_arguments_lose_nothing() => Assert.Equal(
        ["start 0", "{\"x\":", "1}", "end", "start 1", "{}", "end"],
        Sequence(Call(0), Call(1), new PartDelta(1, "{}"), new PartDelta(0, "{\"x\":"), new PartDelta(0, "1}"), new PartEnded(1), new PartEnded(0)));

    [Fact]
    public void A_call_whose_arguments_are_whole_makes_room_for_the_next() => Assert.Equal(
        ["start 0", "{\"x\":\"}\"}", "end", "start 1"],
        Sequence(Call(0), new PartDelta(0, "{\"x\":\"}\"}"), Call(1)));

    [Fact]
    public void A_text_makes_room_for_the_next_part_and_goes_on_behind_it() => Assert.Equal(
        ["start 0", "a", "end", "start 1", "{}", "end", "start 0", "b", "end"],
        Sequence(Text(0), new PartDelta(0, "a"), Call(1), new PartDelta(0, "b"), new PartDelta(1, "{}"), new PartEnded(1), new PartEnded(0)));

    [Fact]
    public void A_custom_tools_text_ends_when_it_is_said_to() => Assert.Equal(
        ["start 0", "a", "b", "end", "start 1", "end"],
        Sequence(
            new PartStarted(0, 0, new ToolCallPart("c0", "f", "") { IsCustom = true }),
            new PartDelta(0, "a"), Text(1), new PartDelta(0, "b"), new PartEnded(0), new PartEnded(1)));

    [Fact]
    public void What_was_never_said_to_end_ends_with_the_answer() => Assert.Equal(
        ["start 0", "end", "start 1", "x", "end", "stop"],
        Sequence(Call(0), Text(1), new PartDelta(1, "x"), new ChoiceStopped(0, new Stop(StopReason.EndTurn, null))));

    private static PartStarted Call(int part) => new(0, part, new ToolCallPart($"c{part}", "f", ""));

    private static PartStarted Text(int part) => new(0, part, new TextPart(""));

    private static List<string> Sequence(params ChatStreamEvent[] events)
    {
        var sequencer = new PartSequencer();
        var output = new List<ChatStreamEvent>();
        foreach (var streamEvent in events)
        {
            sequencer.Push(streamEvent, output);
        }

        return [.. output.Select(e => e switch
        {
            PartStarted started => $"start {started.Part}",
            PartDelta delta => delta.Text,
            PartEnded => "end",
            ChoiceStopped => "stop",
            _ => e.ToString(),
        })];
    }
}
