using Gatehouse.Protocols.Chat;

namespace Gatehouse.Protocols.Tests.Chat;

/// <summary>Turns that are the chunks of a stream, as Google's SDK sends them back.</summary>
public sealed class StreamedTurnsTests
{
    private static readonly Signature Seal = new(Dialect.Anthropic, "s==");

    [Fact]
    public void Texts_are_joined_where_they_were_cut() => Assert.Equal(
        [new TextPart("Hello, world")],
        Join([new TextPart("Hel")], [new TextPart("lo, wor")], [new TextPart("ld")], [new TextPart("")]));

    [Fact]
    public void Pieces_of_a_thought_are_joined_up_to_their_signature() => Assert.Equal(
        [new ReasoningPart { Text = "I think", Signature = Seal }, new ReasoningPart { Text = "again" }, new ToolCallPart("c", "f", "{}")],
        Join(
            [new ReasoningPart { Text = "I " }], [new ReasoningPart { Text = "think" }], [new ReasoningPart { Signature = Seal, IsRedacted = true }],
            [new ReasoningPart { Text = "again" }], [new ToolCallPart("c", "f", "{}"), new TextPart("")]));

    [Fact]
    public void Parts_of_one_turn_stay_apart() => Assert.Equal([new TextPart("a"), new TextPart("b")], Join([new TextPart("a"), new TextPart("b")]));

    [Fact]
    public void Turns_of_the_user_stay_as_they_are()
    {
        ChatMessage[] turns = [new(Role.User, [new TextPart("a")]), new(Role.User, [new TextPart("b")])];

        Assert.Equal(turns, Conversation.JoinStreamed(turns));
    }

    private static IReadOnlyList<Part> Join(params Part[][] chunks) =>
        Assert.Single(Conversation.JoinStreamed([.. chunks.Select(parts => new ChatMessage(Role.Assistant, parts))])).Parts;
}
