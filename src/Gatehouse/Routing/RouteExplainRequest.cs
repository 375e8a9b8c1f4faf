using System.ComponentModel;
using System.Text.Json;

namespace Gatehouse.Routing;

internal sealed record RouteExplainRequest
{
    [Description("The body of the request, in any format that clients may speak. Without one, nothing that depends on the request is said.")]
    public JsonElement? Request { get; init; }

    [Description("Where a client would send it, such as /v1/messages. Default: by the shape of the request.")]
    public string? Path { get; init; }

    [Description("Name or id of the key that a client would use.")]
    public string? Key { get; init; }

    [Description("Headers that a client would send, such as x-gatehouse-run.")]
    public IReadOnlyDictionary<string, string>? Headers { get; init; }
}
