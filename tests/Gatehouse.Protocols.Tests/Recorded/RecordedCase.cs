using System.Text.Json;

namespace Gatehouse.Protocols.Tests.Recorded;

/// <summary>One call of a provider as it was recorded.</summary>
/// <param name="Kind">Of the response: json, sse, eventstream, ndjson, ...</param>
/// <param name="Request">Null where only the response was recorded.</param>
internal sealed record RecordedCase(
    string Id, string Provider, string Endpoint, string Url, string? Model, int Status, string? Kind, byte[]? Request, byte[]? Response)
{
    public bool IsSuccess => Status < 400;

    public bool IsJson => Kind == "json";

    public bool IsStream => Kind is "sse" or "eventstream" or "ndjson";

    /// <summary>The response as JSON; what is not JSON fails the test.</summary>
    public JsonElement ResponseJson => JsonDocument.Parse(Response).RootElement;

    public JsonElement RequestJson => JsonDocument.Parse(Request).RootElement;
}
