using System.Buffers;
using System.Globalization;

namespace Gatehouse.Reports;

/// <summary>Comma-separated values (RFC 4180): lines end with CR LF, fields are quoted where they must be.</summary>
internal sealed class CsvWriter(TextWriter text)
{
    private static readonly SearchValues<char> Quoted = SearchValues.Create(",\"\r\n");

    private bool _isFirst = true;

    /// <summary>As it is.</summary>
    public void Field(string? value)
    {
        if (!_isFirst)
        {
            text.Write(',');
        }

        _isFirst = false;
        if (value is null)
        {
            return;
        }

        text.Write(value.AsSpan().ContainsAny(Quoted) ? $"\"{value.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : value);
    }

    /// <summary>
    /// Text that others may have chosen: spreadsheets take what begins with one of these characters for a formula and run it; after an apostrophe
    /// they do not (OWASP, CSV injection).
    /// </summary>
    public void Guarded(string? value) => Field(value is ['=' or '+' or '-' or '@' or '\t' or '\r', ..] ? "'" + value : value);

    public void Field(long value) => Field(value.ToString(CultureInfo.InvariantCulture));

    public void EndLine()
    {
        text.Write("\r\n");
        _isFirst = true;
    }
}
