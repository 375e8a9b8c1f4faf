using System.Text.RegularExpressions;
using Gatehouse.Protocols.Json;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests;

/// <summary>What the folders may know of each other (docs/architecture.md), read from their sources.</summary>
public sealed partial class ArchitectureTests
{
    /// <summary>
    /// Each slice with the slices it may use, from those that everything stands on to those that put all together. A line that is not
    /// needed any more fails the test, too.
    /// </summary>
    private static readonly Dictionary<string, string> Allowed = new(StringComparer.Ordinal)
    {
        // stand on nothing
        ["Storage"] = "",
        ["Configuration.Binding"] = "",
        ["Admin.Contract"] = "",

        // the words of an exchange; the pipeline itself calls the steps
        ["Pipeline"] = "Caching Catalog Configuration Configuration.Binding Identity Ledger Limits Metering Objects Policy Routing Runs Telemetry Upstream",

        // the snapshot is made of what the slices compile
        ["Configuration"] = "Admin.Contract Alerts Caching Catalog Configuration.Binding Identity Limits Metering Objects Responses Routing Runs Storage Upstream",

        // the steps
        ["Identity"] = "Admin.Contract Caching Configuration Configuration.Binding Limits Pipeline Storage",
        ["Policy"] = "Pipeline Routing",
        ["Limits"] = "Alerts Catalog Configuration Configuration.Binding Identity Ledger Metering Pipeline Telemetry",
        ["Routing"] = "Admin.Contract Caching Catalog Configuration Configuration.Binding Limits Metering Pipeline Upstream",
        ["Upstream"] = "Catalog Configuration Configuration.Binding Limits Pipeline",
        ["Caching"] = "Configuration Configuration.Binding Pipeline Routing Storage",
        ["Catalog"] = "Admin.Contract Configuration Configuration.Binding Storage",
        ["Metering"] = "Catalog Configuration.Binding Pipeline",
        ["Ledger"] = "Admin.Contract Identity Pipeline Storage Telemetry",
        ["Telemetry"] = "Pipeline",
        ["Objects"] = "Configuration.Binding Pipeline Storage Upstream",

        ["Alerts"] = "Admin.Contract Configuration.Binding Identity Pipeline Storage Telemetry",
        ["Reports"] = "Admin.Contract Catalog Configuration Ledger Metering Pipeline Storage",
        ["Runs"] = "Admin.Contract Alerts Configuration.Binding Ledger Limits Pipeline Routing Storage Telemetry",
        ["Responses"] = "Configuration.Binding Ledger Pipeline Storage",

        // the ways in
        ["Ingress"] = "Configuration Identity Ledger Objects Pipeline Responses Routing Runs Telemetry Upstream",
        ["Admin"] = "Admin.Contract Alerts Caching Catalog Configuration Configuration.Binding Identity Ingress Ledger Pipeline Reports Routing Runs Storage Telemetry",

        // the program
        ["Hosting"] = "Admin Alerts Caching Catalog Configuration Identity Ingress Ledger Limits Metering Objects Pipeline Reports Responses Routing Runs Storage Telemetry",
        ["Commands"] = "Admin.Contract Alerts Caching Catalog Configuration Hosting Identity Routing Runs Storage Upstream",
    };

    private static readonly string[] TextFiles = [".cs", ".md", ".sh", ".json", ".yaml", ".yml", ".props", ".csproj", ".slnx", ".sql", ".mjs", ".js", ".ts", ".txt", ""];

    public static TheoryData<string> Slices() => new(Allowed.Keys);

    [Theory]
    [MemberData(nameof(Slices))]
    public void A_slice_uses_only_the_slices_that_it_may(string slice)
    {
        var folder = Path.Combine(Repository.Root, "src", "Gatehouse", slice.Replace('.', Path.DirectorySeparatorChar));
        var used = Sources(folder)
            .Where(file => SliceOf(file) == slice)
            .SelectMany(file => References(File.ReadAllText(file)))
            .Where(other => other != slice)
            .Distinct(StringComparer.Ordinal);

        Assert.Equal(Allowed[slice], string.Join(' ', used.Order(StringComparer.Ordinal)));
    }

