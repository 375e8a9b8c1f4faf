using System.Text;

namespace Gatehouse.Configuration.Binding;

/// <summary>Replaces <c>${NAME}</c>, <c>${NAME:-default}</c> and <c>${file:PATH}</c> in a value; <c>$${</c> stands for <c>${</c> itself.</summary>
internal static class Interpolation
{
    public static string Expand(string value, Func<string, string?> environment, Func<string, string> readFile, Action<string> reportError)
    {
        if (!value.Contains("${", StringComparison.Ordinal))
        {
            return value;
        }

        var result = new StringBuilder(value.Length);
        for (var i = 0; i < value.Length;)
        {
            if (value.AsSpan(i).StartsWith("$${"))
            {
                result.Append("${");
                i += 3;
                continue;
            }

            if (!value.AsSpan(i).StartsWith("${"))
            {
                result.Append(value[i++]);
                continue;
            }

            var end = value.IndexOf('}', i);
            if (end < 0)
            {
                reportError($"'{value[i..]}' has no closing '}}'");
                return result.ToString();
            }

            result.Append(Resolve(value[(i + 2)..end], environment, readFile, reportError));
            i = end + 1;
        }

        return result.ToString();
    }

    private static string Resolve(string reference, Func<string, string?> environment, Func<string, string> readFile, Action<string> reportError)
    {
        if (reference.StartsWith("file:", StringComparison.Ordinal))
        {
            return ReadFile(reference["file:".Length..], readFile, reportError);
        }

        var separator = reference.IndexOf(":-", StringComparison.Ordinal);
        var name = separator < 0 ? reference : reference[..separator];
        var value = environment(name);
        if (!string.IsNullOrEmpty(value))
        {
            return value;
        }

        if (separator < 0)
        {
            reportError($"environment variable {name} is not set; set it, or give a default with ${{{name}:-value}}");
            return "";
        }

        return reference[(separator + 2)..];
    }

    private static string ReadFile(string path, Func<string, string> readFile, Action<string> reportError)
    {
        try
        {
            return readFile(path).TrimEnd('\r', '\n');
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            reportError($"cannot read '{path}': {exception.Message}");
            return "";
        }
    }
}
