using System.Text.Json;
using System.Text.RegularExpressions;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Expressions.Tests.Conformance;

/// <summary>One case of npm @bufbuild/cel-spec, as <c>corpus/export.mjs</c> writes it.</summary>
internal sealed partial record CorpusCase(string File, string Section, JsonElement Case)
{
    public const string Conformance = "conformance";

    private static readonly Lazy<IReadOnlyList<CorpusCase>> Cases = new(ReadAll);

    private JsonElement Original => Case.GetProperty("original");

    public string Source => Original.GetProperty("expr").GetString()!;

    public string Name => $"{Section}/{Text("name") ?? Source}";

    public bool IsUnchecked => Flag("disableCheck");

    public bool IsCheckOnly => Flag("checkOnly");

    public string Container => Text("container") ?? "";

    /// <summary>The tree in the notation of cel-go's debug output; absent where the source has an error.</summary>
    public bool HasTree => Case.TryGetProperty("ast", out _);

    /// <summary>The type that cel-go's checker finds; absent where it finds a mistake.</summary>
    public string? CheckedType => Case.TryGetProperty("type", out var type) ? type.GetString() : null;

    public string? Error => Case.TryGetProperty("error", out var error) ? error.GetString() : null;

    /// <summary>
    /// The protobuf type that a case names, for this engine has nothing of protobuf: a message type of the corpus, an enum (they are made by
    /// messages' descriptors), or a well-known message other than Timestamp and Duration, which are types of the language itself. Null
    /// where a case is about none.
    /// </summary>
    public string? ProtobufType => ProtobufName().Match(Original.GetRawText()) is { Success: true } match ? match.Value
        : Container == "google.protobuf" ? Container
        : null;

    public static IReadOnlyList<CorpusCase> Of(string file)
    {
        Require.Present(System.IO.File.Exists(Path), "the corpus of @bufbuild/cel-spec (tests/Gatehouse.Expressions.Tests/corpus/prepare.sh)");
        return [.. Cases.Value.Where(c => c.File == file)];
    }

    private static string Path => System.IO.Path.Combine(Repository.Root, "tests", "Gatehouse.Expressions.Tests", "obj", "cel-spec.json");

    public JsonElement? Get(string property) => Original.TryGetProperty(property, out var value) ? value : null;

    private string? Text(string property) => Get(property)?.GetString();

    private bool Flag(string property) => Get(property)?.GetBoolean() ?? false;

    private static List<CorpusCase> ReadAll()
    {
        using var stream = System.IO.File.OpenRead(Path);
        var cases = new List<CorpusCase>();
        foreach (var element in JsonDocument.Parse(stream).RootElement.EnumerateArray())
        {
            cases.Add(new CorpusCase(element.GetProperty("file").GetString()!, element.GetProperty("section").GetString()!, element));
        }

        return cases;
    }

    [GeneratedRegex(
        @"(Nested)?TestAllTypes|cel\.expr\.conformance\.\w+(\.\w+)?|google\.protobuf\.(?!Timestamp|Duration)\w+",
        RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 10_000)]
    private static partial Regex ProtobufName();
}
