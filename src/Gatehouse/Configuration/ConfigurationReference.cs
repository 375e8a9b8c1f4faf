using System.Reflection;
using System.Text;
using Gatehouse.Configuration.Binding;

namespace Gatehouse.Configuration;

/// <summary>Writes docs/configuration.md from the configuration records. A test holds the file against it.</summary>
internal static class ConfigurationReference
{
    private const string Introduction =
        """
        # Configuration

        `gatehouse.yaml`, read from the working directory or from where `gatehouse serve --config FILE` says. Without a file the
        gateway runs with the `sandbox` provider alone, until `gatehouse.yaml` is written into the working directory.

        `${NAME}` reads an environment variable, `${NAME:-default}` with a default, `${file:PATH}` a file; `$${` stands for `${`.
        Durations are written as `500ms`, `2s`, `5m`, `1h`, `7d`, sizes as `64KiB`, `32MiB`; a duration is at most
        `24d`. Unknown keys are errors. The file is read
        again when it changes and on SIGHUP; one with mistakes changes nothing and is told in the log, in `/readyz` and in the admin
        API. `gatehouse check` validates a file without starting.

        This page is generated from the program (`gatehouse config docs`).

        """;

    public static string Write()
    {
        var text = new StringBuilder(Introduction);
        Section(text, typeof(GatewayOptions), "", new GatewayOptions());
        return text.ToString();
    }

    private static void Section(StringBuilder text, Type type, string path, object instance)
    {
        var nested = new List<(PropertyInfo Property, Type Type, string Path)>();
        text.Append(path.Length == 0 ? "\n## Top level\n\n" : $"\n## {path}\n\n");
        if (type.GetCustomAttribute<KeyDocAttribute>() is { } about)
        {
            text.Append(about.Text).Append("\n\n");
        }

        text.Append("| key | value | default | |\n|---|---|---|---|\n");
        foreach (var property in KeyNames.PropertiesOf(type))
        {
            var key = KeyNames.Of(property);
            var (item, itemPath, kind) = Shape(property.PropertyType, path.Length == 0 ? key : $"{path}.{key}");
            var doc = property.GetCustomAttribute<KeyDocAttribute>();
            var isSection = item.GetCustomAttribute<KeyDocAttribute>() is not null;
            var words = doc?.Text ?? (isSection ? $"See [{itemPath}](#{Anchor(itemPath)})." : throw new InvalidOperationException($"{type.Name}.{property.Name} has no description."));
            var value = isSection ? kind : kind.Replace("{}", YamlBinder.Describe(item), StringComparison.Ordinal);
            text.Append($"| `{key}` | {value} | {doc?.Default ?? Default(property.GetValue(instance), isSection)} | {words} |\n");
            if (isSection)
            {
                nested.Add((property, item, itemPath));
            }
        }

        foreach (var (_, item, itemPath) in nested)
        {
            if (item == type)
            {
                // A tree is described once.
                continue;
            }

            Section(text, item, itemPath, Activator.CreateInstance(item)!);
        }
    }

    private static (Type Item, string Path, string Kind) Shape(Type type, string path)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (!type.IsGenericType)
        {
            return (type, path, type.GetCustomAttribute<KeyDocAttribute>() is null ? "{}" : "a mapping");
        }

        return type.GetGenericTypeDefinition() == typeof(IReadOnlyDictionary<,>)
            ? (type.GenericTypeArguments[1], $"{path}.NAME", type.GenericTypeArguments[1].GetCustomAttribute<KeyDocAttribute>() is null ? "names to values, each {}" : "names to mappings")
            : (type.GenericTypeArguments[0], $"{path}[]", type.GenericTypeArguments[0].GetCustomAttribute<KeyDocAttribute>() is null ? "a list, each {}" : "a list of mappings");
    }

    private static string Default(object? value, bool isSection) => value switch
    {
        null or "" => "",
        _ when isSection => "",
        string text => $"`{text}`",
        bool flag => flag ? "`true`" : "`false`",
        TimeSpan duration => $"`{Duration.Format(duration)}`",
        Enum choice => $"`{YamlBinder.EnumKey(choice)}`",
        System.Collections.ICollection { Count: 0 } => "none",
        _ => $"`{value}`",
    };

    private static string Anchor(string heading) =>
        string.Concat(heading.ToLowerInvariant().Where(c => char.IsLetterOrDigit(c) || c is '-' or '_' or ' ')).Replace(' ', '-');
}
