using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Gatehouse.Catalog.Build;

/// <summary>Writes the data file: JSON, one model a line in the order of their names, so that a change of a price is a change of a line.</summary>
internal static class CatalogWriter
{
    private static readonly JsonWriterOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static byte[] Write(IReadOnlyList<MergedModel> models)
    {
        var lines = models.Select(Line).ToArray();
        var digest = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', lines))));
        var newest = CatalogSources.All.Max(source => source.AsOf);
        var sources = string.Join(",\n", CatalogSources.All.OrderBy(source => source.Id, StringComparer.Ordinal).Select(source =>
            $$""" "{{source.Id}}":{"name":"{{source.Name}}","as_of":"{{source.AsOf:yyyy-MM-dd}}","licence":"{{source.Licence}}"}"""));
        return Encoding.UTF8.GetBytes(
            $$"""
            {"schema":{{CatalogFile.Schema}},"revision":"{{newest:yyyy-MM-dd}}-{{digest.AsSpan(0, 8)}}",
            "sources":{
            {{sources}}},
            "models":[
            {{string.Join(",\n", lines)}}
            ]}

            """);
    }

    private static string Line(MergedModel model)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, Plain))
        {
            json.WriteStartObject();
            json.WriteString("id", $"{model.Provider}/{model.Id}");
            Text(json, "mode", Common(model, source => source.Mode));
            Number(json, "context", CommonNumber(model, source => source.Context));
            Number(json, "max_output", CommonNumber(model, source => source.MaxOutput));
            Texts(json, "input", model.Sources.SelectMany(source => source.Input));
            Texts(json, "output", model.Sources.SelectMany(source => source.Output));
            Texts(json, "can", model.Sources.SelectMany(source => source.Capabilities));
            Text(json, "deprecated", model.Sources.Select(source => source.Deprecated).FirstOrDefault(day => day is not null));
            Prices(json, "prices", model.Chosen);
            if (model.Later.Count > 0)
            {
                json.WriteStartObject("later");
                foreach (var (day, prices) in model.Later)
                {
                    Prices(json, day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture), prices);
                }

                json.WriteEndObject();
            }

            Text(json, "agreement", model.Agreement?.ToString().ToLowerInvariant());
            Text(json, "page", model.Sources.Select(source => source.Page).FirstOrDefault(page => page is not null));
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static void Prices(Utf8JsonWriter json, string name, SortedDictionary<PriceKey, (decimal Price, PriceSource Source)> prices)
    {
        if (prices.Count == 0)
        {
            return;
        }

        json.WriteStartObject(name);
        foreach (var source in prices.GroupBy(price => price.Value.Source).OrderBy(group => group.Key))
        {
            json.WriteStartObject(CatalogSources.IdOf(source.Key));
            foreach (var (key, price) in source)
            {
                json.WriteNumber(key.ToString(), price.Price);
            }

            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    /// <summary>What most sources say; of equally many, the first.</summary>
    private static string? Common(MergedModel model, Func<SourceModel, string?> select) => model.Sources.OrderBy(source => source.Source).Select(select)
        .OfType<string>().GroupBy(value => value, StringComparer.Ordinal).MaxBy(group => group.Count())?.Key;

    private static long? CommonNumber(MergedModel model, Func<SourceModel, long?> select) => model.Sources.OrderBy(source => source.Source).Select(select)
        .OfType<long>().GroupBy(value => value).MaxBy(group => group.Count())?.Key;

    private static void Text(Utf8JsonWriter json, string name, string? value)
    {
        if (value is not null)
        {
            json.WriteString(name, value);
        }
    }

    private static void Number(Utf8JsonWriter json, string name, long? value)
    {
        if (value is not null)
        {
            json.WriteNumber(name, value.Value);
        }
    }

    private static void Texts(Utf8JsonWriter json, string name, IEnumerable<string> values)
    {
        var list = values.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToArray();
        if (list.Length > 0)
        {
            json.WriteStartArray(name);
            foreach (var value in list)
            {
                json.WriteStringValue(value);
            }

            json.WriteEndArray();
        }
    }
}
