namespace Gatehouse.Tests.Failures;

internal static class Answers
{
    /// <summary>An answer with headers, written <c>name: value|name: value</c>.</summary>
    public static HttpResponseMessage With(string headers)
    {
        var response = new HttpResponseMessage();
        foreach (var header in headers.Split('|', StringSplitOptions.RemoveEmptyEntries))
        {
            var colon = header.IndexOf(':', StringComparison.Ordinal);
            Assert.True(response.Headers.TryAddWithoutValidation(header[..colon], header[(colon + 1)..].TrimStart()));
        }

        return response;
    }
}
