using System.Collections;

namespace Gatehouse.Protocols.Embeddings;

/// <summary>The inputs of one call.</summary>
internal readonly struct EmbeddingSlice(IReadOnlyList<EmbeddingInput> inputs, int start, int count) : IEnumerable<EmbeddingInput>
{
    /// <summary>For a format that takes text only: a request with other inputs was refused before.</summary>
    public IEnumerable<string> Texts => this.Select(input => ((TextInput)input).Text);

    public IEnumerator<EmbeddingInput> GetEnumerator()
    {
        for (var i = start; i < start + count; i++)
        {
            yield return inputs[i];
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
