using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests;

/// <summary>Requests that nobody thought of: whatever is sent, the gateway answers, and never with a failure of its own.</summary>
public sealed class RequestFuzzTests
{
    private const string Valid =
        """{"model":"mock/gpt","stream":true,"stream_options":{"include_usage":false},"messages":[{"role":"user","content":"h\u00e9 \ud83d\ude00"}],"n":1.0e2,"x":null}""";

    private static readonly string[] Pieces =
    [
        "\"", "\\", "\\u", "\\ud800", "\\ud83d\\ude00", "{", "}", "[", "]", ",", ":", "null", "true", "-", "1e999", "\0", "\n", "\u2028", "\ufeff",
        "\"model\":", "\"model\":\"mock/gpt\",", "\"stream_options\":", "\"stream_options\":null,", "\"stream\":false,", "\"include_usage\":[],", "//", "NaN",
    ];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task No_mutation_of_a_request_makes_the_gateway_fail(int seed)
    {
        await using var upstream = ScriptedUpstream.Json("""{"id":"x"}""");
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.MockProvider(upstream.Address));
        var random = new Random(seed);
        var passed = 0;
        for (var i = 0; i < 1000; i++)
        {
            var body = Mutate(random);
            using var content = new ByteArrayContent(body);
            content.Headers.ContentType = MediaTypeHeaderValue.Parse("application/json");

            using var response = await gateway.Client.PostAsync(new Uri("/v1/chat/completions", UriKind.Relative), content, TestContext.Current.CancellationToken);

            var isExpected = response.StatusCode is HttpStatusCode.OK or HttpStatusCode.BadRequest or HttpStatusCode.NotFound;
            Assert.True(isExpected, $"{(int)response.StatusCode} for {Encoding.Latin1.GetString(body)}");
            passed += response.StatusCode == HttpStatusCode.OK ? 1 : 0;
        }

        // Some mutations leave a good request; all of those reached the provider, and no other.
        Assert.InRange(passed, 10, 990);
        Assert.Equal(passed, upstream.Requests.Count);
        Assert.DoesNotContain(gateway.Logs.Entries, entry => entry.Level >= Microsoft.Extensions.Logging.LogLevel.Error);
    }

    private static byte[] Mutate(Random random)
    {
        var bytes = Encoding.UTF8.GetBytes(Valid).ToList();
        for (var changes = random.Next(1, 4); changes > 0; changes--)
        {
            var at = random.Next(bytes.Count);
            switch (random.Next(5))
            {
                case 0:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 1:
                    bytes.RemoveRange(at, Math.Min(random.Next(1, 8), bytes.Count - at - 1));
                    break;
                case 2:
                    bytes.InsertRange(at, Encoding.UTF8.GetBytes(Pieces[random.Next(Pieces.Length)]));
                    break;
                case 3:
                    bytes.InsertRange(at, bytes.GetRange(random.Next(bytes.Count / 2), bytes.Count / 2));
                    break;
                default:
                    bytes.RemoveRange(at, bytes.Count - at - 1);
                    break;
            }
        }

        return [.. bytes];
    }
}
