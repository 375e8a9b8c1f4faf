using System.Text;
using System.Text.Json;
using Gatehouse.Protocols.Dialects.OpenAiResponses;

namespace Gatehouse.Protocols.Tests.Dialects.OpenAiResponses;

/// <summary>The Responses API: items that an input only names.</summary>
public sealed class ResponsesReferencesTests
{
    private static readonly JsonElement Request = JsonElement.Parse("""
        {"model":"m","input":[{"role":"user","content":"hi"},{"type":"item_reference","id":"fc_abc01"},{"id":"rs_abc00"},
          {"type":"item_reference","id":"fc_other00"},{"type":"function_call_output","call_id":"c","id":"fco_1","output":"x"}],"store":true}
        """);

    [Fact]
    public void Names_are_found_the_last_first() =>
        Assert.Equal(["fc_other00", "rs_abc00", "fc_abc01"], ResponsesReferences.Of(Request));

    [Theory]
    [InlineData("fc_abc01", "resp_abc")]
    [InlineData("msg_01h00", "resp_01h")]
    [InlineData("fc_01", null)]
    [InlineData("01", null)]
    [InlineData("", null)]
    public void An_id_tells_its_answer(string item, string? response) => Assert.Equal(response, ResponsesReferences.ResponseOf(item));

    [Fact]
    public void Items_stand_in_place_of_their_names_and_what_is_unknown_stays()
    {
        var items = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        ResponsesReferences.AddItems(new StoredTurn(Encoding.UTF8.GetBytes("""
            [{"role":"user","content":"hi"},{"type":"reasoning","id":"rs_abc00","summary":[]},
             {"type":"function_call","id":"fc_abc01","call_id":"c","name":"f","arguments":"{}"},{"type":"item_reference","id":"fc_other00"}]
            """), 1), items);

        var body = JsonElement.Parse(ResponsesReferences.WithItems(Request, items));

        Assert.Equal(
            ["user", "function_call", "reasoning", "item_reference", "function_call_output"],
            body.GetProperty("input").EnumerateArray().Select(i => (i.TryGetProperty("type", out var type) ? type : i.GetProperty("role")).GetString()),
            StringComparer.Ordinal);
        Assert.Equal("f", body.GetProperty("input")[1].GetProperty("name").GetString());
        Assert.True(body.GetProperty("store").GetBoolean());
    }

    [Theory]
    [InlineData("""{"model":"m"}""")]
    [InlineData("""{"input":"text"}""")]
    [InlineData("""{"input":[1,null,"x",{}]}""")]
    public void A_request_without_names_has_none(string request) => Assert.Empty(ResponsesReferences.Of(JsonElement.Parse(request)));
}
