namespace Gatehouse.Protocols;

/// <summary>What a request asks for and the target cannot express without another meaning: it is refused, not dropped.</summary>
/// <param name="Feature">What cannot be expressed, in the words of the caller's format.</param>
/// <param name="Target">Who cannot express it.</param>
/// <param name="Field">The member of the caller's request.</param>
public sealed record UnsupportedFeature(string Feature, string Target, string Field)
{
    /// <summary>For the person who reads the answer.</summary>
    public string Message => $"{Target} cannot express {Feature} ('{Field}').";
}
