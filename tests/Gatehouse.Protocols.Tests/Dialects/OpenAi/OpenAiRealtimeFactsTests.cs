using System.Text;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Dialects.OpenAi;

namespace Gatehouse.Protocols.Tests.Dialects.OpenAi;

public sealed class OpenAiRealtimeFactsTests
{
    [Fact]
    public void The_usage_of_all_responses_and_transcriptions_adds_up()
    {
        var facts = new OpenAiRealtimeFacts();
        Read(facts, """{"type":"session.created","session":{"id":"sess_1","model":"gpt-realtime"}}""");
        Read(facts, """{"response":{"id":"resp_1","usage":{"input_tokens":10,"output_tokens":4,"input_token_details":{"cached_tokens":3,"audio_tokens":5},"output_token_details":{"audio_tokens":3}}},"type":"response.done"}""");
        Read(facts, """{"type":"response.created","response":{"usage":{"input_tokens":1000,"output_tokens":1000}}}""");
        Read(facts, """{"type":"conversation.item.input_audio_transcription.completed","usage":{"type":"duration","seconds":3}}""");
        Read(facts, """{"type":"conversation.item.input_audio_transcription.completed","usage":{"type":"tokens","input_tokens":7,"output_tokens":2}}""");
        Read(facts, """{"type":"response.done","response":{"status":"cancelled","usage":null}}""");
        Read(facts, """{"type":"response.done","response":{"usage":{}},"usage":{"input_tokens":1,"output_tokens":1}}""");

        Assert.Equal((15L, 3L, 7L, 3L), (facts.Usage!.InputTokens, facts.Usage.CacheReadTokens, facts.Usage.OutputTokens, facts.Usage.AudioOutputTokens));
        Assert.Equal(("sess_1", "gpt-realtime"), (facts.Id, facts.Model));
    }

    [Fact]
    public void Text_is_counted_and_sound_is_not()
    {
        var facts = new OpenAiRealtimeFacts();
        Read(facts, """{"type":"response.output_text.delta","delta":"12345"}""");
        Read(facts, """{"type":"response.output_audio_transcript.delta","delta":"123"}""");
        Read(facts, """{"type":"response.output_audio.delta","delta":"AAAAAAAA"}""");
        Read(facts, """{"type":"conversation.item.input_audio_transcription.delta","delta":"1"}""");

        Assert.Equal(8, facts.TextBytes);
    }

    [Theory]
    [InlineData("")]
    [InlineData("hello")]
    [InlineData("[]")]
    [InlineData("""{"type":5,"usage":[],"response":"x","session":null,"error":[],"delta":{}}""")]
    [InlineData("""{"type":"response.done","response":{"usage":{"input_tokens":1,"output_tokens":1}}""")]
    [InlineData("""{"type":"\ud800"}""")]
    public void What_is_no_event_says_nothing(string json)
    {
        var facts = new OpenAiRealtimeFacts();
        Read(facts, json);
        Assert.Null(facts.Usage);
    }

    [Fact]
    public void A_sum_never_turns_around()
    {
        var large = new Usage { InputTokens = long.MaxValue, OutputTokens = 1 };
        Assert.Equal((long.MaxValue, 2L, null), (large.Plus(large).InputTokens, large.Plus(large).OutputTokens, large.Plus(large).CacheReadTokens));
    }

    private static void Read(OpenAiRealtimeFacts facts, string json) => facts.Read(Encoding.UTF8.GetBytes(json), out _);
}
