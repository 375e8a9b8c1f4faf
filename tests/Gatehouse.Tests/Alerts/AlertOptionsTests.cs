using Gatehouse.Alerts;
using Gatehouse.Configuration;
using Gatehouse.Configuration.Binding;

namespace Gatehouse.Tests.Alerts;

/// <summary>The section <c>alerts</c>: what is taken, and which mistakes are told with their keys.</summary>
public sealed class AlertOptionsTests
{
    [Fact]
    public void Everything_that_can_be_written_is_taken()
    {
        var options = Bind("""
            alerts:
              repeat_after: 2h
              sinks:
                - webhook: { url: "https://ops.example/hook", secret: whsec_AAAA }
                - slack: { url: "https://hooks.slack.example/T0/B0/x" }
                  kinds: ["budget_*", loop]
                  severity: critical
                - { name: on-call, email: { host: smtp.example, tls: implicit, username: u, password: p, from: a@b.example, to: [c@d.example] } }
            """, out var errors);

        Assert.Empty(errors);
        Assert.Equal((TimeSpan.FromHours(2), 3), (options.RepeatAfter, options.Sinks.Count));
        Assert.Matches("^webhook-[0-9a-f]{8}$", options.Sinks[0].Identity);
        Assert.Equal(("budget_*, loop", AlertSeverity.Critical), (string.Join(", ", options.Sinks[1].Kinds), options.Sinks[1].Severity));
        Assert.Equal(("on-call", "email", 465), (options.Sinks[2].Identity, options.Sinks[2].Type, options.Sinks[2].Email!.PortInUse));
    }

    [Theory]
    [InlineData("{}", "exactly one of webhook, slack and email (alerts.sinks[0]")]
    [InlineData("{ webhook: { url: 'https://a.b', secret: s }, slack: { url: 'https://a.b' } }", "exactly one of")]
    [InlineData("{ webhook: { url: 'https://a.b' } }", "secret is missing")]
    [InlineData("{ webhook: { url: 'https://a.b', secret: 'whsec_!' } }", "not base64 (alerts.sinks[0].webhook.secret")]
    [InlineData("{ webhook: { url: 'https://a.b', secret: 'whsec_' } }", "not base64")]
    [InlineData("{ webhook: { url: 'ftp://a.b', secret: s } }", "'ftp://a.b' is not an absolute http(s) URL (alerts.sinks[0].webhook.url")]
    [InlineData("{ webhook: { url: 'https://u:p@a.b', secret: s } }", "must not hold a name or password")]
    [InlineData("{ slack: {} }", "url is missing (alerts.sinks[0].slack")]
    [InlineData("{ slack: { url: 'hooks' } }", "it is not an absolute http(s) URL (alerts.sinks[0].slack.url")]
    [InlineData("{ slack: { url: 'https://a.b' }, kinds: [] }", "alerts.sinks[0].kinds")]
    [InlineData("{ slack: { url: 'https://a.b' }, severity: bad }", "one of info, warning, critical")]
    [InlineData("{ email: { host: 'a b', from: a@b.c, to: [a@b.c] } }", "'a b' is not the name of a host (alerts.sinks[0].email.host")]
    [InlineData("{ email: { host: a, from: a@b.c } }", "must be 1 to 50 addresses (alerts.sinks[0].email.to")]
    [InlineData("{ email: { host: a, port: 70000, from: a@b.c, to: [a@b.c] } }", "must be at most 65535 (alerts.sinks[0].email.port")]
    [InlineData("{ email: { host: a, from: a@b.c, to: [\"a@b.c\\r\\nRCPT TO:<x@y.z>\"] } }", "is not a mail address")]
    [InlineData("{ email: { host: a, from: 'a@b.c>', to: [a@b.c] } }", "is not a mail address such as ops@example.com (alerts.sinks[0].email.from")]
    [InlineData("{ email: { host: a, from: 'a', to: [a@b.c] } }", "is not a mail address")]
    [InlineData("{ email: { host: a, username: u, from: a@b.c, to: [a@b.c] } }", "username and password belong together")]
    [InlineData("{ email: { host: a, tls: none, username: u, password: p, from: a@b.c, to: [a@b.c] } }", "in the clear")]
    public void Mistakes_are_told_with_their_keys(string sink, string message)
    {
        _ = Bind($"alerts: {{ sinks: [ {sink} ] }}", out var errors);

        Assert.Contains(message, Assert.Single(errors), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("repeat_after: 30s", "must be at least 1m, or 0s for never (alerts.repeat_after")]
    [InlineData("sinks: [ { name: a, slack: { url: 'https://a.b' } }, { name: a, slack: { url: 'https://c.d' } } ]", "'a' is used twice (alerts.sinks[1]")]
    [InlineData("sinks: [ { slack: { url: 'https://a.b' } }, { slack: { url: 'https://a.b' } } ]", "is the same sink as one above it (alerts.sinks[1]")]
    public void Mistakes_of_the_section_are_told(string section, string message)
    {
        _ = Bind($"alerts: {{ {section} }}", out var errors);

        Assert.Contains(message, Assert.Single(errors), StringComparison.Ordinal);
    }

    [Fact]
    public void Secrets_are_not_shown()
    {
        const string Text = "the-secret-itself";
        var options = Bind($$"""
            alerts:
              sinks:
                - webhook: { url: "https://a.b", secret: {{Text}} }
                - slack: { url: "not a url {{Text}}" }
                - email: { host: a, username: u, password: {{Text}}, from: a@b.c, to: [a@b.c] }
            """, out var errors);

        Assert.DoesNotContain(Text, string.Join('\n', errors) + string.Join('\n', options.Sinks.Select(sink => $"{sink} {sink.Identity}")), StringComparison.Ordinal);
    }

    private static AlertOptions Bind(string yaml, out IReadOnlyList<string> errors)
    {
        var collected = new ConfigurationErrors("gatehouse.yaml");
        var options = new YamlBinder(collected, _ => null, _ => "").Bind<GatewayOptions>(yaml).Alerts;
        AlertOptions.Validate(options, collected);
        errors = collected.Messages;
        return options;
    }
}
