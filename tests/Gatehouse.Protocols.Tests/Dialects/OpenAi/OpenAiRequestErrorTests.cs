using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using FsCheck.Fluent;
using Gatehouse.Protocols.Dialects.OpenAi;
using Gatehouse.Protocols.Json;
using Gatehouse.Protocols.Tests.Generators;

namespace Gatehouse.Protocols.Tests.Dialects.OpenAi;

public sealed partial class OpenAiRequestErrorTests
{
    [Theory]
    [InlineData("", 0)]
    [InlineData("   ", 3)]
    [InlineData("hello", 0)]
    [InlineData("{", 1)]
    [InlineData("""{"model":"a",}""", 13)]
    [InlineData("""{"model":"a"}x""", 13)]
    [InlineData("""{"model":"a"} {}""", 14)]
    [InlineData("""{"model":"a" "b":1}""", 13)]
    [InlineData("""{"model":"a","b":01}""", 18)]
    [InlineData("""{"model":"a","b":[1,2}""", 21)]
    public void Malformed_JSON_is_refused_with_the_place_of_its_first_mistake(string request, int mistakeAt)
    {
        var bytes = Encoding.UTF8.GetBytes(request);
        for (var length = 1; length <= Math.Max(1, bytes.Length); length++)
        {
            var error = Refused(bytes, [length]);
            Assert.Null(error.Field);
            Assert.Equal(mistakeAt, OffsetIn(error));
        }
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("""[{"model":"a"}]""")]
    [InlineData("\"model\"")]
    [InlineData("1")]
    [InlineData("null")]
    public void A_body_that_is_not_an_object_is_refused(string request) =>
        Assert.Equal("The request body must be a JSON object.", Refused(Encoding.UTF8.GetBytes(request), [2]).Message);

    [Theory]
    [InlineData("""{"model":1}""", 9)]
    [InlineData("""{"model":null}""", 9)]
    [InlineData("""{"model": ["a"]}""", 10)]
    [InlineData("""{"model":{}}""", 9)]
    [InlineData("""{"model":"a","model":false}""", 21)]
    [InlineData("""{"model":false,"model":"a"}""", 9)]
    public void A_model_that_is_not_a_string_is_refused_with_its_place(string request, int offset)
    {
        var error = Refused(Encoding.UTF8.GetBytes(request), [3]);
        Assert.Equal("model", error.Field);
        Assert.Equal(offset, OffsetIn(error));
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"model":""}""")]
    [InlineData("""{"m":{"model":"a"}}""")]
    public void A_missing_model_is_refused_where_one_is_needed(string request)
    {
        var bytes = Encoding.UTF8.GetBytes(request);
        Assert.Equal("model", Refused(bytes, [3]).Field);
        Assert.NotNull(OpenAiRequestEnvelope.Read(Cuts.Sequence(bytes, [3]), out _, requireModel: false));
    }

    [Theory]
    [InlineData("\"\\ud800\"")]
    [InlineData("\"\\udc00\\ud800\"")]
    public void A_model_with_half_a_surrogate_pair_is_refused(string model) =>
        Assert.Equal("model", Refused(Encoding.UTF8.GetBytes($"{{\"model\":{model}}}"), [1]).Field);

    [Fact]
    public void A_model_that_is_not_UTF_8_is_refused() =>
        Assert.Equal("model", Refused([.. "{\"model\":\"a"u8, 0xff, .. "\"}"u8], [1]).Field);

    [Theory]
    [InlineData("""{"\ud800":1,"model":"a"}""")]
    [InlineData("""{"model":"a","\ud800model":1}""")]
    [InlineData("""{"model":"a","stream":true,"stream_options":{"\ud800_usage":1}}""")]
    public void A_name_with_half_a_surrogate_pair_is_none_of_the_gateways_business(string request)
    {
        var bytes = Encoding.UTF8.GetBytes(request);
        var envelope = OpenAiRequestEnvelope.Read(Cuts.Sequence(bytes, [4]), out var error);
        Assert.Null(error.Message);
        Assert.Equal("a", envelope!.Model);
    }

    [Fact]
    public void A_mutated_request_is_accepted_when_it_is_still_JSON_and_else_refused_the_same_way_for_any_split() => Properties.Hold(
        from bytes in JsonTexts.Mutated(Requests.Any.Select(request => request.Text))
        from cuts in Cuts.Lengths
        select (bytes, cuts),
        value =>
        {
            var envelope = OpenAiRequestEnvelope.Read(Cuts.Sequence(value.bytes, [int.MaxValue]), out var error);
            var split = OpenAiRequestEnvelope.Read(Cuts.Sequence(value.bytes, value.cuts), out var splitError);

            Assert.Equal(error, splitError);
            Assert.Equal(envelope?.Model, split?.Model);
            Assert.NotEqual(envelope is null, error.Message is null);

            var scanner = new JsonScanner([], 0);
            var isJson = scanner.Push(value.bytes) && scanner.IsComplete;
            if (envelope is not null)
            {
                Assert.True(isJson, "accepted, and not JSON");
            }
            else if (error.Field is null && !error.Message!.Contains("must be a JSON object", StringComparison.Ordinal))
            {
                Assert.False(isJson, "refused, and yet JSON");
                Assert.Equal(scanner.Offset, OffsetIn(error));
            }
        },
        count: 4000);

    [Fact]
    public void Random_bytes_never_throw() => Properties.Hold(
        from bytes in Gen.OneOf(Gen.Choose(0, 255).Select(b => (byte)b).ArrayOf(), Gen.Elements("{}[]\",:\\utrue019.eE-model"u8.ToArray()).ArrayOf())
        from cuts in Cuts.Lengths
        from requireModel in Gen.Elements(true, false)
        select (bytes, cuts, requireModel),
        value =>
        {
            var envelope = OpenAiRequestEnvelope.Read(Cuts.Sequence(value.bytes, value.cuts), out var error, value.requireModel);
            Assert.NotEqual(envelope is null, error.Message is null);
        },
        count: 3000);

    private static RequestError Refused(byte[] bytes, int[] cuts)
    {
        Assert.Null(OpenAiRequestEnvelope.Read(Cuts.Sequence(bytes, cuts), out var error));
        Assert.NotNull(error.Message);
        return error;
    }

    private static long OffsetIn(RequestError error)
    {
        var match = AtByte().Match(error.Message!);
        Assert.True(match.Success, $"no byte offset in: {error.Message}");
        return long.Parse(match.Groups["offset"].Value, CultureInfo.InvariantCulture);
    }

    [GeneratedRegex("at byte (?<offset>[0-9]+)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex AtByte();
}
