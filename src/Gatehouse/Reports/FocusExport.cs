using System.Globalization;
using System.Text.Json;
using Gatehouse.Catalog;
using Gatehouse.Configuration;
using Gatehouse.Storage;

namespace Gatehouse.Reports;

/// <summary>
/// Usage as a dataset of FOCUS 1.2 (FinOps Open Cost and Usage Specification, v1.2 of May 2025): one row for each day of UTC, set of dimensions and
/// thing that is charged for, streamed. The sum of BilledCost is exactly the cost in the ledger.
/// </summary>
internal sealed class FocusExport(Database database, PriceHistory history, SnapshotSource snapshots)
{
    /// <summary>In the order of the columns of a row.</summary>
    public static readonly string[] Columns =
    [
        "BilledCost", "BillingAccountId", "BillingAccountName", "BillingCurrency", "BillingPeriodEnd", "BillingPeriodStart", "ChargeCategory", "ChargeClass",
        "ChargeDescription", "ChargeFrequency", "ChargePeriodEnd", "ChargePeriodStart", "ConsumedQuantity", "ConsumedUnit", "ContractedCost", "EffectiveCost",
        "InvoiceIssuerName", "ListCost", "PricingCategory", "PricingQuantity", "PricingUnit", "ProviderName", "PublisherName", "RegionId", "ResourceId",
        "ResourceName", "ResourceType", "ServiceCategory", "ServiceName", "ServiceSubcategory", "SkuId", "SkuMeter", "SkuPriceDetails", "SkuPriceId",
        "SubAccountId", "SubAccountName", "Tags", "x_Operation", "x_Outcome", "x_PriceRevision", "x_UnpricedExchanges",
    ];

    private const string Gatehouse = "Gatehouse";
    private const string TagPrefix = "gatehouse/";
    private const decimal PricedAtOnce = 1_000_000;

    public void Write(UsageQuery query, TextWriter text)
    {
        var snapshot = snapshots.Current;
        var catalogs = new Dictionary<long, ModelCatalog>();
        var csv = new CsvWriter(text);
        foreach (var column in Columns)
        {
            csv.Field(column);
        }

        csv.EndLine();
        using var connection = database.Connect();
        using var transaction = connection.BeginTransaction(deferred: true);
        using var groups = new UsageDimensionGroups(connection, [], query.Filters);
        using var find = new SqliteStatement(connection, $"SELECT {UsageDimensions.Columns} FROM usage_dimensions WHERE id = ?");
        var (day, sets) = (long.MinValue, new SortedDictionary<long, long[]>());
        foreach (var segment in UsageReader.SegmentsOf(connection, query, new UsageCalendar(TimeZoneInfo.Utc, [])))
        {
            using var rows = new UsageSegmentReader(connection, segment);
            while (rows.Read())
            {
                var next = UsageRows.DayOf(rows.Hour);
                if (next != day)
                {
                    WriteDay();
                    day = next;
                }

                if (groups.GroupOf(rows.Dimensions) is not UsageDimensionGroups.NotAsked)
                {
                    if (!sets.TryGetValue(rows.Dimensions, out var sums))
                    {
                        sums = sets[rows.Dimensions] = new long[UsageMeasures.Count];
                    }

                    rows.AddTo(sums);
                }
            }
        }

        WriteDay();

        void WriteDay()
        {
            foreach (var (set, sums) in sets)
            {
                find.Bind(1, set);
                _ = find.Read();
                var dimensions = UsageDimensions.Of(find);
                find.Reset();
                WriteSet(csv, query, day, dimensions, sums, RatesOf(dimensions, day, snapshot, catalogs));
            }

            sets.Clear();
        }
    }

    /// <summary>As they were then, if they can be had; else as they are now.</summary>
    private RateCard? RatesOf(UsageDimensions dimensions, long day, Snapshot snapshot, Dictionary<long, ModelCatalog> catalogs)
    {
        if (dimensions.Target is not { } target)
        {
            return null;
        }

        if (!catalogs.TryGetValue(dimensions.PriceRevision, out var catalog))
        {
            catalog = catalogs[dimensions.PriceRevision] = history.Find(dimensions.PriceRevision, snapshot).Prices ?? snapshot.Catalog;
        }

        return PriceHistory.PriceOf(catalog, snapshot, target)?.CardFor(PriceHistory.TierOf(dimensions.ServiceTier), 0, UsageQuery.TimeOf(day * 24));
    }

