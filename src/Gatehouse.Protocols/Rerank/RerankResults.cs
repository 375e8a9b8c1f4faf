using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Dialects.OpenAi;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Rerank;

/// <summary>
/// Reads a provider's answer. One reader does for all formats: Cohere and Jina write "results", Voyage the same items as "data"; Cohere
/// counts in "meta", the others in "usage".
/// </summary>
/// <param name="documents">Number of documents in the request.</param>
internal sealed class RerankResults(int documents)
{
    private readonly bool[] _seen = new bool[documents];
    private List<RerankResult>? _results;
    private string? _id;
    private string? _model;
    private long? _searchUnits;
    private Usage? _usage;

    /// <summary>What is wrong with the answer, once it is.</summary>
    public string? Mistake { get; private set; }

    /// <param name="reader">At the bracket of the answer; at its end afterwards, unless there is a mistake.</param>
    public void Read(ref Utf8JsonReader reader)
    {
        while (Mistake is null && reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.TextIs("results"u8) || reader.TextIs("data"u8))
            {
                _ = reader.Read();
                ReadResults(ref reader);
            }
            else if (reader.TextIs("id"u8))
            {
                _id = ReadText(ref reader);
            }
            else if (reader.TextIs("model"u8))
            {
                _model = ReadText(ref reader);
            }
            else if (reader.TextIs("meta"u8))
            {
                ReadMeta(ref reader);
            }
            else if (reader.TextIs("usage"u8))
            {
                _ = reader.Read();
                _usage = OpenAiUsageReader.Read(ref reader) ?? _usage;
            }
            else
            {
                JsonValueReader.SkipValue(ref reader);
            }
        }
    }

    public void Fail(string mistake) => Mistake ??= mistake;

    /// <param name="topN">Not every provider knows the member.</param>
    public RerankAnswer? ToAnswer(int? topN)
    {
        if (_results is null)
        {
            Fail("has no list of results");
        }

        if (Mistake is not null)
        {
            return null;
        }

        // A stable sort: most answers are in this order already.
        var ordered = _results!.OrderByDescending(result => result.Score);
        return new RerankAnswer([.. topN is { } count ? ordered.Take(count) : ordered])
        {
            Id = _id,
            Model = _model,
            SearchUnits = _searchUnits,
            Usage = _usage,
        };
    }

    private static string? ReadText(ref Utf8JsonReader reader)
    {
        _ = reader.Read();
        if (reader.TokenType == JsonTokenType.String)
        {
            return reader.GetString();
        }

        reader.Skip();
        return null;
    }

    private void ReadResults(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            Fail("has no list of results");
            return;
        }

        _results ??= [];
        while (Mistake is null && reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            ReadResult(ref reader);
        }
    }

    private void ReadResult(ref Utf8JsonReader reader)
    {
        long? index = null;
        double? score = null;
        if (reader.TokenType == JsonTokenType.StartObject)
        {
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (reader.TextIs("index"u8))
                {
                    index = JsonValueReader.ReadCount(ref reader);
                }
                else if (reader.TextIs("relevance_score"u8))
                {
                    _ = reader.Read();
                    score = reader.TokenType == JsonTokenType.Number && reader.TryGetDouble(out var value) && double.IsFinite(value) ? value : null;
                    reader.Skip();
                }
                else
                {
                    JsonValueReader.SkipValue(ref reader);
                }
            }
        }

        if (index is null || score is null)
        {
            Fail("has a result without an index or a score");
        }
        else if (index >= _seen.Length || _seen[index.Value])
        {
            Fail(index >= _seen.Length ? $"tells of document {index}, and the request had {_seen.Length}" : $"has document {index} twice");
        }
        else
        {
            _seen[index.Value] = true;
            _results!.Add(new RerankResult((int)index, score.Value));
        }
    }

    private void ReadMeta(ref Utf8JsonReader reader)
    {
        if (!JsonValueReader.EnterObject(ref reader))
        {
            return;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.TextIs("billed_units"u8))
            {
                ReadBilledUnits(ref reader);
            }
            else if (reader.TextIs("tokens"u8))
            {
                _ = reader.Read();
                _usage = ReadTokens(ref reader) ?? _usage;
            }
            else
            {
                JsonValueReader.SkipValue(ref reader);
            }
        }
    }

    private void ReadBilledUnits(ref Utf8JsonReader reader)
    {
        if (!JsonValueReader.EnterObject(ref reader))
        {
            return;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.TextIs("search_units"u8))
            {
                _searchUnits = JsonValueReader.ReadCount(ref reader);
            }
            else
            {
                JsonValueReader.SkipValue(ref reader);
            }
        }
    }

    /// <summary>Cohere writes its counts as 214.0.</summary>
    private static Usage? ReadTokens(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return null;
        }

        long? input = null;
        long? output = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.TextIs("input_tokens"u8))
            {
                input = JsonValueReader.ReadCount(ref reader);
            }
            else if (reader.TextIs("output_tokens"u8))
            {
                output = JsonValueReader.ReadCount(ref reader);
            }
            else
            {
                JsonValueReader.SkipValue(ref reader);
            }
        }

        return input is null && output is null ? null : new Usage { InputTokens = input, OutputTokens = output };
    }
}
