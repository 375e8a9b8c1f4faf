using System.Text;
using FsCheck;
using FsCheck.Fluent;

namespace Gatehouse.Protocols.Tests.Generators;

/// <summary>A request whose parts are known: so a test can say which bytes an edit must touch, without reading the text.</summary>
internal sealed record Request(IReadOnlyList<Piece> Pieces)
{
    public string Text => string.Concat(Pieces.Select(piece => piece.Text));

    public byte[] Bytes => Encoding.UTF8.GetBytes(Text);

    public override string ToString() => Text;
}

internal enum PieceKind
{
    /// <summary>Names, white space, punctuation, members that are none of the gateway's business.</summary>
    Other,

    /// <summary>The value of a "model" member.</summary>
    Model,

    /// <summary>The value of a "stream" member.</summary>
    Stream,

    /// <summary>What "stream_options" begins with: its brace, or all of it where it is not an object.</summary>
    StreamOptions,

    /// <summary>The value of an "include_usage" in "stream_options".</summary>
    IncludeUsage,

    /// <summary>The last brace.</summary>
    End,
}

internal sealed record Piece(PieceKind Kind, string Text);

/// <summary>Requests with the members that the gateway looks at in any place, in any number, in any spelling.</summary>
internal static class Requests
{
    private static readonly Gen<string> OtherName = Gen.OneOf(
        Gen.Elements("\"messages\"", "\"model \"", "\"mode\"", "\"models\"", "\"streams\"", "\"include_usage\"", "\"\"", "\"\\ud800\"", "\"\\ud800model\"", "\"mo\\udc00\""),
        JsonTexts.String.Where(name => !name.Contains("model", StringComparison.Ordinal)));

    private static readonly Gen<IEnumerable<Piece>> Model =
        from value in Gen.OneOf(JsonTexts.String, Gen.Elements("\"openai/gpt-5\"", "\"gpt\""))
        select One(PieceKind.Model, value);

    private static readonly Gen<IEnumerable<Piece>> Stream =
        from value in Gen.Frequency((6, Gen.Constant("true")), (1, Gen.Elements("false", "null", "1", "\"true\"", "[true]", "{\"a\":true}")))
        select One(PieceKind.Stream, value);

    private static readonly Gen<IEnumerable<Piece>> StreamOptions = Gen.Frequency(
        (1, Gen.Elements("null", "true", "[]", "\"include_usage\"", "1.0").Select(value => One(PieceKind.StreamOptions, value))),
        (4, from members in OptionsMember.ListOf().Resize(3)
            from space in JsonTexts.Space
            select One(PieceKind.StreamOptions, "{").Append(new Piece(PieceKind.Other, space)).Concat(Joined(members)).Append(new Piece(PieceKind.Other, "}"))));

    public static Gen<Request> Any { get; } =
        from members in Gen.Frequency(
            (3, Member(Spelled("model"), Model)),
            (3, Member(Spelled("stream"), Stream)),
            (2, Member(Spelled("stream_options"), StreamOptions)),
            (3, Member(OtherName, JsonTexts.Value.Resize(20).Select(value => One(PieceKind.Other, value))))).ListOf().Resize(8)
        from model in Member(Spelled("model"), Model)
        from at in Gen.Choose(0, 100)
        from before in JsonTexts.Space
        from after in JsonTexts.Space
        select RequestOf([.. members], model, at, before, after);

    private static Gen<IEnumerable<Piece>> OptionsMember => Gen.Frequency(
        (3, Member(Spelled("include_usage"), Gen.Elements("true", "false", "null", "0", "[1, {}]", "{\"include_usage\":true}").Select(value => One(PieceKind.IncludeUsage, value)))),
        (1, Member(Gen.Elements("\"include_obfuscation\"", "\"include\"", "\"\\ud800_usage\""), JsonTexts.Value.Resize(10).Select(value => One(PieceKind.Other, value)))));

    private static Request RequestOf(List<IEnumerable<Piece>> members, IEnumerable<Piece> model, int at, string before, string after)
    {
        // One model at least: a request without is not accepted.
        members.Insert(at % (members.Count + 1), model);
        return new Request([new(PieceKind.Other, before + "{"), .. Joined(members), new(PieceKind.End, "}"), new(PieceKind.Other, after)]);
    }

    private static IEnumerable<Piece> Joined(IEnumerable<IEnumerable<Piece>> members) =>
        members.SelectMany((member, i) => i == 0 ? member : member.Prepend(new Piece(PieceKind.Other, ",")));

    private static Gen<IEnumerable<Piece>> Member(Gen<string> name, Gen<IEnumerable<Piece>> value) =>
        from paddedName in JsonTexts.Padded(name)
        from before in JsonTexts.Space
        from pieces in value
        from after in JsonTexts.Space
        select pieces.Prepend(new Piece(PieceKind.Other, paddedName + ":" + before)).Append(new Piece(PieceKind.Other, after));

    /// <summary>A name as is, or with one of its characters escaped: to JSON it is the same name.</summary>
    private static Gen<string> Spelled(string name) => Gen.Frequency(
        (4, Gen.Constant($"\"{name}\"")),
        (1, Gen.Choose(0, name.Length - 1).Select(i => $"\"{name[..i]}\\u{(int)name[i]:x4}{name[(i + 1)..]}\"")));

    private static IEnumerable<Piece> One(PieceKind kind, string text) => [new Piece(kind, text)];
}
