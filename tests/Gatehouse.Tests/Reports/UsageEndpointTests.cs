using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Gatehouse.Reports;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests.Reports;

/// <summary><c>/api/v1/usage</c> as its callers see it: JSON, CSV, FOCUS, other prices, mistakes.</summary>
public sealed partial class UsageEndpointTests
{
    private const string Yaml = """
        providers: { sandbox: {} }
        routes: { chat: { targets: [sandbox/echo] } }
        catalog: { models: { "sandbox/echo": { input_usd_per_mtok: 1.10, output_usd_per_mtok: 3.30, long_input: { above_tokens: 30, input_usd_per_mtok: 2.20 } } } }
        """;

    [Fact]
    public async Task Usage_is_grouped_and_adds_up()
    {
        var time = new ManualTime();
        await using var gateway = await FiveExchangesAsync(time);
        var rows = await gateway.ExchangesAsync();

        var report = await GetAsync(gateway, "group_by=day,user&from=2026-11-20T12:30:00Z&to=2026-11-21");

        Assert.Equal("2026-11-20T12:00:00+00:00", report.GetProperty("from").GetString());
        Assert.Equal("2026-11-21T00:00:00+00:00", report.GetProperty("to").GetString());
        Assert.Equal(rows.Sum(row => row.GetProperty("cost_nano_usd").GetInt64()), report.GetProperty("totals").GetProperty("cost_nano_usd").GetInt64());
        Assert.Equal(
            report.GetProperty("totals").GetProperty("cost_nano_usd").GetInt64() / 1_000_000_000m,
            decimal.Parse(report.GetProperty("totals").GetProperty("cost_usd").GetString()!, CultureInfo.InvariantCulture));
        Assert.Equal(
            "2026-11-20:-:1 2026-11-20:=cmd():2 2026-11-20:ann:2",
            string.Join(' ', report.GetProperty("data").EnumerateArray().Select(row =>
                $"{row.GetProperty("group").GetProperty("day").GetString()}:{row.GetProperty("group").GetProperty("user").GetString() ?? "-"}:{row.GetProperty("exchanges").GetInt64()}")));

        var page = await GetAsync(gateway, "group_by=user&order_by=exchanges&limit=1&offset=1&user=");
        Assert.Equal((1, 0), (page.GetProperty("groups").GetInt32(), page.GetProperty("data").GetArrayLength()));
        page = await GetAsync(gateway, "group_by=user&order_by=exchanges&limit=2&offset=0");
        Assert.Equal(2, page.GetProperty("next_offset").GetInt32());
    }

