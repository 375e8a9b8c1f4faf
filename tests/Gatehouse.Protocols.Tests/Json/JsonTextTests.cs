using System.Text;
using System.Text.Json;
using FsCheck.Fluent;
using Gatehouse.Protocols.Json;
using Gatehouse.Protocols.Tests.Generators;

namespace Gatehouse.Protocols.Tests.Json;

public sealed class JsonTextTests
{
    [Theory]
    [InlineData("\"model\"", true)]
    [InlineData("\"mod\\u0065l\"", true)]
    [InlineData("\"\\u006D\\u006F\\u0064\\u0065\\u006c\"", true)]
    [InlineData("\"\"", false)]
    [InlineData("\"mode\"", false)]
    [InlineData("\"mode\\u006\\u006c\"", false)]
    [InlineData("\"models\"", false)]
    [InlineData("\"model\\u0000\"", false)]
    [InlineData("\"model\\n\"", false)]
    [InlineData("\"\\model\"", false)]
    [InlineData("\"\\u016dodel\"", false)]
    [InlineData("\"\\ud800model\"", false)]
    [InlineData("\"model\\udc00\"", false)]
    [InlineData("\"\\u006d\"", false)]
    public void A_name_is_compared_as_what_it_means(string json, bool isModel)
    {
        var bytes = Encoding.UTF8.GetBytes(json);
        for (var length = 1; length <= bytes.Length; length++)
        {
            var reader = new Utf8JsonReader(Cuts.Sequence(bytes, [length]));
            try
            {
                Assert.True(reader.Read());
            }
            catch (JsonException)
            {
                // Not a string at all: never compared.
                Assert.False(isModel);
                continue;
            }

            Assert.Equal(isModel, reader.TextIs("model"u8));
        }
    }

    [Fact]
    public void Any_string_is_compared_as_its_value() => Properties.Hold(
        from text in Gen.OneOf(
            JsonTexts.String,
            // Short ones of few letters, so that many are equal.
            Gen.Elements("i", "d", "\\u0069", "\\u0064", "\\ud83d\\ude00").ListOf().Resize(3).Select(parts => $"\"{string.Concat(parts)}\""))
        from cuts in Cuts.Lengths
        select (text, cuts),
        value =>
        {
            var reader = new Utf8JsonReader(Cuts.Sequence(Encoding.UTF8.GetBytes(value.text), value.cuts));
            Assert.True(reader.Read());
            Assert.Equal(JsonSerializer.Deserialize<string>(value.text) == "id", reader.TextIs("id"u8));
        },
        count: 1000);
}
