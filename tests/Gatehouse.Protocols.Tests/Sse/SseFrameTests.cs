using System.Text;
using FsCheck.Fluent;
using Gatehouse.Protocols.Sse;
using Gatehouse.Protocols.Tests.Generators;

namespace Gatehouse.Protocols.Tests.Sse;

public sealed class SseFrameTests
{
    [Theory]
    [InlineData("data: x\n\n", "x", "")]
    [InlineData("data:x\n\n", "x", "")]
    [InlineData("data:  x\n\n", " x", "")]
    [InlineData("data:\tx\n\n", "\tx", "")]
    [InlineData("data: x \n\n", "x ", "")]
    [InlineData("data: a\ndata: b\r\ndata\rdata:\n\n", "a\nb\n\n", "")]
    [InlineData("data\n\n", "", "")]
    [InlineData("data:\n\n", "", "")]
    [InlineData("data: \n\n", "", "")]
    [InlineData("data\ndata\n\n", "\n", "")]
    [InlineData("event: delta\ndata: x\n\n", "x", "delta")]
    [InlineData("data: x\nevent:delta\n\n", "x", "delta")]
    [InlineData("event: a\nevent: b\ndata: x\n\n", "x", "b")]
    [InlineData("event: a\nevent\ndata: x\n\n", "x", "")]
    [InlineData(":c\ndata: x\n: data: y\n\n", "x", "")]
    [InlineData("data: a:b: c\n\n", "a:b: c", "")]
    [InlineData("database: y\ndata: x\nData: z\n data: w\n\n", "x", "")]
    [InlineData("data: \u4e16\u754c \U0001f600\n\n", "\u4e16\u754c \U0001f600", "")]
    // Some servers leave out the last blank line, or the last line end too.
    [InlineData("data: [DONE]\n", "[DONE]", "")]
    [InlineData("data: [DONE]", "[DONE]", "")]
    public void Fields_are_read_as_the_standard_says(string frame, string data, string eventName)
    {
        var parsed = SseFrame.Parse(Encoding.UTF8.GetBytes(frame));

        Assert.True(parsed.HasData);
        Assert.Equal(data, Encoding.UTF8.GetString(parsed.Data));
        Assert.Equal(eventName, Encoding.UTF8.GetString(parsed.EventName));
    }

    [Theory]
    [InlineData("")]
    [InlineData("\n")]
    [InlineData("\r\n")]
    [InlineData(": ping\n\n")]
    [InlineData("event: message\nid: 1\n\n")]
    [InlineData(":data: x\n\n")]
    [InlineData("dat\n\n")]
    [InlineData("datax\n\n")]
    public void A_frame_without_a_data_field_has_no_data(string frame) => Assert.False(SseFrame.Parse(Encoding.UTF8.GetBytes(frame)).HasData);

    [Fact]
    public void Any_frame_reads_as_the_reference_reads_it() => Properties.Hold(
        EventStreams.Text.Select(text => SseReference.Frames(text).FirstOrDefault("\n")),
        frame =>
        {
            // The blank line that dispatches comes after an undecided CR as well.
            var expected = SseReference.Events(frame + "\n\n");
            var parsed = SseFrame.Parse(Encoding.UTF8.GetBytes(frame));

            Assert.Equal(expected.Count == 1, parsed.HasData);
            Assert.Equal(expected.SingleOrDefault(("", "")).Item2, Encoding.UTF8.GetString(parsed.Data));
            if (parsed.HasData)
            {
                Assert.Equal(expected[0].Event, Encoding.UTF8.GetString(parsed.EventName));
            }
        },
        count: 2000);
}
