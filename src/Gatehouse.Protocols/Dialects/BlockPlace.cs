using Gatehouse.Protocols.Chat;

namespace Gatehouse.Protocols.Dialects;

/// <summary>Where an element of a list stands; put into words only when something is wrong with it.</summary>
/// <param name="List">For example <c>messages[2].content</c>.</param>
/// <param name="Index">From 0.</param>
internal readonly record struct BlockPlace(string List, int Index)
{
    public override string ToString() => $"{List}[{Index}]";

    public MalformedException Missing(string member, string expected) =>
        new($"{this}.{member}", $"{this}.{member} is missing or of the wrong type: {expected} is expected");
}
