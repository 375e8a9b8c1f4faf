using System.Text;
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using Gatehouse.Protocols.Dialects.OpenAi;
using Gatehouse.Protocols.Json;
using Gatehouse.Protocols.Tests.Generators;

namespace Gatehouse.Protocols.Tests.Dialects.OpenAi;

public sealed class OpenAiRequestEnvelopeTests
{
    private static readonly Gen<string> TargetModel = Gen.OneOf(
        Gen.Elements("gpt", "openai/gpt-5", "a\"b", "a\\b", "\u4e16\u754c", "\U0001f600", "</script>", "tab\t\u0000", "\u2028", "\ufffe", "+'&", ""),
        JsonTexts.String.Select(text => JsonSerializer.Deserialize<string>(text)!));

    [Fact]
    public void Only_the_bytes_of_the_model_and_of_the_usage_request_change() => Properties.Hold(
        from request in Requests.Any
        from model in TargetModel
        from ask in Gen.Elements(true, false)
        from cuts in Cuts.Lengths
        select (request, model, ask, cuts),
        value =>
        {
            var (request, model, ask, cuts) = value;
            var written = Splice(request.Bytes, cuts, model, ask, out var edits);

            Assert.Equal(Expected(request, model, ask), Encoding.UTF8.GetString(written));
            Assert.Equal(edits.OrderBy(edit => edit.Offset), edits);
        },
        count: 3000);

    [Fact]
    public void The_edited_text_means_the_same_but_for_the_model_and_the_usage_request() => Properties.Hold(
        from request in Requests.Any
        from model in TargetModel
        from cuts in Cuts.Lengths
        select (request, model, cuts),
        value =>
        {
            var (request, model, cuts) = value;
            using var before = JsonDocument.Parse(request.Bytes);
            using var after = JsonDocument.Parse(Splice(request.Bytes, cuts, model, askForUsage: true, out _));

            Assert.All(after.RootElement.EnumerateObject().Where(member => NameOf(member) == "model"), member => Assert.Equal(model, member.Value.GetString()));
            Assert.Equal(Others(before), Others(after), StringComparer.Ordinal);
            if (Last(before.RootElement, "stream") is { ValueKind: JsonValueKind.True } && Last(before.RootElement, "stream_options") is null or { ValueKind: JsonValueKind.Object or JsonValueKind.Null })
            {
                var options = Last(after.RootElement, "stream_options")!.Value;
                Assert.Equal(JsonValueKind.True, Last(options, "include_usage")!.Value.ValueKind);
            }
        },
        count: 1500);

    [Fact]
    public void What_is_read_is_what_a_parser_reads() => Properties.Hold(
        from request in Requests.Any
        from cuts in Cuts.Lengths
        select (request, cuts),
        value =>
        {
            using var document = JsonDocument.Parse(value.request.Bytes);
            var envelope = Read(value.request.Bytes, value.cuts);

            Assert.Equal(Last(document.RootElement, "model")!.Value.GetString(), envelope.Model);
            Assert.Equal(Last(document.RootElement, "stream") is { ValueKind: JsonValueKind.True }, envelope.IsStream);
            Assert.Equal(
                Last(document.RootElement, "stream_options") is { ValueKind: JsonValueKind.Object } options
                    && Last(options, "include_usage") is { ValueKind: JsonValueKind.True },
                envelope.AsksForUsage);
        },
        count: 1500);

    [Theory]
    [InlineData("""{"model":"a"}""", """{"model":"t"}""")]
    [InlineData("""{ "z": 1.0e2, "model" : "a", "x":"\u00e9", "x":2 }""", """{ "z": 1.0e2, "model" : "t", "x":"\u00e9", "x":2 }""")]
    [InlineData("""{"model":"a","stream":true}""", """{"model":"t","stream":true,"stream_options":{"include_usage":true}}""")]
    [InlineData("""{"model":"a","stream":true }""", """{"model":"t","stream":true ,"stream_options":{"include_usage":true}}""")]
    [InlineData("""{"stream_options":{},"model":"a","stream":true}""", """{"stream_options":{"include_usage":true},"model":"t","stream":true}""")]
    [InlineData("""{"stream_options": { } ,"model":"a","stream":true}""", """{"stream_options": {"include_usage":true } ,"model":"t","stream":true}""")]
    [InlineData("""{"stream_options":{"x":1},"model":"a","stream":true}""", """{"stream_options":{"include_usage":true,"x":1},"model":"t","stream":true}""")]
    [InlineData("""{"stream_options":null,"model":"a","stream":true}""", """{"stream_options":{"include_usage":true},"model":"t","stream":true}""")]
    [InlineData("""{"stream_options":{"include_usage":false},"model":"a","stream":true}""", """{"stream_options":{"include_usage":true},"model":"t","stream":true}""")]
    [InlineData("""{"stream_options":{"include_usage":true},"model":"a","stream":true}""", """{"stream_options":{"include_usage":true},"model":"t","stream":true}""")]
    // The provider says what is wrong with it; the gateway does not repair it.
    [InlineData("""{"stream_options":7,"model":"a","stream":true}""", """{"stream_options":7,"model":"t","stream":true}""")]
    [InlineData("""{"model":"a","stream":false}""", """{"model":"t","stream":false}""")]
    [InlineData("""{"model":"a","stream":true,"stream":false}""", """{"model":"t","stream":true,"stream":false}""")]
    [InlineData("""{"model":"a","m":{"model":"b","stream":true}}""", """{"model":"t","m":{"model":"b","stream":true}}""")]
    [InlineData("""{"model":"a","model":"t"}""", """{"model":"t","model":"t"}""")]
    [InlineData("""{"mod\u0065l":"a"}""", """{"mod\u0065l":"t"}""")]
    [InlineData("""{"model":"t"}""", """{"model":"t"}""")]
    [InlineData("""{"model":"\u0074"}""", """{"model":"\u0074"}""")]
    public void The_request_that_a_target_gets(string request, string expected)
    {
        var bytes = Encoding.UTF8.GetBytes(request);
        for (var length = 1; length <= bytes.Length; length++)
        {
            Assert.Equal(expected, Encoding.UTF8.GetString(Splice(bytes, [length], "t", askForUsage: true, out _)));
        }
    }

