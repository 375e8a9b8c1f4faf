using System.Globalization;
using System.Text;

namespace Gatehouse.Pipeline;

internal static class HeaderText
{
    /// <summary>A header must be ASCII without control characters; a model's or a parameter's name need not be.</summary>
    public static string Of(string text) =>
        Ascii.IsValid(text) && !text.AsSpan().ContainsAnyInRange('\0', '\x1f') && !text.Contains('\x7f', StringComparison.Ordinal) ? text : Uri.EscapeDataString(text);

    /// <summary>Names with commas between; where they grow too long, the count of those that are left out.</summary>
    public static string List(IReadOnlyList<string> names, int maxLength)
    {
        var text = new StringBuilder();
        for (var i = 0; i < names.Count; i++)
        {
            var name = Of(names[i]);
            if (text.Length + name.Length > maxLength)
            {
                return text.Append(text.Length == 0 ? "" : ", ").Append(CultureInfo.InvariantCulture, $"and {names.Count - i} more").ToString();
            }

            _ = text.Append(text.Length == 0 ? "" : ", ").Append(name);
        }

        return text.ToString();
    }
}