    [Fact]
    public void Every_folder_is_a_slice_with_a_line_in_the_table()
    {
        var folders = Directory.GetDirectories(Path.Combine(Repository.Root, "src", "Gatehouse")).Select(Path.GetFileName).Where(name => name is not ("bin" or "obj"));

        Assert.All(folders, folder => Assert.Contains(folder!, Allowed.Keys, StringComparer.Ordinal));
    }

    [Fact]
    public void Wire_formats_are_pure()
    {
        // The compiler writes down what is used: nothing here can open a socket, serve a request or log.
        var references = typeof(JsonScanner).Assembly.GetReferencedAssemblies().Select(name => name.Name!);
        Assert.DoesNotContain(references, name => name.StartsWith("Microsoft.", StringComparison.Ordinal) || name.StartsWith("System.Net", StringComparison.Ordinal)
            || name.StartsWith("System.IO.FileSystem", StringComparison.Ordinal) || name is "System.Diagnostics.Process" or "Gatehouse");

        // What has its home in the core library is told from the text.
        Assert.All(Sources(Path.Combine(Repository.Root, "src", "Gatehouse.Protocols")), file =>
            AssertAbsent(Impure(), file));
    }

    [Fact]
    public void No_file_names_a_path_of_somebodys_machine()
    {
        var machine = new Regex("/" + "(work|home|root|Users)/[a-z]|/tmp/" + @"[a-z]|[A-Z]:\\Users", RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1));
        var files = Directory.EnumerateFiles(Repository.Root, "*", SearchOption.AllDirectories)
            .Where(file => !Path.GetRelativePath(Repository.Root, file).Split(Path.DirectorySeparatorChar)
                .Any(part => part is "bin" or "obj" or ".git" or ".build" or "node_modules" or "data" or "results" or "TestResults"))
            .Where(file => TextFiles.Contains(Path.GetExtension(file), StringComparer.Ordinal));

        Assert.All(files, file => AssertAbsent(machine, file));
    }

    private static void AssertAbsent(Regex pattern, string file)
    {
        var match = pattern.Match(File.ReadAllText(file));
        Assert.False(match.Success, $"{Path.GetRelativePath(Repository.Root, file)} has '{match.Value}'");
    }

    private static IEnumerable<string> Sources(string folder) => Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories)
        .Where(file => !Path.GetRelativePath(Repository.Root, file).Split(Path.DirectorySeparatorChar).Any(part => part is "bin" or "obj"));

    private static string SliceOf(string file) => SliceOfNamespace(Namespace().Match(File.ReadAllText(file)).Groups["name"].Value);

    private static string SliceOfNamespace(string name) =>
        Allowed.Keys.Where(slice => name == slice || name.StartsWith(slice + ".", StringComparison.Ordinal)).MaxBy(slice => slice.Length) ?? name;

    /// <summary>Slices named by a using, or by a name that begins with one.</summary>
    private static IEnumerable<string> References(string source)
    {
        var code = Comment().Replace(source, "");
        var body = Namespace().Replace(Using().Replace(code, ""), "");
        return Using().Matches(code).Concat(Qualified().Matches(body))
            .Select(match => SliceOfNamespace(match.Groups["name"].Value))
            .Where(Allowed.ContainsKey);
    }

    [GeneratedRegex(@"^namespace Gatehouse\.(?<name>[\w.]+);", RegexOptions.ExplicitCapture | RegexOptions.Multiline, 1000)]
    private static partial Regex Namespace();

    [GeneratedRegex(@"^using (static )?Gatehouse\.(?<name>[\w.]+);", RegexOptions.ExplicitCapture | RegexOptions.Multiline, 1000)]
    private static partial Regex Using();

    [GeneratedRegex(@"(?<![\w.""])(Gatehouse\.)?(?<name>Storage|Catalog|Metering|Pipeline|Identity|Policy|Limits|Routing|Upstream|Ledger|Telemetry|Ingress|Admin|Hosting|Commands)\.[A-Z]\w+\b(?=[\s.(<>,;?)])", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Qualified();

    [GeneratedRegex(@"^\s*//.*$", RegexOptions.Multiline, 1000)]
    private static partial Regex Comment();

    [GeneratedRegex(@"\b(TimeProvider|DateTime(Offset)?\.(Utc)?Now|Stopwatch|Task\.Delay|Random|Environment|Console|HttpClient|HttpContext)\b|\b(File|Directory|FileStream|FileInfo)\s*[.(]|System\.Net\b|Microsoft\.", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Impure();
}
