namespace Gatehouse.Configuration.Binding;

/// <summary>What a key is for, in one or two sentences: docs/configuration.md is generated from these.</summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Class)]
internal sealed class KeyDocAttribute(string text) : Attribute
{
    public string Text { get; } = text;

    /// <summary>Said instead of the default value of the property.</summary>
    public string? Default { get; init; }
}

/// <summary>On a record that may be written as a single value, which then is this property.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class ShorthandAttribute(string property) : Attribute
{
    public string Property { get; } = property;
}
