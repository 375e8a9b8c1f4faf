using System.Text;
using Gatehouse.Pipeline;
using Gatehouse.Upstream.Failures;

namespace Gatehouse.Tests.Failures;

/// <summary>Whatever a provider sends, there is a kind, and soon.</summary>
public sealed class FailureFuzzTests
{
    private const string Error = """{"error":{"message":"prompt is too long: 2 \u003e 1","type":"invalid_request_error","code":"context_length_exceeded","details":[{"retryDelay":"1s"}]}}""";

    /// <summary>Long enough for the slowest machine, and short for work that grows with the square of a megabyte.</summary>
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);

    [Fact]
    public void Random_bytes_go_by_the_status()
    {
        var random = new Random(11);
        for (var i = 0; i < 20_000; i++)
        {
            var body = Bytes(random);
            Assert.Equal(FailureKind.Billing, FailureClassifier.Of(402, body));
            _ = FailureClassifier.OfFrame(body);
            _ = RetryAfter.OfBody(body);
        }
    }

    [Fact]
    public void Every_beginning_of_an_error_and_every_changed_byte_has_a_kind()
    {
        var whole = Encoding.UTF8.GetBytes(Error);
        for (var length = 0; length < whole.Length; length++)
        {
            Assert.True(FailureClassifier.Of(400, whole.AsSpan(0, length)) is FailureKind.InvalidRequest or FailureKind.ContextLength);
            for (var value = 0; value < 256; value++)
            {
                var changed = whole.ToArray();
                changed[length] = (byte)value;
                Assert.True(FailureClassifier.Of(400, changed) is FailureKind.InvalidRequest or FailureKind.ContextLength);
            }
        }

        Assert.Equal(FailureKind.ContextLength, FailureClassifier.Of(400, whole));
    }

    [Fact]
    public void What_stands_before_the_end_of_a_cut_body_counts() =>
        Assert.Equal(FailureKind.Billing, FailureClassifier.Of(400, """{"error":{"code":"insufficient_quota","message":"You exc"""u8));

    public static TheoryData<string, string> Hostile() => new()
    {
        { "InvalidRequest", new string('[', 1_000_000) },
        { "InvalidRequest", string.Concat(Enumerable.Repeat("{\"error\":", 200_000)) },
        { "InvalidRequest", string.Concat(Enumerable.Repeat("[{\"error\":[", 200_000)) },
        { "InvalidRequest", $$$"""{"error":{"message":"{{{new string('a', 1_000_000)}}}"}}""" },
        { "InvalidRequest", $$$"""{"error":{"message":"{{{string.Concat(Enumerable.Repeat("\\u0041", 200_000))}}} prompt is too long"}}""" },
        { "ContextLength", $$$"""{"error":{"message":"{{{new string('a', 1_000_000)}}}","code":"context_length_exceeded"}}""" },
        { "ContextLength", $$$"""{"padding":"{{{new string('a', 1_000_000)}}}","error":{"message":"prompt is too long"}}""" },
        { "InvalidRequest", $$$"""{"errors":[{{{string.Concat(Enumerable.Repeat("{\"message\":\"input token count input token count\"},", 50_000))}}}{"code":"context_length_exceeded"}]}""" },
        { "InvalidRequest", "{" + $$$"""{{{string.Concat(Enumerable.Repeat("\"code\":1,", 200_000))}}}"code":"context_length_exceeded"}""" },
        { "InvalidRequest", "{\"error\":{\"message\":\"\\ud800\\uZZZZ\\" },
        { "InvalidRequest", "{\"error\":{\"code\":99999999999999999999999999999999999999999999,\"retryDelay\":1e999}}" },
    };

    [Theory]
    [MemberData(nameof(Hostile), DisableDiscoveryEnumeration = true)]
    public async Task Hostile_bodies_have_a_kind_soon(string kind, string body)
    {
        var bytes = Encoding.UTF8.GetBytes(body);

        var found = await Task.Run(() => FailureClassifier.Of(400, bytes), TestContext.Current.CancellationToken).WaitAsync(Soon, TestContext.Current.CancellationToken);

        Assert.Equal(kind, found.ToString());
    }

    private static byte[] Bytes(Random random)
    {
        // Half of them of the alphabet of JSON, or nothing would be read at all.
        const string Alphabet = "{}[]\":,\\\"error\"code\"message\"404 u0041";
        var isJson = random.Next(2) == 0;
        return [.. Enumerable.Range(0, random.Next(200)).Select(i => i == 0 && isJson ? (byte)'{' : isJson ? (byte)Alphabet[random.Next(Alphabet.Length)] : (byte)random.Next(256))];
    }
}
