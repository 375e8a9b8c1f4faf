using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Gatehouse.Alerts;
using Gatehouse.Alerts.Channels;
using Gatehouse.Configuration.Binding;
using Gatehouse.Storage;
using Gatehouse.Telemetry;
using Gatehouse.Tests.Harness;
using Microsoft.Extensions.Logging;

namespace Gatehouse.Tests.Alerts;

/// <summary>From the moment something is raised to what receivers get, with a real database and real receivers on loopback.</summary>
public sealed class AlertServiceTests : IAsyncDisposable
{
    private static readonly Alert Budget = new("budget_exceeded", "team", AlertSeverity.Critical, "The budget is used up.")
    {
        Details = new Dictionary<string, string>(StringComparer.Ordinal) { ["limit_usd"] = "50" },
    };

    private readonly TemporaryFolder _folder = new();
    private readonly PauseTime _time = new();
    private readonly GatewayMetrics _metrics = new();
    private readonly LogCapture _logs = new();
    private readonly Database _database;
    private readonly List<AlertService> _services = [];

    public AlertServiceTests() => _database = Database.Open($"sqlite:{Path.Combine(_folder.Path, "gatehouse.db")}", _time);

    public async ValueTask DisposeAsync()
    {
        foreach (var service in _services)
        {
            await service.DisposeAsync();
        }

        _database.Dispose();
        _metrics.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_webhook_is_signed_so_that_its_receiver_can_check_it()
    {
        await using var receiver = ScriptedUpstream.Json("{}");
        var key = RandomNumberGenerator.GetBytes(24);
        var service = Start(Webhook(receiver.Address, $"whsec_{Convert.ToBase64String(key)}"));

        service.Raise(Budget);

        var seen = await RequestAsync(receiver, 0);
        Assert.Equal(("POST", "application/json"), (seen.Method, seen.Headers["content-type"]));
        var (id, timestamp) = (seen.Headers["webhook-id"], seen.Headers["webhook-timestamp"]);
        Assert.Equal(_time.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture), timestamp);
        byte[] signed = [.. Encoding.ASCII.GetBytes($"{id}.{timestamp}."), .. seen.Body];
        Assert.Equal($"v1,{Convert.ToBase64String(HMACSHA256.HashData(key, signed))}", seen.Headers["webhook-signature"]);

        using var body = JsonDocument.Parse(seen.Body);
        Assert.Equal("alert.raised", body.RootElement.GetProperty("type").GetString());
        Assert.Equal(_time.GetUtcNow(), body.RootElement.GetProperty("timestamp").GetDateTimeOffset());
        var data = body.RootElement.GetProperty("data");
        Assert.Equal(("budget_exceeded", "team"), (data.GetProperty("kind").GetString(), data.GetProperty("subject").GetString()));
        Assert.Equal(("critical", "open"), (data.GetProperty("severity").GetString(), data.GetProperty("state").GetString()));
        Assert.Equal("50", data.GetProperty("details").GetProperty("limit_usd").GetString());
    }

    /// <summary>The example of the Standard Webhooks specification and its reference libraries.</summary>
    [Fact]
    public void The_signature_is_that_of_the_reference_libraries()
    {
        var headers = WebhookSignature.Headers(
            WebhookOptions.KeyOf(new Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))!,
            "msg_p5jXN8AQM9LWM0D4loKWxJek", DateTimeOffset.FromUnixTimeSeconds(1614265330), """{"test": 2432232314}"""u8);

