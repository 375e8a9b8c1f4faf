using System.Collections;
using System.Globalization;
using System.Reflection;
using System.Text.Json;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Gatehouse.Configuration.Binding;

/// <summary>
/// Binds YAML to configuration records and notes the line of every key. Keys are the snake_case names of the properties; unknown keys,
/// wrong types and unset variables are collected, never thrown.
/// </summary>
internal sealed class YamlBinder(ConfigurationErrors errors, Func<string, string?> environment, Func<string, string> readFile)
{
    public T Bind<T>(string yaml)
        where T : class, new()
    {
        YamlNode? root = null;
        try
        {
            var stream = new YamlStream();
            stream.Load(new StringReader(yaml));
            root = stream.Documents.Count > 0 ? stream.Documents[0].RootNode : null;
        }
        catch (YamlException exception)
        {
            errors.Locate("", exception.Start.Line);
            errors.Add("", $"not valid YAML: {exception.InnerException?.Message ?? exception.Message}");
        }

        return root is null || IsNull(root) ? new T() : (T)(BindNode(root, typeof(T), "") ?? new T());
    }

    private static bool IsNull(YamlNode node) => node is YamlScalarNode { Style: ScalarStyle.Plain, Value: null or "" or "~" or "null" };

    private object? BindNode(YamlNode node, Type type, string path)
    {
        errors.Locate(path, node.Start.Line);
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (type == typeof(JsonElement))
        {
            return new YamlJson(errors, Expand).Read(node, path);
        }

        if (IsNull(node) && !IsRecord(type))
        {
            return null;
        }

        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyDictionary<,>))
        {
            return BindDictionary(node, type.GenericTypeArguments[1], path);
        }

        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyList<>))
        {
            return BindList(node, type.GenericTypeArguments[0], path);
        }

        return IsRecord(type) ? BindRecord(node, type, path) : BindScalar(node, type, path);
    }

    private static bool IsRecord(Type type) => type.IsClass && type != typeof(string) && type != typeof(Secret);

    private object? BindRecord(YamlNode node, Type type, string path)
    {
        var record = Activator.CreateInstance(type)!;
        if (IsNull(node))
        {
            return record;
        }

        if (node is YamlScalarNode && type.GetCustomAttribute<ShorthandAttribute>() is { } shorthand)
        {
            var property = type.GetProperty(shorthand.Property)!;
            property.SetValue(record, BindScalar(node, Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType, path));
            return record;
        }

        if (node is not YamlMappingNode mapping)
        {
            errors.Add(path, "must be a mapping of keys to values");
            return record;
        }

        var known = KeyNames.PropertiesOf(type).ToDictionary(KeyNames.Of, StringComparer.Ordinal);
        foreach (var (keyNode, valueNode) in mapping.Children)
        {
            var key = (keyNode as YamlScalarNode)?.Value ?? "";
            var keyPath = path.Length == 0 ? key : $"{path}.{key}";
            errors.Locate(keyPath, keyNode.Start.Line);
            if (!known.TryGetValue(key, out var property))
            {
                var nearest = KeyNames.Nearest(key, known.Keys);
                errors.Add(keyPath, $"unknown key '{key}'" + (nearest is null
                    ? $"; known keys here: {string.Join(", ", known.Keys)}"
                    : $"; did you mean '{nearest}'?"));
                continue;
            }

            if (BindNode(valueNode, property.PropertyType, keyPath) is { } value)
            {
                property.SetValue(record, value);
            }
        }

        return record;
    }

    private object? BindDictionary(YamlNode node, Type valueType, string path)
    {
        if (node is not YamlMappingNode mapping)
        {
            errors.Add(path, "must be a mapping of names to values");
            return null;
        }

        var result = (IDictionary)Activator.CreateInstance(typeof(Dictionary<,>).MakeGenericType(typeof(string), valueType))!;
        foreach (var (keyNode, valueNode) in mapping.Children)
        {
            var key = (keyNode as YamlScalarNode)?.Value ?? "";
            var keyPath = $"{path}.{key}";
            errors.Locate(keyPath, keyNode.Start.Line);
            if (BindNode(valueNode, valueType, keyPath) is { } value)
            {
                result[key] = value;
            }
        }

        return result;
    }

    private object? BindList(YamlNode node, Type itemType, string path)
    {
        if (node is not YamlSequenceNode sequence)
        {
            errors.Add(path, "must be a list");
            return null;
        }

        var result = (IList)Activator.CreateInstance(typeof(List<>).MakeGenericType(itemType))!;
        for (var i = 0; i < sequence.Children.Count; i++)
        {
            if (BindNode(sequence.Children[i], itemType, $"{path}[{i}]") is { } value)
            {
                result.Add(value);
            }
        }

        return result;
    }

    private object? BindScalar(YamlNode node, Type type, string path)
    {
        if (node is not YamlScalarNode { Value: { } raw })
        {
            errors.Add(path, $"must be {Describe(type)}, not a {(node is YamlSequenceNode ? "list" : "mapping")}");
            return null;
        }

        if (Expand(raw, path) is not { } text)
        {
            return null;
        }

        if (Parse(text, type) is { } value)
        {
            return value;
        }

        errors.Add(path, $"'{text}' is not {Describe(type)}");
        return null;
    }

    /// <returns>Null after a mistake.</returns>
    private string? Expand(string raw, string path)
    {
        var unresolved = false;
        var text = Interpolation.Expand(raw, environment, readFile, message =>
        {
            unresolved = true;
            errors.Add(path, message);
        });
        return unresolved ? null : text;
    }

    private static object? Parse(string text, Type type) => type switch
    {
        _ when type == typeof(string) => text,
        _ when type == typeof(Secret) => text.Length > 0 ? new Secret(text) : null,
        _ when type == typeof(bool) => text is "true" or "false" ? text is "true" : null,
        _ when type == typeof(int) => int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : null,
        _ when type == typeof(long) => long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : null,
        _ when type == typeof(decimal) => decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var amount) ? amount : null,
        _ when type == typeof(TimeSpan) => Duration.TryParse(text, out var duration) ? duration : null,
        _ when type == typeof(ByteSize) => ByteSize.TryParse(text, out var size) ? size : null,
        _ when type == typeof(DateTimeOffset) => DateTimeOffset.TryParse(
            text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time) ? time : null,
        _ when type.IsEnum => Enum.GetValues(type).Cast<object>().FirstOrDefault(v => string.Equals(EnumKey(v), text, StringComparison.Ordinal)),
        _ => throw new NotSupportedException($"{type} in a configuration record"),
    };

    internal static string Describe(Type type) => type switch
    {
        _ when type == typeof(string) => "a text",
        _ when type == typeof(Secret) => "a secret",
        _ when type == typeof(bool) => "true or false",
        _ when type == typeof(JsonElement) => "any value",
        _ when type == typeof(int) || type == typeof(long) => "a whole number",
        _ when type == typeof(decimal) => "a number",
        _ when type == typeof(TimeSpan) => "a duration such as 500ms, 2s, 5m or 1h",
        _ when type == typeof(ByteSize) => "a size such as 64KiB or 32MiB",
        _ when type == typeof(DateTimeOffset) => "a time such as 2027-01-31T00:00:00Z",
        _ when type.IsEnum => "one of " + string.Join(", ", Enum.GetValues(type).Cast<object>().Select(EnumKey)),
        _ => type.Name,
    };

    internal static string EnumKey(object value) => KeyNames.Snake(value.ToString()!);
}
