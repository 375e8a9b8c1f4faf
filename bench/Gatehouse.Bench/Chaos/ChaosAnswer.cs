using System.Text;
using System.Text.Json;

namespace Gatehouse.Bench.Chaos;

/// <summary>
/// The one right answer to a request, known to both sides: its text begins and ends with the request's number and says how long it is, so that
/// an answer that is another's, cut, doubled or mixed cannot pass for it.
/// </summary>
internal sealed class ChaosAnswer
{
    private const int PiecesPerStream = 10;
    private const int DrawsWords = 100;
    private const string Id = "\"id\":\"chatcmpl-chaos\",\"created\":1760000000,\"model\":\"m\"";

    private static readonly string[] Words = ["gate", "gâteau", "\"quoted\"", "line\nbreak", "naïve", "back\\slash", "東京", "😀", "<b>", "data:", "{}", "\t", "[DONE]", "house", "a", "is"];

    private ChaosAnswer(string[] pieces)
    {
        Pieces = pieces;
        Text = string.Concat(pieces);
    }

    public static ReadOnlySpan<byte> Done => "data: [DONE]\n\n"u8;

    /// <summary>The text as a stream delivers it, one piece a frame.</summary>
    public string[] Pieces { get; }

    public string Text { get; }

    public static ChaosAnswer To(int number)
    {
        var words = 20 + SeededDraw.Below(200, number, DrawsWords, 0);
        var pieces = new string[PiecesPerStream];
        for (var piece = 0; piece < PiecesPerStream; piece++)
        {
            var text = new StringBuilder(piece == 0 ? $"[{number}:{words}] " : "");
            for (var word = words * piece / PiecesPerStream; word < words * (piece + 1) / PiecesPerStream; word++)
            {
                _ = text.Append(Words[SeededDraw.Below(Words.Length, number, DrawsWords + 1, word)]).Append(' ');
            }

            pieces[piece] = text.Append(piece == PiecesPerStream - 1 ? $"[{number}]" : "").ToString();
        }

        return new ChaosAnswer(pieces);
    }

    public byte[] Json() => Encoding.UTF8.GetBytes(
        $$"""{{{Id}},"object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":{{Quote(Text)}}},"finish_reason":"stop"}],"usage":{{Usage()}}}""");

    /// <summary>As OpenAI begins: the role, and no content yet.</summary>
    public static byte[] RoleFrame() => Frame("""{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}""");

    public byte[] ContentFrame(int piece) => Frame($$"""{"index":0,"delta":{"content":{{Quote(Pieces[piece])}}},"finish_reason":null}""");

    public static byte[] LastFrame() => Frame("""{"index":0,"delta":{},"finish_reason":"stop"}""");

    public byte[] UsageFrame() => Frame("", $",\"usage\":{Usage()}");

    private static string Quote(string text) => $"\"{JsonEncodedText.Encode(text)}\"";

    private static byte[] Frame(string choice, string rest = "") => Encoding.UTF8.GetBytes(
        $$"""data: {{{Id}},"object":"chat.completion.chunk","choices":[{{choice}}]{{rest}}}""" + "\n\n");

    private string Usage() => $$"""{"prompt_tokens":20,"completion_tokens":{{Text.Length / 4}},"total_tokens":{{20 + Text.Length / 4}}}""";
}
