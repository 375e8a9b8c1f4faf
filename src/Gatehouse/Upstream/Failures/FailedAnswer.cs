using System.Buffers;
using Gatehouse.Pipeline;

namespace Gatehouse.Upstream.Failures;

/// <summary>
/// An answer that tells of a failure is read whole before anything is decided: what kind of failure it is stands in its body. It can still be
/// passed on afterwards as it came.
/// </summary>
internal static class FailedAnswer
{
    /// <summary>No provider explains a failure at such length.</summary>
    private const int MaxLength = 1024 * 1024;

    private const int ReadSize = 4096;

    /// <returns>What happened; or an error when the answer cannot be read.</returns>
    public static async ValueTask<(FailureKind Kind, TimeSpan? RetryAfter, GatewayError? Error)> ReadAsync(
        Exchange exchange, Target target, HttpResponseMessage response, CallLifetime lifetime, DateTimeOffset now)
    {
        var status = (int)response.StatusCode;
        var body = new ArrayBufferWriter<byte>(ReadSize);
        try
        {
            var stream = response.Content.ReadAsStream(CancellationToken.None);
            int count;
            while ((count = await stream.ReadAsync(body.GetMemory(ReadSize), lifetime.Token)) > 0)
            {
                body.Advance(count);
                lifetime.AwaitMore();
                if (body.WrittenCount > MaxLength)
                {
                    return Unreadable(new GatewayError(
                        GatewayErrorCode.UpstreamError, $"{target.Name} answered with status {status} and more than {MaxLength / 1024} KiB about it.")
                    { UpstreamStatus = status < 500 ? status : null });
                }
            }
        }
        catch (OperationCanceledException) when (lifetime.Token.IsCancellationRequested)
        {
            return Unreadable(lifetime.EndError(target.Name));
        }
        catch (Exception exception) when (exception is IOException or HttpRequestException)
        {
            return Unreadable(new GatewayError(
                GatewayErrorCode.UpstreamError, $"{target.Name} answered with status {status} and broke off in the middle of its answer."));
        }

        var content = new ReadOnlyMemoryContent(body.WrittenMemory);
        foreach (var (name, value) in response.Content.Headers.NonValidated)
        {
            _ = content.Headers.TryAddWithoutValidation(name, value);
        }

        response.Content = content;
        var errorType = response.Headers.NonValidated.TryGetValues("x-amzn-errortype", out var values) ? values.ToString() : null;
        // What is missing on a relayed path is a file or a list, and no model.
        var kind = exchange.Operation.IsRelay && status == 404 ? FailureKind.InvalidRequest : FailureClassifier.Of(status, body.WrittenSpan, errorType);
        return (kind, RetryAfter.Of(response, now) ?? RetryAfter.OfBody(body.WrittenSpan), null);

        (FailureKind, TimeSpan?, GatewayError) Unreadable(GatewayError error) => (error.FailureKind, RetryAfter.Of(response, now), error);
    }
}
