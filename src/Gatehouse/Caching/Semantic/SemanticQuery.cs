namespace Gatehouse.Caching.Semantic;

/// <summary>A request that another one's answer may serve.</summary>
/// <param name="Partition">Over all of the request but its text: two are compared only where it is equal.</param>
/// <param name="Text">The last text of the last user turn, as it was sent.</param>
internal sealed record SemanticQuery(PartitionHash Partition, string Text);
