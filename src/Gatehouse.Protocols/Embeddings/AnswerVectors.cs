using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Embeddings;

/// <summary>What is collected while a provider's answer is read: never more vectors than there were inputs.</summary>
/// <param name="inputs">Number of inputs of the call.</param>
internal sealed class AnswerVectors(int inputs)
{
    private readonly float[]?[] _vectors = new float[]?[inputs];
    private int _count;
    private int? _length;

    public string? Model { get; set; }

    public Usage? Usage { get; set; }

    /// <summary>What is wrong with the answer, once it is.</summary>
    public string? Mistake { get; private set; }

    /// <summary>Takes the vector of the next input.</summary>
    /// <param name="reader">At the value; at its end afterwards.</param>
    /// <returns>False when the answer is of no use.</returns>
    public bool ReadVector(ref Utf8JsonReader reader) => Read(ref reader) is { } vector && PutNext(vector);

    /// <param name="reader">At an array of vectors.</param>
    public bool ReadVectors(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            return Fail("has no list of vectors where one belongs");
        }

        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (!ReadVector(ref reader))
            {
                return false;
            }
        }

        return true;
    }

    public float[]? Read(ref Utf8JsonReader reader)
    {
        if (VectorReader.Read(ref reader, _length) is { } vector)
        {
            _length = vector.Length;
            return vector;
        }

        _ = Fail($"has a vector that is not a list of finite numbers (byte {reader.TokenStartIndex})");
        return null;
    }

    public bool PutNext(float[] vector) => Put(_count, vector);

    /// <param name="input">From 0.</param>
    public bool Put(long input, float[] vector)
    {
        if (_count == _vectors.Length)
        {
            return Fail($"has more than the {_vectors.Length} vectors that were asked for");
        }

        if (input < 0 || input >= _vectors.Length || _vectors[input] is not null)
        {
            return Fail($"has no or two vectors for an input (index {input})");
        }

        _vectors[input] = vector;
        _count++;
        return true;
    }

    public bool Fail(string mistake)
    {
        Mistake ??= mistake;
        return false;
    }

    /// <param name="reader">At the name; at the end of the value afterwards.</param>
    public void ReadModel(ref Utf8JsonReader reader)
    {
        _ = reader.Read();
        if (reader.TokenType == JsonTokenType.String)
        {
            Model = reader.GetString();
        }
        else
        {
            reader.Skip();
        }
    }

    /// <param name="reader">At the name; at the end of the value afterwards.</param>
    public void ReadInputTokens(ref Utf8JsonReader reader)
    {
        if (JsonValueReader.ReadCount(ref reader) is { } tokens)
        {
            Usage = new Usage { InputTokens = tokens };
        }
    }

    public EmbeddingAnswer? ToAnswer()
    {
        if (_count != _vectors.Length)
        {
            _ = Fail($"has {_count} vectors for {_vectors.Length} inputs");
        }

        return Mistake is null ? new EmbeddingAnswer(_vectors!) { Model = Model, Usage = Usage } : null;
    }
}