        Assert.Equal("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", headers["webhook-signature"]);
    }

    [Fact]
    public async Task An_alert_goes_on_and_ends_in_this_order_and_only_once_each()
    {
        await using var receiver = ScriptedUpstream.Json("{}");
        var service = Start(Webhook(receiver.Address) with { RepeatAfter = TimeSpan.FromHours(4) });

        service.Raise(Budget);
        service.Raise(Budget);
        _time.Advance(TimeSpan.FromHours(5));
        service.Raise(Budget);
        service.Resolve("budget_exceeded", "another", "not raised");
        service.Resolve("budget_exceeded", "team", "The month is over.");
        service.Resolve("budget_exceeded", "team", "twice");

        await RequestAsync(receiver, 2);
        await service.WrittenAsync();
        Assert.Equal("alert.raised 1, alert.repeated 3, alert.resolved 3", Bodies(receiver));
        Assert.Contains("The month is over.", receiver.Requests.Last().Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_failed_webhook_is_sent_again_with_the_same_id_and_a_new_time()
    {
        var failures = 2;
        await using var receiver = new ScriptedUpstream((_, connection) => connection.RespondAsync(failures-- > 0 ? 503 : 204, "text/plain", ""));
        var service = Start(Webhook(receiver.Address));
        service.Raise(Budget);

        for (var i = 1; i <= 2; i++)
        {
            await RequestAsync(receiver, i - 1);
            await _time.PausedAsync(i);
            _time.Advance(_time.Pauses[^1]);
        }

        await RequestAsync(receiver, 2);
        Assert.Single(receiver.Requests.Select(request => request.Headers["webhook-id"]).Distinct(StringComparer.Ordinal));
        Assert.Equal(3, receiver.Requests.Select(request => request.Headers["webhook-timestamp"]).Distinct(StringComparer.Ordinal).Count());
        Assert.Equal("delivered 3", await DeliveriesAsync(service));
    }

    [Fact]
    public async Task A_redirect_is_not_followed()
    {
        await using var elsewhere = ScriptedUpstream.Json("{}");
        await using var receiver = new ScriptedUpstream((_, connection) => connection.RespondAsync(307, "text/plain", "", $"location: {elsewhere.Address}"));
        var service = Start(Webhook(receiver.Address));

        service.Raise(Budget);

        Assert.Equal("refused 1", await DeliveriesAsync(service));
        Assert.Empty(elsewhere.Requests);
    }

    [Fact]
    public async Task An_endless_answer_is_not_read()
    {
        await using var receiver = new ScriptedUpstream(async (_, connection) =>
        {
            await connection.StartChunkedAsync(200, "text/plain");
            while (!connection.Stop.IsCancellationRequested)
            {
                await connection.ChunkAsync(new byte[64 * 1024]);
            }
        });
        var service = Start(Webhook(receiver.Address));

        service.Raise(Budget);

        Assert.Equal("delivered 1", await DeliveriesAsync(service));
    }

    [Fact]
    public async Task Slack_gets_a_text_that_says_all_and_cannot_mention_anybody()
    {
        await using var receiver = new ScriptedUpstream((_, connection) => connection.RespondAsync(200, "text/plain", "ok"));
        var service = Start(Slack(receiver.Address));

        service.Raise(Budget with { Subject = "<!channel> & <https://evil.example|team>" });

        using var body = JsonDocument.Parse((await RequestAsync(receiver, 0)).Body);
        Assert.Equal("[critical] budget_exceeded: &lt;!channel&gt; &amp; &lt;https://evil.example|team&gt;: The budget is used up.", body.RootElement.GetProperty("text").GetString());
        var attachment = body.RootElement.GetProperty("attachments")[0];
        Assert.Equal("#e01e5a", attachment.GetProperty("color").GetString());
        Assert.Equal("50", attachment.GetProperty("fields")[0].GetProperty("value").GetString());
    }

    [Theory]
    [InlineData("channel_is_archived", "status 410 channel_is_archived")]
    [InlineData("see https://hooks.slack.example/T0/secret", "status 410")]
    public async Task Why_Slack_refuses_is_told_but_no_more_than_its_word(string reason, string error)
    {
        await using var receiver = new ScriptedUpstream((_, connection) => connection.RespondAsync(410, "text/plain", reason));
        var service = Start(Slack(new Uri(receiver.Address, "services/T0/the-secret-path")));

        service.Raise(Budget);

        Assert.Equal("refused 1", await DeliveriesAsync(service));
        var alert = Assert.Single(await service.ListAsync(new AlertQuery(10)));
        var row = Assert.Single(service.Deliveries(alert.Id, 10));
        Assert.Equal(error, row.Status.Error);
        Assert.DoesNotContain("the-secret-path", row.Sink + _logs.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_dead_receiver_holds_up_no_other_and_nobody_who_raises()
    {
        await using var dead = new ScriptedUpstream((_, connection) => connection.UntilPeerClosesAsync());
        await using var alive = ScriptedUpstream.Json("{}");
        var service = Start(Webhook(dead.Address) with { Sinks = [.. Webhook(dead.Address).Sinks, .. Webhook(alive.Address).Sinks] });

        for (var i = 0; i < 50; i++)
        {
            service.Raise(Budget with { Subject = $"team {i}" });
        }

        await RequestAsync(alive, 49);
        Assert.Equal(string.Join(' ', Enumerable.Range(0, 50).Select(i => $"team {i}")), string.Join(' ', alive.Requests.Select(request => Data(request).GetProperty("subject").GetString())));
        Assert.Single(dead.Requests);
    }

    [Fact]
    public async Task What_was_not_delivered_before_a_crash_is_delivered_after_it()
    {
        await using var dead = new ScriptedUpstream((_, connection) => connection.UntilPeerClosesAsync());
        await using var alive = ScriptedUpstream.Json("{}");
        var crashed = Start(Named(dead.Address));
        crashed.Raise(Budget);
        crashed.Raise(Budget with { Subject = "other" });
        crashed.Resolve("budget_exceeded", "team", "over");
        var before = await RequestAsync(dead, 0);
        await crashed.WrittenAsync();

        // The first one is not stopped: nothing of what it does at its end helps the second.
        _ = Start(Named(alive.Address));

        await RequestAsync(alive, 2);
        Assert.Equal("alert.raised 1, alert.raised 1, alert.resolved 1", Bodies(alive));
        var first = alive.Requests.First();
        Assert.Equal((before.Headers["webhook-id"], before.Text), (first.Headers["webhook-id"], first.Text));
    }

    [Fact]
    public async Task After_a_restart_an_open_condition_is_not_told_anew_and_its_end_is_told()
    {
        await using var receiver = ScriptedUpstream.Json("{}");
        var first = Start(Named(receiver.Address));
        first.Raise(Budget);
        first.Raise(Budget);
        Assert.Equal("delivered 1", await DeliveriesAsync(first));
        await StopAsync(first);

        var second = Start(Named(receiver.Address));
        second.Raise(Budget);
        second.Resolve("budget_exceeded", "team", "over");

        await RequestAsync(receiver, 1);
        Assert.Equal("alert.raised 1, alert.resolved 3", Bodies(receiver));
        Assert.Equal(Data(receiver.Requests.First()).GetProperty("id").GetString(), Data(receiver.Requests.Last()).GetProperty("id").GetString());
    }

    [Fact]
    public async Task What_is_raised_in_the_last_moment_is_delivered_after_the_restart()
    {
        await using var receiver = ScriptedUpstream.Json("{}");
        await using var dead = new ScriptedUpstream((_, connection) => connection.UntilPeerClosesAsync());
        var first = Start(Named(dead.Address));
        first.Raise(Budget);
        await StopAsync(first);

        _ = Start(Named(receiver.Address));

        Assert.Equal("team", Data(await RequestAsync(receiver, 0)).GetProperty("subject").GetString());
    }

    [Fact]
    public async Task While_the_database_cannot_be_written_alerts_are_sent_all_the_same_and_written_later()
    {
        await using var receiver = ScriptedUpstream.Json("{}");
        var service = Start(Webhook(receiver.Address));
        Execute("ALTER TABLE alerts RENAME TO alerts_away");

        service.Raise(Budget);
        await RequestAsync(receiver, 0);
        await service.WrittenAsync();
        await service.WrittenAsync();
        Assert.Single(_logs.Entries, entry => entry.Message.Contains("cannot be written down", StringComparison.Ordinal));

        Execute("ALTER TABLE alerts_away RENAME TO alerts");
        await service.WrittenAsync();

        Assert.Equal("delivered 1", await DeliveriesAsync(service));
        Assert.Contains("can be written down again", _logs.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Counts_of_what_goes_on_are_written_later_without_anything_else_happening()
    {
        var service = Start(new AlertOptions());
        service.Raise(Budget);
        await service.WrittenAsync();
        service.Raise(Budget);
        service.Raise(Budget);

        _time.Advance(TimeSpan.FromSeconds(5));

        await Eventually.TrueAsync(() => Count("SELECT count FROM alerts") == 3, "the count");
    }

    [Fact]
    public async Task What_waits_for_a_sink_that_is_gone_after_a_restart_is_dropped()
    {
        await using var dead = new ScriptedUpstream((_, connection) => connection.UntilPeerClosesAsync());
        var first = Start(Named(dead.Address));
        first.Raise(Budget);
        await first.WrittenAsync();
        await StopAsync(first);

        var second = Start(new AlertOptions());

        Assert.Equal("dropped 0", await DeliveriesAsync(second));
    }

    [Fact]
    public async Task A_sink_that_never_took_the_beginning_is_not_told_of_the_end()
    {
        await using var receiver = new ScriptedUpstream((request, connection) => connection.RespondAsync(request.Text.Contains("refuse me", StringComparison.Ordinal) ? 400 : 200, "text/plain", ""));
        var service = Start(Webhook(receiver.Address));
        service.Raise(Budget with { Message = "refuse me" });
        service.Resolve("budget_exceeded", "team", "over");
        service.Raise(Budget with { Subject = "last" });

        await RequestAsync(receiver, 1);
        Assert.Equal("alert.raised 1, alert.raised 1", Bodies(receiver));
    }

    [Fact]
    public async Task Old_alerts_are_forgotten_open_ones_stay()
    {
        var service = Start(new AlertOptions());
        service.Raise(Budget with { Subject = "open" });
        service.Raise(Budget);
        service.Resolve("budget_exceeded", "team", "over");
        Assert.Equal(2, (await service.ListAsync(new AlertQuery(10))).Count);

        _time.Advance(TimeSpan.FromDays(91));
        await service.WrittenAsync();

        Assert.Equal("open", Assert.Single(await service.ListAsync(new AlertQuery(10))).Subject);
    }

    [Fact]
    public async Task A_test_reaches_all_sinks_past_their_queues_and_tells_how_each_took_it()
    {
        await using var good = ScriptedUpstream.Json("{}");
        await using var bad = ScriptedUpstream.Json("{}", status: 500);
        await using var mail = new MailServer();
        var service = Start(new AlertOptions
        {
            Sinks =
            [
                Webhook(good.Address).Sinks[0] with { Name = "good", Kinds = ["nothing"], Severity = AlertSeverity.Critical },
                Slack(bad.Address).Sinks[0] with { Name = "bad" },
                new AlertSinkOptions { Name = "mail", Email = new EmailOptions { Host = "127.0.0.1", Port = mail.Port, Tls = SmtpTls.None, From = "a@b.c", To = ["d@e.f"] } },
            ],
        });

        var tests = await service.TestAsync(TestContext.Current.CancellationToken);

        Assert.Equal("good webhook : bad slack status 500: mail email ", string.Join(": ", tests.Select(test => $"{test.Sink} {test.Type} {test.Error}")));
        Assert.Contains("alert.test", Assert.Single(good.Requests).Text, StringComparison.Ordinal);
        Assert.Single(mail.Mails);
        Assert.Empty(await service.ListAsync(new AlertQuery(10)));
    }

    private AlertService Start(AlertOptions options)
    {
        using var factory = LoggerFactory.Create(builder => builder.AddProvider(_logs).SetMinimumLevel(LogLevel.Debug));
        var service = new AlertService(_database, _time, new SeededRandom(1), _metrics, factory.CreateLogger<AlertService>());
        _services.Add(service);
        service.Configure(options);
        return service;
    }

    private async Task StopAsync(AlertService service)
    {
        _ = _services.Remove(service);
        await service.DisposeAsync();
    }

    private static AlertOptions Webhook(Uri url, string secret = "a-secret") =>
        new() { Sinks = [new AlertSinkOptions { Webhook = new WebhookOptions { Url = url.ToString(), Secret = new Secret(secret) } }] };

    /// <summary>Known by its name, wherever it is.</summary>
    private static AlertOptions Named(Uri url) => new() { Sinks = [Webhook(url).Sinks[0] with { Name = "ops" }] };

    private static AlertOptions Slack(Uri url) => new() { Sinks = [new AlertSinkOptions { Slack = new SlackOptions { Url = new Secret(url.ToString()) } }] };

    private static async Task<SeenRequest> RequestAsync(ScriptedUpstream receiver, int index)
    {
        await Eventually.TrueAsync(() => receiver.Requests.Count > index, $"request {index + 1}");
        return receiver.Requests.ElementAt(index);
    }

    /// <summary>States and attempts of all deliveries of the one alert, when none waits any more.</summary>
    private static async Task<string> DeliveriesAsync(AlertService service)
    {
        var rows = await Eventually.GetAsync(
            async () =>
            {
                var alerts = await service.ListAsync(new AlertQuery(10));
                var rows = alerts.SelectMany(alert => service.Deliveries(alert.Id, 10)).ToArray();
                return rows.Length > 0 && Array.TrueForAll(rows, row => row.Status.State != DeliveryState.Waiting) ? (Memory<DeliveryRow>?)rows : null;
            },
            "the end of all deliveries");
        return string.Join(", ", rows.ToArray().Select(row => $"{AlertStore.Word(row.Status.State)} {row.Status.Attempts}"));
    }

    private static JsonElement Data(SeenRequest request) => JsonDocument.Parse(request.Body).RootElement.GetProperty("data");

    private static string Bodies(ScriptedUpstream receiver) => string.Join(", ", receiver.Requests.Select(request =>
    {
        using var body = JsonDocument.Parse(request.Body);
        return $"{body.RootElement.GetProperty("type").GetString()} {body.RootElement.GetProperty("data").GetProperty("count").GetInt64()}";
    }));

    private void Execute(string sql) => Count(sql);

    private long? Count(string sql)
    {
        using var connection = _database.Connect();
        using var command = connection.CreateCommand();
        // Two tables refer to each other by name.
        command.CommandText = $"PRAGMA legacy_alter_table=ON; {sql}";
        return command.ExecuteScalar() as long?;
    }
}
