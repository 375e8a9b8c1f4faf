using System.Buffers;
using System.Text;
using System.Text.Json.Nodes;
using FsCheck.Fluent;
using Gatehouse.Pipeline;
using Gatehouse.Protocols.Dialects.OpenAi;
using Gatehouse.Runs;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests.Runs;

/// <summary>Which conversations go in circles.</summary>
public sealed class LoopTests
{
    public enum Format
    {
        Chat,
        Responses,
        Anthropic,
        Gemini,
    }

    public static TheoryData<Format> Formats() => new(Enum.GetValues<Format>());

    [Theory]
    [MemberData(nameof(Formats))]
    public void The_same_call_with_the_same_result_is_one_whatever_its_ids_order_and_white_space(Format format)
    {
        var watch = new LoopWatch();
        for (var i = 0; i < 2; i++)
        {
            Assert.Null(See(watch, Step(format, id: i, arguments: i == 0 ? """{"city":"Paris","unit":"c"}""" : """{ "unit": "c", "city": "Paris" }""")));
        }

        Assert.Contains("3 times in the last 10", See(watch, Step(format, id: 7, arguments: """{"city":"Paris","unit":"c"}"""))!, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void Polling_with_results_that_change_is_no_loop(Format format)
    {
        var watch = new LoopWatch();
        for (var i = 0; i < 40; i++)
        {
            Assert.Null(See(watch, Step(format, id: i, result: $"{i} % done")));
        }
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void Other_arguments_are_another_call(Format format)
    {
        var watch = new LoopWatch();
        for (var i = 0; i < 40; i++)
        {
            Assert.Null(See(watch, Step(format, id: i, arguments: $$"""{"line":{{i}}}""")));
        }
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void A_cycle_is_told_when_it_has_been_gone_round_twice(Format format)
    {
        for (var length = 2; length <= 6; length++)
        {
            var watch = new LoopWatch();
            for (var i = 0; i < (2 * length) - 1; i++)
            {
                Assert.Null(See(watch, Step(format, id: i, arguments: $$"""{"step":{{i % length}}}""")));
            }

            Assert.Contains($"the same {length} calls", See(watch, Step(format, id: 99, arguments: $$"""{"step":{{length - 1}}}"""))!, StringComparison.Ordinal);
        }
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void Answers_that_say_what_was_said_are_told(Format format)
    {
        var watch = new LoopWatch();
        const string Long = "I am sorry that I cannot do that for you. Please tell me more of what you need.";
        Assert.Null(See(watch, Said(format, Long, "please 0")));
        Assert.Null(See(watch, Said(format, Long, "please 1")));
        Assert.Null(See(watch, Said(format, "i am SORRY, that I cannot do that for you!", "please 2")));
        Assert.Contains("nothing that had not been said before", See(watch, Said(format, Long, "please 3"))!, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void Short_answers_and_new_ones_are_no_loop(Format format)
    {
        var watch = new LoopWatch();
        for (var i = 0; i < 30; i++)
        {
            Assert.Null(See(watch, Said(format, i % 2 == 0 ? "Done." : $"Here is what I found in file number {i} of them", $"next {i}")));
        }
    }

    [Fact]
    public void Agents_side_by_side_that_look_at_the_same_thing_are_no_loop()
    {
        var watch = new LoopWatch();
        for (var i = 0; i < 20; i++)
        {
            Assert.Null(See(watch, Step(Format.Anthropic, id: i, question: $"task of agent {i}")));
        }
    }

    [Fact]
    public void Results_without_their_calls_say_nothing()
    {
        Assert.Null(Read(Format.Responses, """{"model":"m","previous_response_id":"resp_1","input":[{"type":"function_call_output","call_id":"c","output":"ok"}]}"""));
        Assert.Null(Read(Format.Responses, """{"model":"m","input":[{"type":"function_call_output","call_id":"c","output":"ok"}]}"""));
        Assert.Null(Read(Format.Responses, """{"model":"m","previous_response_id":"resp_1","input":"go on"}"""));
    }

    [Fact]
    public void Thoughts_signatures_and_marks_for_caches_do_not_make_a_call_another_one()
    {
        var plain = Read(Format.Anthropic, """{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"q"}]},{"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"a"},{"type":"tool_use","id":"t1","name":"ls","input":{"id":1}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","content":[{"type":"text","text":"x"}]}]}]}""");
        var marked = Read(Format.Anthropic, """{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"q","cache_control":{"type":"ephemeral"}}]},{"role":"assistant","content":[{"type":"tool_use","id":"t2","name":"ls","input":{"id":1}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"t2","content":[{"type":"text","text":"x"}],"cache_control":{"type":"ephemeral"}}]}]}""");
        var other = Read(Format.Anthropic, """{"model":"m","messages":[{"role":"user","content":"q"},{"role":"assistant","content":[{"type":"tool_use","id":"t1","name":"ls","input":{"id":2}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","content":[{"type":"text","text":"x"}]}]}]}""");
        Assert.Equal((plain!.Conversation, plain.Key), (marked!.Conversation, marked.Key));
        Assert.NotEqual(plain.Key, other!.Key);
    }

    [Fact]
    public void Only_the_last_window_of_a_conversation_counts_and_little_is_kept()
    {
        // Whatever is called: a call is told exactly when it is among the last nine with the same key twice, or closes a cycle.
        Properties.Hold(Gen.Choose(0, 12).ListOf(60), steps =>
        {
            var watch = new LoopWatch();
            var keys = new List<int>();
            foreach (var step in steps)
            {
                var told = See(watch, Step(Format.Chat, id: keys.Count, arguments: $$"""{"step":{{step}}}""")) is not null;
                keys.Add(step);
                var repeats = keys.TakeLast(10).Count(key => key == step) >= 3;
                var cycles = Enumerable.Range(2, 5).Any(length => keys.Count >= 2 * length
                    && keys.TakeLast(length).SequenceEqual(keys.SkipLast(length).TakeLast(length)) && keys.TakeLast(length).Distinct().Count() > 1);
                Assert.Equal(repeats || cycles, told);
                Assert.InRange(watch.Count, 0, LoopWatch.MostKept);
            }
        }, count: 60);
    }

    [Fact]
    public void Whatever_stands_in_the_place_of_a_conversation_is_read_without_failing()
    {
        string[] values = ["null", "1", "\"x\"", "[]", "{}", "[1,null,\"x\",[]]", """[{"role":1,"content":{"a":[{}]}}]""", """[{"role":"assistant","content":"\ud800","tool_calls":[1,{"function":2},{"function":{"name":[],"arguments":"{"}}]}]""",
            """[{"type":"function_call","name":"f","arguments":"\ud800"},{"type":"function_call_output","output":[{"text":1}]}]""", """[{"role":"model","parts":[{"functionCall":1},{"functionCall":{"args":[1]}},{"thought":true}]},{"parts":[{"functionResponse":{"response":"x"}}]}]""",
            new string('[', 400) + new string(']', 400)];
        foreach (var format in Enum.GetValues<Format>())
        {
            foreach (var value in values)
            {
                foreach (var name in new[] { "messages", "input", "contents" })
                {
                    var watch = new LoopWatch();
                    _ = See(watch, Read(format, $$"""{"model":"m","{{name}}":{{value}},"{{name}}":{{value}}}"""));
                }
            }
        }
    }

    [Fact]
    public void A_body_in_pieces_is_read_as_one_that_is_whole()
    {
        var body = Encoding.UTF8.GetBytes(Body(Format.Anthropic, id: 1, """{"a":1}""", "r", "q"));
        var whole = TailReader.Read(Operation.Messages, RequestOf(new ReadOnlySequence<byte>(body)));
        for (var size = 1; size < 40; size++)
        {
            var tail = TailReader.Read(Operation.Messages, RequestOf(Pieces(body, size)));
            Assert.Equal((whole!.Conversation, whole.Key), (tail!.Conversation, tail.Key));
        }
    }

    private static string? See(LoopWatch watch, RequestTail? tail)
    {
        if (tail is null)
        {
            return null;
        }

        var told = watch.Look(tail);
        watch.Add(tail);
        return told;
    }

    private static RequestTail? Step(Format format, int id, string arguments = """{"city":"Paris"}""", string result = "sunny", string question = "What now?") =>
        Read(format, Body(format, id, arguments, result, question)) ?? throw new InvalidOperationException("nothing was read");

    private static string Body(Format format, int id, string arguments, string result, string question)
    {
        var (text, quoted) = (JsonValue.Create(question).ToJsonString(), JsonValue.Create(arguments).ToJsonString());
        // The conversation grows, as that of an agent does.
        var before = string.Concat(Enumerable.Range(0, id % 5).Select(i => format switch
        {
            Format.Chat => $$"""{"role":"assistant","content":"step {{i}}"},{"role":"user","content":"and?"},""",
            Format.Responses => $$"""{"type":"message","role":"assistant","content":[{"type":"output_text","text":"step {{i}}"}]},{"role":"user","content":"and?"},""",
            Format.Anthropic => $$"""{"role":"assistant","content":"step {{i}}"},{"role":"user","content":"and?"},""",
            _ => $$"""{"role":"model","parts":[{"text":"step {{i}}"}]},{"role":"user","parts":[{"text":"and?"}]},""",
        }));
        return format switch
        {
            Format.Chat => $$"""{"model":"m","messages":[{"role":"system","content":"now is {{id}}"},{"role":"user","content":{{text}}},{{before}}{"role":"assistant","content":null,"tool_calls":[{"id":"call_{{id}}","type":"function","function":{"name":"weather","arguments":{{quoted}} } }]},{"role":"tool","tool_call_id":"call_{{id}}","content":"{{result}}"}]}""",
            Format.Responses => $$"""{"model":"m","input":[{"role":"user","content":{{text}}},{{before}}{"type":"reasoning","id":"rs_{{id}}","encrypted_content":"{{id}}"},{"type":"function_call","id":"fc_{{id}}","call_id":"call_{{id}}","name":"weather","arguments":{{quoted}}},{"type":"function_call_output","call_id":"call_{{id}}","output":"{{result}}"}]}""",
            Format.Anthropic => $$"""{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":{{text}}}]},{{before}}{"role":"assistant","content":[{"type":"tool_use","id":"toolu_{{id}}","name":"weather","input":{{arguments}} }]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_{{id}}","content":"{{result}}"}]}]}""",
            _ => $$"""{"contents":[{"role":"user","parts":[{"text":{{text}}}]},{{before}}{"role":"model","parts":[{"functionCall":{"name":"weather","args":{{arguments}} },"thoughtSignature":"{{id}}"}]},{"role":"user","parts":[{"functionResponse":{"name":"weather","response":{"result":"{{result}}"} } }]}]}""",
        };
    }

    private static RequestTail? Said(Format format, string answer, string next) => Read(format, format switch
    {
        Format.Responses => $$"""{"model":"m","input":[{"role":"user","content":"hello"},{"role":"assistant","content":[{"type":"output_text","text":"{{answer}}"}]},{"role":"user","content":"{{next}}"}]}""",
        Format.Gemini => $$"""{"contents":[{"role":"user","parts":[{"text":"hello"}]},{"role":"model","parts":[{"text":"{{answer}}"}]},{"role":"user","parts":[{"text":"{{next}}"}]}]}""",
        _ => $$"""{"model":"m","messages":[{"role":"user","content":"hello"},{"role":"assistant","content":"{{answer}}"},{"role":"user","content":"{{next}}"}]}""",
    });

    private static RequestTail? Read(Format format, string body)
    {
        var operation = format switch
        {
            Format.Chat => Operation.Chat,
            Format.Responses => Operation.Responses,
            Format.Anthropic => Operation.Messages,
            _ => Operation.GenerateContent,
        };
        return TailReader.Read(operation, RequestOf(new ReadOnlySequence<byte>(Encoding.UTF8.GetBytes(body))));
    }

    private static ModelRequest RequestOf(ReadOnlySequence<byte> body) =>
        ModelRequest.OfPath("m", isStream: false, isJsonArray: false, OpenAiRequestEnvelope.Read(body, out _, requireModel: false)!, body, provider: null);

    private static ReadOnlySequence<byte> Pieces(byte[] body, int size)
    {
        var first = new Piece(body.AsMemory(0, Math.Min(size, body.Length)), 0);
        var last = first;
        for (var start = size; start < body.Length; start += size)
        {
            last = last.Append(body.AsMemory(start, Math.Min(size, body.Length - start)));
        }

        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }

    private sealed class Piece : ReadOnlySequenceSegment<byte>
    {
        public Piece(ReadOnlyMemory<byte> memory, long index) => (Memory, RunningIndex) = (memory, index);

        public Piece Append(ReadOnlyMemory<byte> memory)
        {
            var next = new Piece(memory, RunningIndex + Memory.Length);
            Next = next;
            return next;
        }
    }
}
