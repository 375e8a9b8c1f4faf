using System.Text;

namespace Gatehouse.Pipeline;

internal static class HeaderText
{
    /// <summary>A header must be ASCII without control characters; a model's or a parameter's name need not be.</summary>
    public static string Of(string text) =>
        Ascii.IsValid(text) && !text.AsSpan().ContainsAnyInRange('\0', '\x1f') && !text.Contains('\x7f', StringComparison.Ordinal) ? text : Uri.EscapeDataString(text);
}