    private static void WriteSet(CsvWriter csv, UsageQuery query, long day, UsageDimensions dimensions, long[] sums, RateCard? rates)
    {
        // What was answered without a target (from a cache, or refused) is no charge, unless something was paid for it.
        if (sums[UsageMeasures.CostNanoUsd] == 0 && (dimensions.Target is null || FocusMeters.IsEmpty(sums)))
        {
            return;
        }

        var tags = TagsOf(dimensions);
        var unpriced = sums[UsageMeasures.UnpricedExchanges];
        foreach (var meter in FocusMeters.Split(sums, rates))
        {
            WriteRow(csv, query, day, dimensions, meter, tags, unpriced);
            // Told once for a set.
            unpriced = 0;
        }
    }

    private static void WriteRow(CsvWriter csv, UsageQuery query, long day, UsageDimensions dimensions, FocusMeter meter, string? tags, long unpriced)
    {
        var target = dimensions.Target;
        var slash = target?.IndexOf('/', StringComparison.Ordinal) ?? -1;
        var provider = slash > 0 ? target![..slash] : Gatehouse;
        var (start, end) = (UsageQuery.TimeOf(Math.Max(day * 24, query.From)), UsageQuery.TimeOf(Math.Min((day + 1) * 24, query.To)));
        var month = new DateTimeOffset(start.Year, start.Month, 1, 0, 0, 0, TimeSpan.Zero);
        var (name, isTokens) = (meter.Kind.Name(), meter.Kind.IsPerToken());
        var sku = target is null ? name : $"{target}/{name}";
        var cost = UsageSumsView.Usd(meter.CostNanoUsd);

        csv.Field(cost); // BilledCost
        csv.Field(provider); // BillingAccountId: the account that the provider's configuration has the credentials of
        csv.Field(null); // BillingAccountName
        csv.Field("USD");
        csv.Field(Time(month.AddMonths(1)));
        csv.Field(Time(month));
        csv.Field("Usage");
        csv.Field(null); // ChargeClass
        csv.Field($"{(target is null ? dimensions.Operation : target)}: {name}");
        csv.Field("Usage-Based");
        csv.Field(Time(end));
        csv.Field(Time(start));
        csv.Field(meter.Quantity);
        csv.Field(isTokens ? "Tokens" : "Requests");
        csv.Field(cost); // ContractedCost
        csv.Field(cost); // EffectiveCost
        csv.Field(provider); // InvoiceIssuerName
        csv.Field(cost); // ListCost: "MUST match the BilledCost" where there is no ListUnitPrice
        csv.Field("Standard");
        csv.Field(isTokens ? (meter.Quantity / PricedAtOnce).ToString("0.######", CultureInfo.InvariantCulture) : meter.Quantity.ToString(CultureInfo.InvariantCulture));
        csv.Field(isTokens ? "1000000 Tokens" : "Requests");
        csv.Field(provider);
        csv.Field(provider); // PublisherName
        csv.Field(null); // RegionId: providers do not tell
        csv.Field(target);
        csv.Field(null); // ResourceName: models have no other name than their id
        csv.Field(target is null ? null : "Model");
        csv.Field("AI and Machine Learning");
        csv.Field(provider); // ServiceName
        csv.Field("Generative AI");
        csv.Field(sku);
        csv.Field(name);
        csv.Field($$"""{"x_ServiceTier":"{{dimensions.ServiceTier}}"}""");
        csv.Field($"{sku}@{dimensions.ServiceTier}");
        csv.Field(dimensions.KeyId);
        csv.Field(dimensions.KeyName);
        csv.Field(tags);
        csv.Field(dimensions.Operation);
        csv.Field(dimensions.Outcome);
        csv.Field(dimensions.PriceRevision);
        csv.Field(unpriced);
        csv.EndLine();
    }

    /// <summary>Labels as they are; what the gateway itself knows has a prefix ("Provider-defined tag keys MUST be prefixed").</summary>
    private static string? TagsOf(UsageDimensions dimensions)
    {
        var tags = dimensions.Labels is { } labels and not UsageDimensions.Other
            ? JsonSerializer.Deserialize(labels, Ledger.LedgerJson.Default.DictionaryStringString)!
            : [];
        Add("organization", dimensions.Organization);
        Add("team", dimensions.Team);
        Add("project", dimensions.Project);
        Add("user", dimensions.User);
        Add("agent", dimensions.Agent);
        Add("route", dimensions.Route);
        return tags.Count == 0 ? null : JsonSerializer.Serialize(tags, Ledger.LedgerJson.Default.DictionaryStringString);

        void Add(string name, string? value)
        {
            if (value is not null)
            {
                tags[TagPrefix + name] = value;
            }
        }
    }

    private static string Time(DateTimeOffset time) => time.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
}
