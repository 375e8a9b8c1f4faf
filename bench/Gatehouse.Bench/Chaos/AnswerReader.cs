using System.Text;
using System.Text.Json;

namespace Gatehouse.Bench.Chaos;

/// <summary>Reads an answer to its end as an SDK does, and judges it.</summary>
internal sealed class AnswerReader(int number, HttpResponseMessage response)
{
    /// <summary>Called at the first content of a stream.</summary>
    public required Action OnFirstContent { get; init; }

    public async Task<Judgement> ReadAsync(CancellationToken cancel)
    {
        if ((int)response.StatusCode != 200)
        {
            return Judgement.Failed($"status {(int)response.StatusCode}");
        }

        await using var body = await response.Content.ReadAsStreamAsync(cancel);
        return ChaosRequest.IsStream(number) ? await ReadStreamAsync(body, cancel) : await ReadJsonAsync(body, cancel);
    }

    private async Task<Judgement> ReadJsonAsync(Stream body, CancellationToken cancel)
    {
        try
        {
            using var document = await JsonDocument.ParseAsync(body, cancellationToken: cancel);
            var root = document.RootElement;
            if (root.TryGetProperty("error", out _))
            {
                return Judgement.Failed("200 with an error object");
            }

            var choice = root.GetProperty("choices")[0];
            return choice.GetProperty("finish_reason").GetString() == "stop"
                && choice.GetProperty("message").GetProperty("content").GetString() == ChaosAnswer.To(number).Text
                ? Judgement.Correct
                : Judgement.Wrong("JSON with other content");
        }
        catch (JsonException)
        {
            return Judgement.Failed("200 with a body that is no JSON");
        }
        catch (Exception exception) when (exception is KeyNotFoundException or InvalidOperationException or IndexOutOfRangeException)
        {
            return Judgement.Wrong("JSON without an answer");
        }
    }

    private async Task<Judgement> ReadStreamAsync(Stream body, CancellationToken cancel)
    {
        var text = new StringBuilder();
        var isStopped = false;
        var isDone = false;
        using var reader = new StreamReader(body, Encoding.UTF8);
        while (await reader.ReadLineAsync(cancel) is { } line)
        {
            if (!line.StartsWith("data:", StringComparison.Ordinal))
            {
                continue;
            }

            var data = line.AsMemory(5).TrimStart();
            if (data.Span.SequenceEqual("[DONE]"))
            {
                isDone = true;
                continue;
            }

            try
            {
                using var frame = JsonDocument.Parse(data);
                if (frame.RootElement.TryGetProperty("error", out _))
                {
                    return Judgement.Failed("error event");
                }

                isStopped |= Take(frame.RootElement, text);
            }
            catch (JsonException)
            {
                return Judgement.Failed("a frame that is no JSON");
            }
        }

        // The official SDKs take the end of the connection for the end of the answer: what ends without [DONE] or a finish_reason looks
        // complete to their users.
        return !isDone ? Judgement.Wrong(text.Length == 0 ? "stream without content, ended like a whole one" : "stream cut, ended like a whole one")
            : isStopped && text.Equals(ChaosAnswer.To(number).Text) ? Judgement.Correct
            : Judgement.Wrong("stream with other content");
    }

    private bool Take(JsonElement frame, StringBuilder text)
    {
        if (!frame.TryGetProperty("choices", out var choices) || choices.GetArrayLength() == 0)
        {
            return false;
        }

        if (choices[0].TryGetProperty("delta", out var delta) && delta.TryGetProperty("content", out var content)
            && content.GetString() is { Length: > 0 } piece)
        {
            if (text.Length == 0)
            {
                OnFirstContent();
            }

            _ = text.Append(piece);
        }

        return choices[0].TryGetProperty("finish_reason", out var reason) && reason.ValueKind == JsonValueKind.String;
    }
}
