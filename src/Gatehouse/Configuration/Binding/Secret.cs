namespace Gatehouse.Configuration.Binding;

/// <summary>A secret from the configuration. It prints as stars, so that no log or message can hold it by accident.</summary>
internal sealed class Secret(string value) : IEquatable<Secret>
{
    /// <summary>The secret itself; for the one place that uses it.</summary>
    public string Reveal() => value;

    public bool Equals(Secret? other) => other is not null && string.Equals(other.Reveal(), value, StringComparison.Ordinal);

    public override bool Equals(object? obj) => Equals(obj as Secret);

    public override int GetHashCode() => value.GetHashCode(StringComparison.Ordinal);

    public override string ToString() => "***";
}
