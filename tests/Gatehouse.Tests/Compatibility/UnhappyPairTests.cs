using System.Globalization;
using Gatehouse.Tests.Compatibility.Clients;
using Gatehouse.Tests.Compatibility.Providers;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests.Compatibility;

/// <summary>Everything that a provider can do wrong, through every pair of dialects: the client is told in its own words, and never of a success.</summary>
public sealed class UnhappyPairTests(CompatibilityHost host) : IClassFixture<CompatibilityHost>
{
    private const string Message = "that was \"one\" too many";

    public static TheoryData<string, string> Pairs
    {
        get
        {
            var pairs = new TheoryData<string, string>();
            foreach (var client in Client.All)
            {
                foreach (var provider in Provider.All)
                {
                    if (Expectation.Of(client, provider, Feature.Text).Result != Result.Absent)
                    {
                        pairs.Add(client.Name, provider.Name);
                    }
                }
            }

            return pairs;
        }
    }

    /// <summary>The pairs between which something is translated.</summary>
    public static TheoryData<string, string> TranslatedPairs
    {
        get
        {
            var pairs = new TheoryData<string, string>();
            foreach (var row in Pairs.Where(row => Named(row.Data.Item1, row.Data.Item2) is var (client, provider) && client.Name != provider.Same))
            {
                pairs.Add(row.Data.Item1, row.Data.Item2);
            }

            return pairs;
        }
    }

    [Theory]
    [MemberData(nameof(TranslatedPairs))]
    public async Task A_rate_limit_keeps_its_status_and_its_headers_in_the_clients_words(string clientName, string providerName)
    {
        var (client, provider) = Named(clientName, providerName);
        var reply = await FailAsync(client, provider, 429, stream: true);

        Assert.Equal("13", reply.Headers["retry-after"]);
        if (provider.ErrorHeaders(429).Any(header => header.Contains("ratelimit", StringComparison.Ordinal)))
        {
            Assert.Equal("7", reply.Headers[client.RemainingHeader]);
            var reset = reply.Headers[client.ResetHeader];
            Assert.True(client.ResetIsTime ? DateTimeOffset.TryParse(reset, CultureInfo.InvariantCulture, out _) : reset.EndsWith('s'), reset);
        }
    }

