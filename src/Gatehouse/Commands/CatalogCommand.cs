using System.CommandLine;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Gatehouse.Catalog;
using Gatehouse.Catalog.Build;

namespace Gatehouse.Commands;

/// <summary><c>gatehouse catalog build|list|show|diff</c></summary>
internal static class CatalogCommand
{
    private static readonly JsonSerializerOptions Indented = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static Command Create() => new("catalog", "The catalogue of models and prices that is built into the program.") { Build(), List(), Show(), Diff() };

    private static Option<bool> AsJson() => new("--json") { Description = "For machines." };

    private static Command Build()
    {
        var sources = new Option<DirectoryInfo>("--sources") { Description = "Folder with the files of the sources; see docs/catalog.md.", Required = true };
        var output = new Option<FileInfo>("--out") { Description = "The data file to write.", Required = true };
        var report = new Option<FileInfo?>("--report") { Description = "Write down what the sources do not agree on." };
        var command = new Command("build", "Merge the sources of prices into the data file.") { sources, output, report };
        command.SetAction(result => Guarded(() =>
        {
            var folder = result.GetValue(sources)!.FullName;
            var models = CatalogBuilder.Merge(name => File.OpenRead(Path.Combine(folder, name)));
            var text = CatalogWriter.Write(models);
            File.WriteAllBytes(result.GetValue(output)!.FullName, text);
            if (result.GetValue(report) is { } page)
            {
                File.WriteAllText(page.FullName, DisagreementReport.Write(models));
            }

            Console.WriteLine($"{models.Count} models, {text.Length / 1024} KiB, {models.Count(model => model.Differing.Count > 0)} with differing prices");
            return ExitCodes.Success;
        }));
        return command;
    }

    private static Command List()
    {
        var provider = new Option<string?>("--provider") { Description = "Only models of this kind of provider." };
        var filter = new Option<string?>("--filter") { Description = "Only models whose name or capabilities contain this text." };
        var json = AsJson();
        var command = new Command("list", "List models with their prices in USD per million tokens.") { provider, filter, json };
        command.SetAction(result =>
        {
            var file = CatalogFile.Embedded;
            var text = result.GetValue(filter);
            var entries = (result.GetValue(provider) is { } kind ? file.StartingWith($"{kind}/") : file.All())
                .Where(entry => text is null || entry.Id.Contains(text, StringComparison.OrdinalIgnoreCase) || entry.Capabilities.Contains(text, StringComparer.OrdinalIgnoreCase))
                .ToArray();
            if (result.GetValue(json))
            {
                Console.WriteLine(JsonSerializer.Serialize(entries.Select(entry => View(entry, file)), Indented));
                return ExitCodes.Success;
            }

            if (entries.Length == 0)
            {
                Console.Error.WriteLine("The catalogue has no such model.");
                return ExitCodes.Failure;
            }

            Console.WriteLine($"{"model",-58} {"mode",-11} {"context",9} {"input",9} {"output",9} {"cached",9}  price");
            foreach (var entry in entries)
            {
                Console.WriteLine(
                    $"{entry.Id,-58} {entry.Mode,-11} {Tokens(entry.Context),9} {Price(entry, PriceKind.Input),9} {Price(entry, PriceKind.Output),9} "
                    + $"{Price(entry, PriceKind.CacheRead),9}  {entry.Agreement ?? "not known"}");
            }

            Console.WriteLine($"{entries.Length} of {file.Count} models, catalogue {file.Revision}");
            return ExitCodes.Success;
        });
        return command;
    }

