using System.Net.Http.Headers;
using System.Text.Json;
using Gatehouse.Admin.Contract;

namespace Gatehouse.Commands;

/// <summary>Calls the admin API of a running gateway: <c>GATEHOUSE_ADMIN_URL</c>, <c>GATEHOUSE_ADMIN_TOKEN</c>.</summary>
internal sealed class AdminClient : IDisposable
{
    private const string DefaultUrl = "http://127.0.0.1:8081";
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    private readonly HttpClient _http;

    private AdminClient(Uri url, string token)
    {
        _http = new HttpClient { BaseAddress = url };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
    }

    /// <summary>Runs a command against the gateway and turns its failures into messages.</summary>
    public static async Task<int> RunAsync(Func<AdminClient, Task> command)
    {
        var token = Environment.GetEnvironmentVariable("GATEHOUSE_ADMIN_TOKEN");
        if (string.IsNullOrEmpty(token))
        {
            return await FailAsync("Set GATEHOUSE_ADMIN_TOKEN to the admin token; it was printed at the first start, or stands in admin.token.", ExitCodes.Usage);
        }

        var url = Environment.GetEnvironmentVariable("GATEHOUSE_ADMIN_URL") is { Length: > 0 } given ? given : DefaultUrl;
        if (!Uri.TryCreate(url, UriKind.Absolute, out var address) || (address.Scheme != Uri.UriSchemeHttp && address.Scheme != Uri.UriSchemeHttps))
        {
            return await FailAsync($"GATEHOUSE_ADMIN_URL '{url}' is not an absolute http(s) URL.", ExitCodes.Usage);
        }

        using var client = new AdminClient(address, token);
        try
        {
            await command(client);
            return ExitCodes.Success;
        }
        catch (AdminCallException exception)
        {
            return await FailAsync(exception.Message, ExitCodes.Failure);
        }
        catch (HttpRequestException exception)
        {
            return await FailAsync($"No gateway answers at {address} (GATEHOUSE_ADMIN_URL): {exception.Message}", ExitCodes.Failure);
        }
    }

    public async Task<T> GetAsync<T>(string path) => await ReadAsync<T>(await _http.GetAsync(new Uri($"/api/v1{path}", UriKind.Relative)));

    public async Task<T> PostAsync<T>(string path, object body) =>
        await ReadAsync<T>(await _http.PostAsJsonAsync(new Uri($"/api/v1{path}", UriKind.Relative), body, Json));

    public async Task DeleteAsync(string path)
    {
        using var response = await _http.DeleteAsync(new Uri($"/api/v1{path}", UriKind.Relative));
        await CheckAsync(response);
    }

    public void Dispose() => _http.Dispose();

    private static async Task<T> ReadAsync<T>(HttpResponseMessage response)
    {
        using (response)
        {
            await CheckAsync(response);
            return (await response.Content.ReadFromJsonAsync<T>(Json))!;
        }
    }

    private static async Task CheckAsync(HttpResponseMessage response)
    {
        if (response.IsSuccessStatusCode)
        {
            return;
        }

        try
        {
            var error = await response.Content.ReadFromJsonAsync<AdminError>(Json);
            throw new AdminCallException(error!.Error.Message);
        }
        catch (JsonException)
        {
            throw new AdminCallException($"The gateway answered with status {(int)response.StatusCode}.");
        }
    }

    private static async Task<int> FailAsync(string message, int code)
    {
        await Console.Error.WriteLineAsync(message);
        return code;
    }

    private sealed class AdminCallException(string message) : Exception(message);
}