    [Theory]
    [MemberData(nameof(TranslatedPairs))]
    public async Task An_error_keeps_its_status_and_message(string clientName, string providerName)
    {
        var (client, provider) = Named(clientName, providerName);
        foreach (var status in new[] { 401, 500, 529 })
        {
            _ = await FailAsync(client, provider, status, stream: status == 401);
        }
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task A_page_of_HTML_becomes_an_envelope(string clientName, string providerName)
    {
        var (client, provider) = Named(clientName, providerName);
        var reply = await SendAsync(client, provider, stream: false, connection =>
            connection.RespondAsync(500, "text/html", "<html><body><h1>Internal \"Server\" Error</h1></body></html>"));

        // What passes as it is must be JSON, or it is the gateway that answers; what is translated keeps its status.
        var status = client.Name == provider.Same && provider is not MistralProvider ? 502 : 500;
        Assert.Equal((status, "application/json"), (reply.Status, reply.ContentType));
        Assert.Equal(client.TypeOf(status), client.ReadError(status, reply.Json).Type);
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task A_stream_that_ends_before_its_first_frame_is_an_error_with_a_status(string clientName, string providerName)
    {
        var (client, provider) = Named(clientName, providerName);
        var reply = await SendAsync(client, provider, stream: true, connection => CompatibilityHost.StreamAsync(connection, provider, []));

        Assert.Equal((502, "application/json"), (reply.Status, reply.ContentType));
        Assert.Equal(client.TypeOf(502), client.ReadError(502, reply.Json).Type);
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task A_stream_that_stops_in_the_middle_never_ends_well(string clientName, string providerName)
    {
        var (client, provider) = Named(clientName, providerName);
        foreach (var isReset in (bool[])[false, true])
        {
            var reply = await SendAsync(client, provider, stream: true, async connection =>
            {
                await connection.StartChunkedAsync(200, provider.StreamType);
                foreach (var frame in provider.Beginning())
                {
                    await connection.ChunkAsync(frame);
                }

                if (isReset)
                {
                    connection.Close();
                }
                else
                {
                    await connection.EndChunksAsync();
                }
            });

            CheckNoEnd(client, provider, reply);
        }
    }

    [Theory]
    [MemberData(nameof(TranslatedPairs))]
    public async Task A_frame_that_cannot_be_read_ends_the_stream_with_an_error(string clientName, string providerName)
    {
        var (client, provider) = Named(clientName, providerName);
        var reply = await SendAsync(client, provider, stream: true, connection =>
            CompatibilityHost.StreamAsync(connection, provider, [.. provider.Beginning(), provider.Garbage]));

        CheckNoEnd(client, provider, reply);
    }

    [Theory]
    [MemberData(nameof(TranslatedPairs))]
    public async Task A_whole_answer_to_a_call_for_a_stream_is_streamed(string clientName, string providerName)
    {
        var (client, provider) = Named(clientName, providerName);
        var answer = Answer.To(Feature.ParallelTools, turn: 1);
        var reply = await SendAsync(client, provider, stream: true, CompatibilityHost.Answering(provider, answer, stream: false));

        Assert.Equal(answer.Calls.Select(call => call.Name), reply.ReadWith(client, stream: true).Calls.Select(call => call.Name), StringComparer.Ordinal);
    }

    [Theory]
    [MemberData(nameof(TranslatedPairs))]
    public async Task A_stream_to_a_call_for_a_whole_answer_is_collected(string clientName, string providerName)
    {
        var (client, provider) = Named(clientName, providerName);
        var answer = Answer.To(Feature.ParallelTools, turn: 1);
        var reply = await SendAsync(client, provider, stream: false, CompatibilityHost.Answering(provider, answer, stream: true));

        Assert.Equal(answer.Calls.Select(call => call.Name), reply.ReadWith(client, stream: false).Calls.Select(call => call.Name), StringComparer.Ordinal);
    }

    private static (Client Client, Provider Provider) Named(string client, string provider) =>
        (Client.All.Single(c => c.Name == client), Provider.All.Single(p => p.Name == provider));

    private static void CheckNoEnd(Client client, Provider provider, Reply reply)
    {
        if (reply.IsBroken)
        {
            return;
        }

        if (reply.Status != 200)
        {
            Assert.Equal(502, reply.Status);
            _ = client.ReadError(reply.Status, reply.Json);
            return;
        }

        if (client is OpenAiResponsesClient && client.Name == provider.Same)
        {
            // The events pass as they are, and are not counted: the one that the gateway adds begins with 0 again.
            Assert.Contains("event: response.failed\n", reply.Text, StringComparison.Ordinal);
            Assert.DoesNotContain("response.completed", reply.Text, StringComparison.Ordinal);
            return;
        }

        var seen = reply.ReadWith(client, stream: true);
        Assert.Null(seen.Ending);
        Assert.NotNull(seen.Failure);
        Assert.StartsWith(seen.Text, Answer.Hello.Text, StringComparison.Ordinal);
    }

    private Task<Reply> SendAsync(Client client, Provider provider, bool stream, Func<UpstreamConnection, Task> script) =>
        host.SendAsync(client, provider, client.Request(Feature.Text, CompatibilityHost.ModelOf(provider), stream), stream, script);

    private async Task<Reply> FailAsync(Client client, Provider provider, int status, bool stream)
    {
        var reply = await SendAsync(client, provider, stream, connection =>
            connection.RespondAsync(status, "application/json", provider.Error(status, Message), [.. provider.ErrorHeaders(status)]));

        Assert.Equal((status, "application/json"), (reply.Status, reply.ContentType));
        Assert.Equal(new SeenError(status, client.TypeOf(status), Message), client.ReadError(status, reply.Json));
        return reply;
    }
}