    [Theory]
    [InlineData("group_by=colour", "group_by", "there are key, key_id, organization")]
    [InlineData("group_by=key&colour=red", "colour", "group_by, from, to")]
    [InlineData("group_by=label.", "group_by", "label.NAME")]
    [InlineData("from=yesterday", "from", "2026-01-31")]
    [InlineData("from=2026-11-22&to=2026-11-21", "from", "before")]
    [InlineData("to=9999-12-31", "to", "2026-01-31")]
    [InlineData("from=0001-01-01", "from", "2026-01-31")]
    [InlineData("time_zone=Mars/Olympus", "time_zone", "Europe/Berlin")]
    [InlineData("order_by=luck", "order_by", "cost_nano_usd")]
    [InlineData("limit=0", "limit", "10000")]
    [InlineData("offset=-1", "offset", "0 or more")]
    [InlineData("format=xml", "format", "json, csv, focus")]
    [InlineData("format=focus&group_by=key", "group_by", "leave group_by out")]
    [InlineData("key=a&key=b", "key", "more than once")]
    [InlineData("group_by=label.%27%20OR%201=1--", null, null)]
    [InlineData("team=%27%20OR%201=1--", null, null)]
    [InlineData("from=1000-01-01&to=8999-12-31&group_by=hour&time_zone=Asia/Kathmandu", null, null)]
    public async Task A_mistake_is_told_with_its_parameter_and_what_is_known(string query, string? field, string? told)
    {
        await using var gateway = await GatewayHost.StartAsync(Yaml);

        using var response = await gateway.Admin.GetAsync(new Uri($"/api/v1/usage?{query}", UriKind.Relative), TestContext.Current.CancellationToken);

        Assert.Equal(field is null ? HttpStatusCode.OK : HttpStatusCode.BadRequest, response.StatusCode);
        if (field is not null)
        {
            using var body = JsonDocument.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
            Assert.Equal(field, body.RootElement.GetProperty("error").GetProperty("field").GetString());
            Assert.Contains(told!, body.RootElement.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Csv_is_quoted_and_no_field_is_a_formula()
    {
        await using var gateway = await FiveExchangesAsync(new ManualTime());

        using var response = await gateway.Admin.GetAsync(new Uri("/api/v1/usage?group_by=user,label.note&format=csv", UriKind.Relative), TestContext.Current.CancellationToken);

        Assert.Equal("text/csv", response.Content.Headers.ContentType!.MediaType);
        var lines = (await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).Split("\r\n");
        Assert.StartsWith("user,label.note,exchanges,input_tokens,", lines[0], StringComparison.Ordinal);
        Assert.Contains(lines, line => line.StartsWith("'=cmd(),\"say \"\"hi\"\"\",2,", StringComparison.Ordinal));
        Assert.Equal("", lines[^1]);
        Assert.Equal(5, lines.Length);
    }

    [Fact]
    public async Task Focus_has_all_mandatory_columns_in_their_formats_and_adds_up_to_the_ledger()
    {
        await using var gateway = await FiveExchangesAsync(new ManualTime());
        var cost = (await gateway.ExchangesAsync()).Sum(row => row.GetProperty("cost_nano_usd").GetInt64()) / 1_000_000_000m;

        var text = await gateway.Admin.GetStringAsync(new Uri("/api/v1/usage?format=focus&from=2026-11-20&to=2026-11-21", UriKind.Relative), TestContext.Current.CancellationToken);

        var lines = text.Split("\r\n", StringSplitOptions.RemoveEmptyEntries).Select(Fields).ToList();
        var columns = lines[0];
        // v1.2 of the specification: the columns whose feature level is Mandatory.
        string[] mandatory =
        [
            "BilledCost", "BillingAccountId", "BillingAccountName", "BillingCurrency", "BillingPeriodEnd", "BillingPeriodStart", "ChargeCategory", "ChargeClass",
            "ChargeDescription", "ChargePeriodEnd", "ChargePeriodStart", "ContractedCost", "EffectiveCost", "InvoiceIssuerName", "ListCost", "PricingQuantity",
            "PricingUnit", "ProviderName", "PublisherName", "ServiceCategory", "ServiceName",
        ];
        Assert.Empty(mandatory.Except(columns, StringComparer.Ordinal));
        Assert.Equal(columns.Count, columns.Distinct(StringComparer.Ordinal).Count());
        var custom = columns.FindIndex(column => column.StartsWith("x_", StringComparison.Ordinal));
        Assert.All(columns.Skip(custom), column => Assert.StartsWith("x_", column, StringComparison.Ordinal));

        var rows = lines.Skip(1).Select(line => columns.Zip(line).ToDictionary(pair => pair.First, pair => pair.Second, StringComparer.Ordinal)).ToList();
        Assert.NotEmpty(rows);
        Assert.Equal(cost, rows.Sum(row => decimal.Parse(row["BilledCost"], CultureInfo.InvariantCulture)));
        Assert.Equal("input output", string.Join(' ', rows.Select(row => row["SkuMeter"]).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)));
        Assert.All(rows, row =>
        {
            Assert.All(row.Where(pair => mandatory.Contains(pair.Key, StringComparer.Ordinal) && pair.Key is not ("BillingAccountName" or "ChargeClass")), pair => Assert.NotEmpty(pair.Value));
            Assert.All(row.Where(pair => pair.Key.EndsWith("Cost", StringComparison.Ordinal) || pair.Key.EndsWith("Quantity", StringComparison.Ordinal)), pair => Assert.Matches(Number(), pair.Value));
            Assert.All(row.Where(pair => pair.Key.Contains("Period", StringComparison.Ordinal)), pair => Assert.Matches(Time(), pair.Value));
            Assert.Equal(row["BilledCost"], row["ListCost"]);
            Assert.Equal("2026-11-01T00:00:00Z 2026-12-01T00:00:00Z", $"{row["BillingPeriodStart"]} {row["BillingPeriodEnd"]}");
            Assert.Equal("2026-11-20T00:00:00Z 2026-11-21T00:00:00Z", $"{row["ChargePeriodStart"]} {row["ChargePeriodEnd"]}");
            Assert.Equal("USD", row["BillingCurrency"]);
            Assert.Equal("Usage Usage-Based Standard", $"{row["ChargeCategory"]} {row["ChargeFrequency"]} {row["PricingCategory"]}");
            Assert.Equal("AI and Machine Learning/Generative AI", $"{row["ServiceCategory"]}/{row["ServiceSubcategory"]}");
            Assert.Equal("Tokens 1000000 Tokens", $"{row["ConsumedUnit"]} {row["PricingUnit"]}");
            using var tags = JsonDocument.Parse(row["Tags"]);
            Assert.All(tags.RootElement.EnumerateObject(), tag => Assert.Equal(JsonValueKind.String, tag.Value.ValueKind));
        });
        Assert.Contains(rows, row => row["Tags"].Contains("\"note\":", StringComparison.Ordinal) && row["Tags"].Contains("\"gatehouse/user\":", StringComparison.Ordinal));
    }

    [Fact]
    public async Task History_is_priced_again_with_other_prices()
    {
        using var folder = new TemporaryFolder();
        var time = new ManualTime();
        await using (var first = await FiveExchangesAsync(time, folder))
        {
            // With the prices in force the cost is the ledger's, to the last nano-USD.
            var same = await GetAsync(first, "", "usage/repriced");
            Assert.Equal((5, 5, 0, 0), (Of(same, "exchanges"), Of(same, "compared"), Of(same, "difference_nano_usd"), Of(same, "not_priceable")));
            Assert.Equal(Of(same, "cost_nano_usd"), Of(same, "repriced_nano_usd"));
        }

        await using var gateway = await GatewayHost.StartAsync(Yaml.Replace("1.10", "2.20", StringComparison.Ordinal).Replace("3.30", "6.60", StringComparison.Ordinal).Replace("usd_per_mtok: 2.20 } }", "usd_per_mtok: 4.40 } }", StringComparison.Ordinal), time, folder);
        var dearer = await GetAsync(gateway, "group_by=user", "usage/repriced");
        Assert.Equal(2 * Of(dearer, "cost_nano_usd"), Of(dearer, "repriced_nano_usd"));
        Assert.Equal(Of(dearer, "cost_nano_usd"), Of(dearer, "difference_nano_usd"));
        Assert.Equal(3, dearer.GetProperty("data").GetArrayLength());
        Assert.Equal(2, dearer.GetProperty("price_revision").GetInt64());

        var then = await GetAsync(gateway, "price_revision=1", "usage/repriced");
        Assert.Equal((5, 0), (Of(then, "compared"), Of(then, "difference_nano_usd")));
    }

    [Theory]
    [InlineData("price_revision=7", "price_revision", "There is no price revision 7")]
    [InlineData("price_revision=old", "price_revision", "number of a revision")]
    [InlineData("price_revision=99", "price_revision", "stands on the catalogue another-build")]
    [InlineData("from=2026-01-01&to=2026-03-01", "from", "31 days")]
    [InlineData("format=csv", "format", "There is no parameter")]
    public async Task What_cannot_be_priced_again_is_told(string query, string field, string told)
    {
        using var folder = new TemporaryFolder();
        await using (await GatewayHost.StartAsync(Yaml, folder: folder))
        {
        }

        var path = Directory.GetFiles(folder.Path, "*.db", SearchOption.AllDirectories).Single();
        using (var database = Storage.Database.Open($"sqlite:{path}", TimeProvider.System))
        using (var connection = database.Connect())
        using (var command = connection.CreateCommand())
        {
            command.CommandText = "INSERT INTO price_revisions VALUES (99, '', 'another-build', '{}')";
            _ = command.ExecuteNonQuery();
        }

        await using var gateway = await GatewayHost.StartAsync(Yaml, folder: folder);
        using var response = await gateway.Admin.GetAsync(new Uri($"/api/v1/usage/repriced?{query}", UriKind.Relative), TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        using var body = JsonDocument.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.Equal(field, body.RootElement.GetProperty("error").GetProperty("field").GetString());
        Assert.Contains(told, body.RootElement.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_command_shows_the_report_as_a_table_and_passes_csv_on()
    {
        await using var gateway = await FiveExchangesAsync(new ManualTime());

        var (code, output, _) = await RunAsync(gateway, "--group-by", "user", "--to", "2026-11-21", "--filter", "key=test");
        Assert.Equal(0, code);
        Assert.Contains("=cmd()", output, StringComparison.Ordinal);
        Assert.Contains("total", output, StringComparison.Ordinal);

        (code, output, _) = await RunAsync(gateway, "--format", "focus", "--to", "2026-11-21");
        Assert.Equal(0, code);
        Assert.StartsWith("BilledCost,", output, StringComparison.Ordinal);

        (code, _, var error) = await RunAsync(gateway, "--group-by", "colour");
        Assert.Equal(1, code);
        Assert.Contains("There is no grouping 'colour'", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(100, new long[] { 10, 20, 30 })]
    [InlineData(1, new long[] { 1, 1, 1 })]
    [InlineData(999_999_999_999_999_999, new long[] { 7, 11, 13 })]
    [InlineData(0, new long[] { 5, 0, 0 })]
    [InlineData(12, new long[] { 0, 0, 0 })]
    public void Costs_of_meters_add_up_exactly(long cost, long[] tokens)
    {
        var sums = new long[UsageMeasures.Count];
        sums[UsageMeasures.Exchanges] = 3;
        (sums[UsageMeasures.InputTokens], sums[UsageMeasures.OutputTokens], sums[UsageMeasures.CacheReadTokens]) = (tokens[0], tokens[1], tokens[2]);
        sums[UsageMeasures.CostNanoUsd] = cost;

        var meters = FocusMeters.Split(sums, null);

        Assert.Equal(cost, meters.Sum(meter => meter.CostNanoUsd));
        Assert.All(meters, meter => Assert.InRange(meter.CostNanoUsd, 0, cost));
    }

    private static Task<(int Code, string Output, string Error)> RunAsync(GatewayHost gateway, params string[] arguments) => GatewayProcess.RunAsync(
        ["usage", .. arguments], ".", ("GATEHOUSE_ADMIN_URL", gateway.Application.AdminAddress.ToString()), ("GATEHOUSE_ADMIN_TOKEN", GatewayHost.AdminToken));

    private static long Of(JsonElement report, string name) => report.GetProperty("totals").GetProperty(name).GetInt64();

    private static async Task<JsonElement> GetAsync(GatewayHost gateway, string query, string path = "usage")
    {
        using var document = JsonDocument.Parse(await gateway.Admin.GetStringAsync(new Uri($"/api/v1/{path}?{query}", UriKind.Relative), TestContext.Current.CancellationToken));
        return document.RootElement.Clone();
    }

    private static async Task<GatewayHost> FiveExchangesAsync(ManualTime time, TemporaryFolder? folder = null)
    {
        var gateway = await GatewayHost.StartAsync(Yaml, time, folder);
        foreach (var (user, words) in ((string?, int)[])[(null, 3), ("ann", 5), ("ann", 60), ("=cmd()", 8), ("=cmd()", 90)])
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions");
            request.Content = new StringContent(
                JsonSerializer.Serialize(new { model = "chat", messages = new[] { new { role = "user", content = string.Join(' ', Enumerable.Repeat("word", words)) } } }), Encoding.UTF8, new MediaTypeHeaderValue("application/json"));
            if (user is not null)
            {
                request.Headers.Add("x-gatehouse-user", user);
                request.Headers.Add("x-gatehouse-labels", "note=say \"hi\"");
            }

            using var response = await gateway.Client.SendAsync(request, TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }

        return gateway;
    }

    /// <summary>One line without line breaks in its fields.</summary>
    private static List<string> Fields(string line) =>
        [.. Field().Matches(line).Select(match => match.Groups["quoted"].Success ? match.Groups["quoted"].Value.Replace("\"\"", "\"", StringComparison.Ordinal) : match.Groups["plain"].Value)];

    [GeneratedRegex("""(?:^|,)(?:"(?<quoted>(?:[^"]|"")*)"|(?<plain>[^,]*))""", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Field();

    [GeneratedRegex(@"^-?\d+(\.\d+)?$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Number();

    [GeneratedRegex(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Time();
}
