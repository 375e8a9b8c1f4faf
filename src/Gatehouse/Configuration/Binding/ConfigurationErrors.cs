namespace Gatehouse.Configuration.Binding;

/// <summary>All mistakes of a configuration, each with its key and line: found in one go, told in one go.</summary>
/// <param name="fileName">Empty for what is no file: then only the key is told.</param>
internal sealed class ConfigurationErrors(string fileName)
{
    private readonly Dictionary<string, int> _lines = new(StringComparer.Ordinal);
    private readonly List<string> _messages = [];

    public IReadOnlyList<string> Messages => _messages;

    public bool Any => _messages.Count > 0;

    /// <summary>Remembers where a key stands, so that what is found later can name the line.</summary>
    public void Locate(string path, long line) => _lines[path] = (int)line;

    /// <param name="path">The key, such as <c>providers.local.base_url</c>.</param>
    /// <param name="message">What is wrong and what to do.</param>
    public void Add(string path, string message)
    {
        if (fileName.Length == 0)
        {
            _messages.Add(path.Length == 0 ? message : $"{message} ({path})");
            return;
        }

        var line = LineOf(path);
        var file = line > 0 ? $"{fileName}:{line}" : fileName;
        _messages.Add(path.Length == 0 ? $"{message} ({file})" : $"{message} ({path}, {file})");
    }

    /// <summary>The line of a key, or of the nearest key above it that is written down.</summary>
    private int LineOf(string path)
    {
        while (true)
        {
            if (_lines.TryGetValue(path, out var line))
            {
                return line;
            }

            var cut = path.LastIndexOfAny(['.', '[']);
            if (cut < 0)
            {
                return 0;
            }

            path = path[..cut];
        }
    }
}
