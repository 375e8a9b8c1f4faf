using System.Net;
using System.Text.Json;
using Gatehouse.Tests.Harness;
using Microsoft.OpenApi;

namespace Gatehouse.Tests;

/// <summary>The description of the admin API says what the API does.</summary>
public sealed class OpenApiTests
{
    private static readonly string[] Operations =
    [
        "DELETE /api/v1/cache 200 401",
        "DELETE /api/v1/keys/{id} 204 401 404 409",
        "GET /api/v1/alerts 200 400 401",
        "GET /api/v1/alerts/{id} 200 401 404",
        "GET /api/v1/cache 200 401",
        "GET /api/v1/config/revisions 200 401",
        "GET /api/v1/exchanges 200 400 401",
        "GET /api/v1/exchanges/{id} 200 401 404",
        "GET /api/v1/health 200 401",
        "GET /api/v1/keys 200 401",
        "GET /api/v1/keys/{id} 200 401 404",
        "GET /api/v1/models 200 401",
        "GET /api/v1/providers 200 401",
        "GET /api/v1/routes 200 401",
        "GET /api/v1/routes/{name} 200 401 404",
        "GET /api/v1/runs 200 400 401",
        "GET /api/v1/runs/{id} 200 401 404 409",
        "GET /api/v1/usage 200 400 401",
        "GET /api/v1/usage/repriced 200 400 401 409",
        "POST /api/v1/alerts/test 200 401",
        "POST /api/v1/alerts/{id}/acknowledge 200 401 404",
        "POST /api/v1/keys 201 400 401",
        "POST /api/v1/routes/{name}/explain 200 400 401 404",
        "POST /api/v1/runs/{id}/resume 200 401 404 409",
        "POST /api/v1/runs/{id}/stop 200 400 401 404 409",
    ];

    [Fact]
    public async Task The_document_is_valid_and_describes_every_operation_with_its_answers()
    {
        await using var gateway = await GatewayHost.StartAsync("providers: { sandbox: {} }");
        gateway.Admin.DefaultRequestHeaders.Authorization = null;
        await using var stream = await gateway.Admin.GetStreamAsync(new Uri("/openapi/v1.json", UriKind.Relative), TestContext.Current.CancellationToken);

        var (document, diagnostic) = await OpenApiDocument.LoadAsync(stream, "json", cancellationToken: TestContext.Current.CancellationToken);

        Assert.Empty(diagnostic!.Errors);
        var described = document!.Paths.SelectMany(path => path.Value.Operations!.Select(operation =>
            $"{operation.Key.Method} {path.Key} {string.Join(' ', operation.Value.Responses!.Keys.Order(StringComparer.Ordinal))}"));
        Assert.Equal(string.Join('\n', Operations.Order(StringComparer.Ordinal)), string.Join('\n', described.Order(StringComparer.Ordinal)));
        var requirement = Assert.Single(document.Security!);
        Assert.Equal("bearer", Assert.Single(requirement).Key.Scheme);
        Assert.All(document.Paths.Values.SelectMany(path => path.Operations!.Values), operation =>
        {
            Assert.NotEmpty(operation.Summary!);
            Assert.All(operation.Responses!.Where(response => response.Key != "204"), response =>
            {
                var schema = response.Value.Content!["application/json"].Schema;
                Assert.True(response.Key[0] == '2' ? schema is not null : schema is OpenApiSchemaReference { Reference.Id: "AdminError" }, response.Key);
            });
        });
    }

    [Fact]
    public async Task Every_described_operation_exists_and_needs_the_token()
    {
        await using var gateway = await GatewayHost.StartAsync("providers: { sandbox: {} }");
        foreach (var operation in Operations)
        {
            var parts = operation.Split(' ');
            using var request = new HttpRequestMessage(new HttpMethod(parts[0]), parts[1].Replace("{id}", "nothing", StringComparison.Ordinal).Replace("{name}", "nothing", StringComparison.Ordinal));
            using var response = await gateway.Admin.SendAsync(request, TestContext.Current.CancellationToken);

            Assert.NotEqual(HttpStatusCode.MethodNotAllowed, response.StatusCode);
            var body = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
            Assert.DoesNotContain("There is nothing at", body, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Answers_have_exactly_the_described_properties()
    {
        await using var gateway = await GatewayHost.StartAsync("providers: { sandbox: {} }\nroutes: { chat: { targets: [sandbox/echo] } }");
        using var answer = await gateway.PostAsync("/v1/chat/completions", """{"model":"chat","messages":[]}""");
        using var document = JsonDocument.Parse(await gateway.Admin.GetStringAsync(new Uri("/openapi/v1.json", UriKind.Relative), TestContext.Current.CancellationToken));
        foreach (var path in Operations.Where(operation => operation.StartsWith("GET", StringComparison.Ordinal)).Select(operation => operation.Split(' ')[1]))
        {
            if (path.Contains('{', StringComparison.Ordinal))
            {
                continue;
            }

            using var response = JsonDocument.Parse(await gateway.Admin.GetStringAsync(new Uri(path, UriKind.Relative), TestContext.Current.CancellationToken));
            var schema = document.RootElement.GetProperty("paths").GetProperty(path).GetProperty("get").GetProperty("responses").GetProperty("200")
                .GetProperty("content").GetProperty("application/json").GetProperty("schema");
            AssertMatches(document.RootElement, schema, response.RootElement, path);
        }
    }

    private static void AssertMatches(JsonElement document, JsonElement schema, JsonElement value, string path)
    {
        if (value.ValueKind == JsonValueKind.Null)
        {
            return;
        }

        if (schema.TryGetProperty("oneOf", out var choices))
        {
            schema = choices.EnumerateArray().Single(choice => !choice.TryGetProperty("type", out var type) || type.ValueKind != JsonValueKind.String || type.GetString() != "null");
        }

        if (schema.TryGetProperty("$ref", out var reference))
        {
            schema = document.GetProperty("components").GetProperty("schemas").GetProperty(reference.GetString()!.Split('/')[^1]);
        }

        if (schema.TryGetProperty("items", out var items))
        {
            foreach (var item in value.EnumerateArray())
            {
                AssertMatches(document, items, item, $"{path}[]");
            }
        }
        else if (schema.TryGetProperty("properties", out var properties))
        {
            var described = properties.EnumerateObject().ToDictionary(property => property.Name, property => property.Value, StringComparer.Ordinal);
            Assert.Equal(Sorted(described.Keys), Sorted(value.EnumerateObject().Select(property => property.Name)));
            foreach (var property in value.EnumerateObject())
            {
                AssertMatches(document, described[property.Name], property.Value, $"{path}.{property.Name}");
            }
        }
    }

    private static string Sorted(IEnumerable<string> names) => string.Join(' ', names.Order(StringComparer.Ordinal));
}
