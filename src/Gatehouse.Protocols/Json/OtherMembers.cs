using System.Text.Json;

namespace Gatehouse.Protocols.Json;

/// <summary>
/// The names of members that are left behind by a translation. They are told in a header: names that are not plain words, and those past
/// the first <see cref="MaxNames"/>, are told as <see cref="Unnamed"/>.
/// </summary>
internal struct OtherMembers
{
    public const string Unnamed = "other";
    private const int MaxNames = 16;
    private const int MaxNameLength = 64;
    private List<string>? _names;

    public readonly IReadOnlyList<string> Names => _names ?? [];

    /// <summary>A member whose value is null says nothing, and is left behind silently.</summary>
    /// <param name="reader">At the name; at the end of the value afterwards.</param>
    public void Add(ref Utf8JsonReader reader)
    {
        var length = reader.HasValueSequence ? reader.ValueSequence.Length : reader.ValueSpan.Length;
        var name = length <= MaxNameLength && !reader.ValueIsEscaped ? reader.GetPlainText() : null;
        _ = reader.Read();
        if (reader.TokenType == JsonTokenType.Null)
        {
            return;
        }

        reader.Skip();
        Add(name ?? Unnamed);
    }

    public void Add(string name)
    {
        _names ??= [];
        name = _names.Count >= MaxNames ? Unnamed : name;
        if (!_names.Contains(name, StringComparer.Ordinal))
        {
            _names.Add(name);
        }
    }
}
