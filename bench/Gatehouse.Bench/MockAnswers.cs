using System.Text;

namespace Gatehouse.Bench;

/// <summary>The answers of the mock upstream, as bytes in OpenAI's chat format.</summary>
internal static class MockAnswers
{
    private const int FrameCount = 64;

    private const string Usage = """
        {"prompt_tokens":412,"completion_tokens":63,"total_tokens":475,"prompt_tokens_details":{"cached_tokens":0},"completion_tokens_details":{"reasoning_tokens":0}}
        """;

    public static readonly byte[] Json = Encoding.UTF8.GetBytes(
        """
        {"id":"chatcmpl-bench","object":"chat.completion","created":1760000000,"model":"bench","choices":[{"index":0,"message":{"role":"assistant","content":"A gate that is watched well is opened quickly."},"finish_reason":"stop"}],"usage":
        """ + Usage + "}");

    /// <summary>The first frame has content already, so that its arrival is the time to the first token.</summary>
    public static readonly byte[][] Frames =
    [
        Frame("""{"index":0,"delta":{"role":"assistant","content":"A "},"finish_reason":null}"""),
        .. Enumerable.Repeat(Frame("""{"index":0,"delta":{"content":"word "},"finish_reason":null}"""), FrameCount - 2),
        Frame("""{"index":0,"delta":{},"finish_reason":"stop"}"""),
    ];

    public static readonly byte[] UsageFrame = Frame(choice: "", usage: ",\"usage\":" + Usage);

    public static readonly byte[] Done = "data: [DONE]\n\n"u8.ToArray();

    private static byte[] Frame(string choice, string usage = "") => Encoding.UTF8.GetBytes(
        $$"""data: {"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1760000000,"model":"bench","choices":[{{choice}}]{{usage}}}"""
        + "\n\n");
}
