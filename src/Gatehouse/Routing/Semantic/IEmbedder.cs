namespace Gatehouse.Routing.Semantic;

/// <summary>Makes vectors of texts.</summary>
internal interface IEmbedder
{
    /// <returns>A vector for each text, in their order, all of one length; null when there are none, for whatever reason.</returns>
    ValueTask<float[][]?> EmbedAsync(IReadOnlyList<string> texts, CancellationToken cancellationToken);
}
