using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Gatehouse.Admin.Contract;

namespace Gatehouse.Commands;

/// <summary>Calls the admin API of a running gateway: <c>GATEHOUSE_ADMIN_URL</c>, <c>GATEHOUSE_ADMIN_TOKEN</c>.</summary>
internal sealed class AdminClient : IDisposable
{
    private const string DefaultUrl = "http://127.0.0.1:8081";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    // What answers may be anything: JSON without the fields of the contract must not become an object with holes.
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        MaxDepth = AdminJson.MaxDepth,
        RespectRequiredConstructorParameters = true,
        RespectNullableAnnotations = true,
    };

    private readonly HttpClient _http;

    private AdminClient(Uri url, string token, TimeSpan limit)
    {
        // The API may lie below a path, behind a reverse proxy; a base without a slash at its end would lose its last part.
        _http = new HttpClient { BaseAddress = new Uri(url.GetLeftPart(UriPartial.Path).TrimEnd('/') + "/"), Timeout = limit };
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

        return await CallAsync(address, token, Limit, command) is { } failure ? await FailAsync(failure, ExitCodes.Failure) : ExitCodes.Success;
    }

    /// <returns>What went wrong, in one line; null when nothing did.</returns>
    public static async Task<string?> CallAsync(Uri address, string token, TimeSpan limit, Func<AdminClient, Task> command)
    {
        using var client = new AdminClient(address, token, limit);
        try
        {
            await command(client);
            return null;
        }
        catch (AdminCallException exception)
        {
            return exception.Message;
        }
        catch (HttpRequestException exception)
        {
            return $"No gateway answers at {address} (GATEHOUSE_ADMIN_URL): {exception.Message}";
        }
        catch (TaskCanceledException)
        {
            return $"No gateway answers at {address} (GATEHOUSE_ADMIN_URL) within {limit.TotalSeconds:0.#} seconds.";
        }
        catch (NotAdminApiException exception)
        {
            return $"What answers at {address} is not a Gatehouse admin API (GATEHOUSE_ADMIN_URL): status {exception.Status}.";
        }
    }

    public async Task<IReadOnlyList<T>> ListAsync<T>(string path)
        where T : class
    {
        using var response = await _http.GetAsync(PathOf(path));
        var list = await ReadAsync<ListOf<T>>(response);
        return list.Data.Any(item => item is null) ? throw new NotAdminApiException(response) : list.Data;
    }

    public async Task<T> GetAsync<T>(string path)
    {
        using var response = await _http.GetAsync(PathOf(path));
        return await ReadAsync<T>(response);
    }

    /// <summary>Passes an answer on as it comes: it may be large.</summary>
    public async Task CopyAsync(string path, Stream to)
    {
        using var response = await _http.GetAsync(PathOf(path), HttpCompletionOption.ResponseHeadersRead);
        await CheckAsync(response);
        await response.Content.CopyToAsync(to);
    }

    public async Task<T> PostAsync<T>(string path, object body)
    {
        using var response = await _http.PostAsJsonAsync(PathOf(path), body, Json);
        return await ReadAsync<T>(response);
    }

    /// <summary>For what tells what it deleted.</summary>
    public async Task<T> DeleteAsync<T>(string path)
    {
        using var response = await _http.DeleteAsync(PathOf(path));
        return await ReadAsync<T>(response);
    }

    public async Task DeleteAsync(string path)
    {
        using var response = await _http.DeleteAsync(PathOf(path));
        await CheckAsync(response);
        // Another server's page is no proof that something was deleted.
        if (response.StatusCode != HttpStatusCode.NoContent)
        {
            throw new NotAdminApiException(response);
        }
    }

    public void Dispose() => _http.Dispose();

    private static Uri PathOf(string path) => new($"api/v1{path}", UriKind.Relative);

    private static async Task<T> ReadAsync<T>(HttpResponseMessage response)
    {
        await CheckAsync(response);
        return await ParseAsync<T>(response);
    }

    private static async Task CheckAsync(HttpResponseMessage response)
    {
        if (!response.IsSuccessStatusCode)
        {
            throw new AdminCallException((await ParseAsync<AdminError>(response)).Error.Message);
        }
    }

    private static async Task<T> ParseAsync<T>(HttpResponseMessage response)
    {
        try
        {
            return await response.Content.ReadFromJsonAsync<T>(Json) ?? throw new NotAdminApiException(response);
        }
        catch (Exception exception) when (exception is JsonException or NotSupportedException or InvalidOperationException)
        {
            // Not JSON, other JSON, or in a character set that there is not.
            throw new NotAdminApiException(response);
        }
    }

    private static async Task<int> FailAsync(string message, int code)
    {
        await Console.Error.WriteLineAsync(message);
        return code;
    }

    private sealed class AdminCallException(string message) : Exception(message);

    private sealed class NotAdminApiException(HttpResponseMessage response) : Exception
    {
        public int Status { get; } = (int)response.StatusCode;
    }
}
