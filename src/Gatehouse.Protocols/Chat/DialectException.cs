namespace Gatehouse.Protocols.Chat;

/// <summary>
/// A body is not of the dialect's form, or the target's dialect cannot say what it says. Thrown inside readers and writers, which are
/// deep, and turned into a value at their edge (<see cref="DialectCodec"/>): it never leaves this project.
/// </summary>
public abstract class DialectException(string message) : Exception(message);

/// <summary>A body is not of the dialect's form.</summary>
/// <param name="field">Where, as <c>messages[2].content</c>; null for the whole.</param>
/// <param name="message">What is wrong, and what is expected.</param>
public sealed class MalformedException(string? field, string message) : DialectException(message)
{
    public string? Field { get; } = field;
}

/// <summary>The target cannot express something that changes the meaning of the request.</summary>
/// <param name="feature">What, in the caller's words: <c>tools[1] (web_search)</c>.</param>
public sealed class UnsupportedException(string feature) : DialectException(feature);