    [Fact]
    public void A_request_that_needs_no_change_gets_no_edit()
    {
        var envelope = Read("""{"model":"gpt","stream":true}"""u8.ToArray(), [3]);

        Assert.Empty(envelope.EditsFor("gpt", askForUsage: false));
        Assert.NotEmpty(envelope.EditsFor("gpt", askForUsage: true));
    }

    [Fact]
    public void One_envelope_serves_several_targets_one_after_the_other()
    {
        // Fail-over: each attempt starts from the caller's own bytes.
        var bytes = """{"model":"r","stream":true}"""u8.ToArray();
        var envelope = Read(bytes, [4]);

        Assert.Equal("""{"model":"first","stream":true}""", Apply(bytes, [4], envelope.EditsFor("first", askForUsage: false)));
        Assert.Equal("""{"model":"2","stream":true,"stream_options":{"include_usage":true}}""", Apply(bytes, [4], envelope.EditsFor("2", askForUsage: true)));
    }

    private static OpenAiRequestEnvelope Read(byte[] bytes, int[] cuts)
    {
        var envelope = OpenAiRequestEnvelope.Read(Cuts.Sequence(bytes, cuts), out var error, requireModel: false);
        Assert.Null(error.Message);
        return envelope!;
    }

    private static byte[] Splice(byte[] bytes, int[] cuts, string model, bool askForUsage, out JsonEdit[] edits)
    {
        edits = Read(bytes, cuts).EditsFor(model, askForUsage);
        return Encoding.UTF8.GetBytes(Apply(bytes, cuts, edits));
    }

    private static string Apply(byte[] bytes, int[] cuts, JsonEdit[] edits)
    {
        var spliced = new SplicedJson(Cuts.Sequence(bytes, cuts), edits);
        using var stream = new MemoryStream();
        // A memory stream completes at once.
        spliced.WriteToAsync(stream, TestContext.Current.CancellationToken).AsTask().GetAwaiter().GetResult();
        Assert.Equal(spliced.Length, stream.Length);
        return Encoding.UTF8.GetString(stream.ToArray());
    }

    /// <summary>What the parts of the request say the result must be, byte for byte.</summary>
    private static string Expected(Request request, string model, bool ask)
    {
        var pieces = request.Pieces.ToList();
        var models = pieces.Where(piece => piece.Kind == PieceKind.Model).ToList();
        var replacesModel = models.Count > 1 || JsonSerializer.Deserialize<string>(models[0].Text) != model;

        var options = pieces.FindLastIndex(piece => piece.Kind == PieceKind.StreamOptions);
        var flag = pieces.FindLastIndex(piece => piece.Kind == PieceKind.IncludeUsage);
        flag = flag > options ? flag : -1;
        var isStream = pieces.FindLast(piece => piece.Kind == PieceKind.Stream)?.Text == "true";
        if (ask && isStream && (flag < 0 || options < 0 || pieces[flag].Text != "true"))
        {
            if (options < 0)
            {
                pieces[pieces.FindIndex(piece => piece.Kind == PieceKind.End)] = new(PieceKind.End, ",\"stream_options\":{\"include_usage\":true}}");
            }
            else if (flag >= 0)
            {
                pieces[flag] = new(PieceKind.IncludeUsage, "true");
            }
            else if (pieces[options].Text == "null")
            {
                pieces[options] = new(PieceKind.StreamOptions, "{\"include_usage\":true}");
            }
            else if (pieces[options].Text == "{")
            {
                var isEmpty = pieces[options + 2].Text == "}";
                pieces[options] = new(PieceKind.StreamOptions, isEmpty ? "{\"include_usage\":true" : "{\"include_usage\":true,");
            }
        }

        return string.Concat(pieces.Select(piece => piece.Kind == PieceKind.Model && replacesModel ? $"\"{JsonEncodedText.Encode(model)}\"" : piece.Text));
    }

    private static JsonElement? Last(JsonElement element, string name) =>
        element.EnumerateObject().Where(member => NameOf(member) == name).Select(member => (JsonElement?)member.Value).LastOrDefault();

    private static List<string> Others(JsonDocument document) => document.RootElement.EnumerateObject()
        .Where(member => NameOf(member) is not ("model" or "stream_options"))
        .Select(member => $"{NameOf(member)}:{member.Value.GetRawText()}")
        .ToList();

    /// <summary>Null for a name with half a surrogate pair: JSON, but no Unicode.</summary>
    private static string? NameOf(JsonProperty member)
    {
        try
        {
            return member.Name;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }
}
