using System.Reflection;
using System.Text;

namespace Gatehouse.Configuration.Binding;

/// <summary>Names of keys: a property <c>BaseUrl</c> is the key <c>base_url</c>.</summary>
internal static class KeyNames
{
    private const int MaxNameLength = 200;

    public static string Of(PropertyInfo property) => Snake(property.Name);

    /// <summary><c>RoundRobin</c> is <c>round_robin</c>.</summary>
    public static string Snake(string pascalCase)
    {
        var name = new StringBuilder();
        foreach (var c in pascalCase)
        {
            if (char.IsUpper(c) && name.Length > 0)
            {
                name.Append('_');
            }

            name.Append(char.ToLowerInvariant(c));
        }

        return name.ToString();
    }

    public static IEnumerable<PropertyInfo> PropertiesOf(Type type) =>
        type.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(p => p.SetMethod is not null);

    /// <summary>The known name nearest to a misspelt one, if it is near enough to be meant.</summary>
    public static string? Nearest(string name, IEnumerable<string> known)
    {
        // A client may send megabytes as a model's name, and the distance takes time in proportion to it.
        if (name.Length > MaxNameLength)
        {
            return null;
        }

        var (best, distance) = known.Select(candidate => (candidate, Distance(name, candidate))).DefaultIfEmpty(("", int.MaxValue)).MinBy(x => x.Item2);
        return distance <= Math.Max(2, name.Length / 3) ? best : null;
    }

    private static int Distance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var above = row[j];
                row[j] = Math.Min(Math.Min(row[j] + 1, row[j - 1] + 1), diagonal + (a[i - 1] == b[j - 1] ? 0 : 1));
                diagonal = above;
            }
        }

        return row[b.Length];
    }
}
