using System.Buffers;
using Gatehouse.Pipeline;
using Gatehouse.Upstream;
using Gatehouse.Upstream.Failures;

namespace Gatehouse.Routing.Probes;

/// <summary>What a probe found out.</summary>
/// <param name="IsWell">The provider answered as it should.</param>
/// <param name="Failure">It did not; null where the answer says nothing of whether model calls work.</param>
/// <param name="Words">To follow the provider's name.</param>
internal readonly record struct ProbeResult(bool IsWell, FailureKind? Failure, string Words);

/// <summary>Asks one provider for something that costs nothing, over the connections and with the credentials of its model calls.</summary>
internal static class ProviderProbe
{
    /// <summary>A list of models is read to its end, so that its connection can be used again; one that is longer closes it.</summary>
    private const int MaxLength = 8 * 1024 * 1024;

    private const int ReadSize = 16 * 1024;

    /// <exception cref="OperationCanceledException">It was told to stop.</exception>
    public static async Task<ProbeResult> AskAsync(ProviderModel provider, Uri uri, TimeSpan timeout, TimeProvider time, CancellationToken stop)
    {
        using var limit = new CancellationTokenSource(timeout, time);
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, stop);
        using var request = UpstreamClient.NewMessage(HttpMethod.Get, uri, provider);
        UpstreamClient.AddHeaders(request, provider);
        try
        {
            if (provider.Signer is { } signer && await signer.SignAsync(request, default, ends.Token) is { } unsigned)
            {
                return new ProbeResult(false, unsigned.FailureKind, $"cannot be asked: {unsigned.Message}");
            }

            using var response = await provider.Transport.SendAsync(request, ends.Token);
            await DrainAsync(response, ends.Token);
            return Of((int)response.StatusCode);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            return new ProbeResult(false, FailureKind.Timeout, $"did not answer within {timeout.TotalSeconds:0.###} s");
        }
        catch (HttpRequestException exception)
        {
            var (kind, what) = NetworkFailures.Of(exception);
            return new ProbeResult(false, kind, $"could not be reached: {what}");
        }
        catch (IOException)
        {
            return new ProbeResult(false, FailureKind.Network, "broke off in the middle of its answer");
        }
    }

    /// <summary>
    /// A key may well be good for models and not for their list (403), a provider may have none (404), and the list may have a limit of its own
    /// (429): nothing of that tells of model calls. An unknown key (401) does.
    /// </summary>
    private static ProbeResult Of(int status) => status switch
    {
        >= 200 and < 300 => new(true, null, "answers"),
        401 => new(false, FailureKind.Auth, "refuses the key (401)"),
        503 or 529 => new(false, FailureKind.Overloaded, $"is overloaded ({status})"),
        >= 500 and not 501 => new(false, FailureKind.ServerError, $"answers with status {status}"),
        _ => new(false, null, $"answers with status {status}, which says nothing of its models: set health.probe.path to something that it has"),
    };

    private static async Task DrainAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(ReadSize);
        try
        {
            var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
            var (total, count) = (0, 0);
            while (total < MaxLength && (count = await stream.ReadAsync(buffer, cancellationToken)) > 0)
            {
                total += count;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
