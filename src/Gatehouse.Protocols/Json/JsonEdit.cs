namespace Gatehouse.Protocols.Json;

/// <summary>Replaces <paramref name="Length"/> bytes at <paramref name="Offset"/> of a JSON text; a length of 0 inserts.</summary>
public readonly record struct JsonEdit(long Offset, int Length, ReadOnlyMemory<byte> Replacement);
