using System.Text;

namespace Gatehouse.Bench.Chaos;

/// <summary>How requests of the bench are put to a gateway.</summary>
/// <param name="Name">In the report.</param>
/// <param name="Headers">That each request carries: the credential, or for Portkey the whole configuration.</param>
internal sealed record GatewayUnderTest(string Name, Uri Url, string Model, IReadOnlyList<(string Name, string Value)> Headers)
{
    public static GatewayUnderTest From(Arguments arguments, ChaosScenario scenario, IReadOnlyList<int> ports)
    {
        var name = arguments.Text("gateway");
        var url = new Uri(arguments.Url("url"), "/v1/chat/completions");
        return name.StartsWith("portkey", StringComparison.Ordinal)
            ? new GatewayUnderTest(name, url, "m", [("x-portkey-config", PortkeyConfig(ports, arguments.Number("retries", 0)))])
            : new GatewayUnderTest(name, url, scenario.Route, [("authorization", $"Bearer {arguments.Text("key")}")]);
    }

    public HttpRequestMessage Request(int number)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, Url)
        {
            Content = new StringContent(ChaosRequest.Body(number, Model), Encoding.UTF8, "application/json"),
        };
        foreach (var (name, value) in Headers)
        {
            _ = request.Headers.TryAddWithoutValidation(name, value);
        }

        return request;
    }

    /// <summary>Fail-over on any failure, and the only time limit that it has, that for the head of an answer, as Gatehouse's in gatehouse.yaml.</summary>
    private static string PortkeyConfig(IReadOnlyList<int> ports, int retries)
    {
        var retry = retries == 0 ? "" : $$""","retry":{"attempts":{{retries}},"on_status_codes":[408,429,500,502,503,504,529]}""";
        var targets = ports.Select(port =>
            $$"""{"provider":"openai","api_key":"upstream","custom_host":"http://127.0.0.1:{{port}}/v1","request_timeout":2000{{retry}}}""");
        return $$"""{"strategy":{"mode":"fallback"},"targets":[{{string.Join(',', targets)}}]}""";
    }
}