    private static Command Show()
    {
        var name = new Argument<string>("model") { Description = "kind/model; spellings that the provider takes are found too." };
        var json = AsJson();
        var command = new Command("show", "Show all that the catalogue knows of a model, and from where.") { name, json };
        command.SetAction(result =>
        {
            var file = CatalogFile.Embedded;
            var id = result.GetValue(name)!;
            var slash = id.IndexOf('/', StringComparison.Ordinal);
            if (slash <= 0 || ModelNames.Find(file, id[..slash], id[(slash + 1)..]) is not { } entry)
            {
                var near = file.All().Select(other => other.Id).Where(other => other.EndsWith($"/{id[(slash + 1)..]}", StringComparison.OrdinalIgnoreCase)).OrderBy(other => other.Length).Take(5).ToArray();
                Console.Error.WriteLine($"The catalogue has no model '{id}'." + (near.Length == 0 ? " Try `gatehouse catalog list --filter TEXT`." : $" Did you mean {string.Join(" or ", near)}?"));
                return ExitCodes.Failure;
            }

            Console.WriteLine(result.GetValue(json) ? JsonSerializer.Serialize(View(entry, file), Indented) : Description(entry, file));
            return ExitCodes.Success;
        });
        return command;
    }

    private static Command Diff()
    {
        var first = new Argument<FileInfo>("before") { Description = "A data file." };
        var second = new Argument<FileInfo?>("after") { Description = "Another one; by default the one that is built in.", Arity = ArgumentArity.ZeroOrOne };
        var json = AsJson();
        var command = new Command("diff", "Show what changed between two data files.") { first, second, json };
        command.SetAction(result => Guarded(() =>
        {
            var before = CatalogFile.Parse(File.ReadAllBytes(result.GetValue(first)!.FullName));
            var after = result.GetValue(second) is { } file ? CatalogFile.Parse(File.ReadAllBytes(file.FullName)) : CatalogFile.Embedded;
            var changes = CatalogDifference.Between(before, after).ToArray();
            if (result.GetValue(json))
            {
                Console.WriteLine(JsonSerializer.Serialize(changes, Indented));
                return ExitCodes.Success;
            }

            foreach (var change in changes)
            {
                Console.WriteLine(change.What == "model"
                    ? $"{(change.Before is null ? "+" : "-")} {change.Id}"
                    : $"~ {change.Id}  {change.What}: {change.Before ?? "none"} -> {change.After ?? "none"}");
            }

            Console.WriteLine($"{changes.Length} changes from {before.Revision} to {after.Revision}");
            return ExitCodes.Success;
        }));
        return command;
    }

    private static string Description(CatalogEntry entry, CatalogFile file)
    {
        var lines = new List<string> { entry.Id };
        Add("mode", entry.Mode);
        Add("context", entry.Context is null ? null : $"{Tokens(entry.Context)} tokens");
        Add("max output", entry.MaxOutput is null ? null : $"{Tokens(entry.MaxOutput)} tokens");
        Add("input", string.Join(", ", entry.Input));
        Add("output", string.Join(", ", entry.Output));
        Add("can", string.Join(", ", entry.Capabilities));
        Add("deprecated", entry.Deprecated);
        Add("agreement", entry.Agreement);
        Add("page", entry.Page);
        lines.Add(entry.Prices.Count == 0 ? "  prices      not known" : "  prices      USD per million tokens, or each");
        lines.AddRange(ModelView.PricesOf(entry, file).Select(price =>
            $"    {price.Price + (price.From is null ? "" : $" from {price.From}"),-36} {price.Usd.ToString(CultureInfo.InvariantCulture),12}{(price.Per == "each" ? " each" : "     ")}  {price.Source} {price.SourceDate}"));
        return string.Join('\n', lines);

        void Add(string label, string? value)
        {
            if (!string.IsNullOrEmpty(value))
            {
                lines.Add($"  {label,-11} {value}");
            }
        }
    }

    private static ModelView View(CatalogEntry entry, CatalogFile file) => ModelView.Of(entry.Provider, entry.Model, isConfigured: false, entry, file);

    private static string Tokens(long? count) => count?.ToString("N0", CultureInfo.InvariantCulture) ?? "";

    private static string Price(CatalogEntry entry, PriceKind kind) =>
        entry.Prices.FirstOrDefault(price => price.Key == new PriceKey(kind))?.Usd.ToString(CultureInfo.InvariantCulture) ?? "";

    private static int Guarded(Func<int> command)
    {
        try
        {
            return command();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or JsonException)
        {
            Console.Error.WriteLine(exception.Message);
            return ExitCodes.Failure;
        }
    }
}
