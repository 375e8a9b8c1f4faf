using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Gatehouse.Caching;

namespace Gatehouse.Commands;

/// <summary><c>gatehouse cache stats|purge</c></summary>
internal static class CacheCommand
{
    private const decimal NanoUsdPerUsd = 1_000_000_000;

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    public static Command Create() => new("cache", "Kept answers of a running gateway (GATEHOUSE_ADMIN_URL, GATEHOUSE_ADMIN_TOKEN).") { Stats(), Purge() };

    private static Command Stats()
    {
        var json = new Option<bool>("--json") { Description = "For machines." };
        var command = new Command("stats", "Tell what is kept, and what it was good for.") { json };
        command.SetAction(result => AdminClient.RunAsync(async client =>
        {
            var cache = await client.GetAsync<CacheView>("/cache");
            Console.WriteLine(result.GetValue(json) ? JsonSerializer.Serialize(cache, Indented) : TextOf(cache));
        }));
        return command;
    }

    private static Command Purge()
    {
        var route = new Option<string?>("--route") { Description = "Only answers of this route." };
        var key = new Option<string?>("--key") { Description = "Only answers to calls of this key: its id, or its name." };
        var model = new Option<string?>("--model") { Description = "Only answers to calls that wrote this model." };
        var all = new Option<bool>("--all") { Description = "All answers." };
        var command = new Command("purge", "Delete kept answers.") { route, key, model, all };
        command.Validators.Add(result =>
        {
            if (!result.GetValue(all) && result.GetValue(route) is null && result.GetValue(key) is null && result.GetValue(model) is null)
            {
                result.AddError("Say what is to be deleted: --route, --key, --model, or --all.");
            }
        });
        command.SetAction(result => AdminClient.RunAsync(async client =>
        {
            (string Name, string? Value)[] filters = [("route", result.GetValue(route)), ("key", result.GetValue(key)), ("model", result.GetValue(model))];
            var query = string.Join('&', filters.Where(filter => filter.Value is not null).Select(filter => $"{filter.Name}={Uri.EscapeDataString(filter.Value!)}"));
            var purged = await client.DeleteAsync<CachePurgeView>($"/cache?{query}");
            Console.WriteLine($"deleted {purged.Deleted}");
        }));
        return command;
    }

    private static string TextOf(CacheView cache)
    {
        var text = new StringBuilder(Tier("memory", cache.Memory));
        _ = text.Append(cache.Disk is { } disk ? Tier("disk", disk) : "disk    no file\n");
        foreach (var route in cache.Routes)
        {
            var (lookups, verification) = (route.Hits + route.Misses, route.Verification);
            var share = lookups == 0 ? 0 : 100m * route.Hits / lookups;
            _ = text.Append(CultureInfo.InvariantCulture, $"\n{route.Route ?? "(targets named directly)"}\n");
            _ = text.Append(CultureInfo.InvariantCulture, $"  kept      {route.Entries} in memory ({route.Bytes} bytes), {route.DiskEntries} on disk ({route.DiskBytes} bytes)\n");
            _ = text.Append(CultureInfo.InvariantCulture, $"  hits      {route.Hits} of {lookups} ({share:0.#} %), {route.Shared} of them waited for an equal request\n");
            _ = text.Append(CultureInfo.InvariantCulture, $"  saved     {route.SavedNanoUsd / NanoUsdPerUsd:0.#########} USD\n");
            if (verification.Compared + verification.Failed > 0)
            {
                _ = text.Append(CultureInfo.InvariantCulture, $"  verified  {verification.Differed} of {verification.Compared} differed, {verification.Failed} could not be compared\n");
            }
        }

        return text.ToString().TrimEnd();
    }

    private static string Tier(string name, CacheTierView tier) =>
        string.Create(CultureInfo.InvariantCulture, $"{name,-7} {tier.Entries} answers, {tier.Bytes} of {tier.Limit} bytes, {tier.Evictions} evicted\n");
}
