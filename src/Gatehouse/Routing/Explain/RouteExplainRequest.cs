using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Gatehouse.Routing.Explain;

internal sealed record RouteExplainRequest
{
    [Description("The body of the request, in any format that clients may speak. Without one, nothing that depends on the request is said.")]
    [JsonConverter(typeof(AsItIs))]
    public JsonElement? Request { get; init; }

    [Description("Where a client would send it, such as /v1/messages. Default: by the shape of the request.")]
    public string? Path { get; init; }

    [Description("Name or id of the key that a client would use.")]
    public string? Key { get; init; }

    [Description("Headers that a client would send, such as x-gatehouse-run.")]
    public IReadOnlyDictionary<string, string>? Headers { get; init; }

    /// <summary>Half a surrogate pair, or bytes that are no UTF-8, are not to be lost on the way: clients send such things.</summary>
    private sealed class AsItIs : JsonConverter<JsonElement>
    {
        public override JsonElement Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => JsonElement.ParseValue(ref reader);

        public override void Write(Utf8JsonWriter writer, JsonElement value, JsonSerializerOptions options) =>
            writer.WriteRawValue(JsonMarshal.GetRawUtf8Value(value), skipInputValidation: true);
    }
}
