namespace Gatehouse.Bench;

/// <summary>The <c>--name value</c> pairs of one sub-command.</summary>
internal sealed class Arguments
{
    private readonly Dictionary<string, string> _values = new(StringComparer.Ordinal);

    public Arguments(string[] args)
    {
        foreach (var pair in args.Chunk(2))
        {
            if (pair is not [['-', '-', .. var name], var value])
            {
                throw new ArgumentException($"expected --name value, found '{string.Join(' ', pair)}'", nameof(args));
            }

            _values[name] = value;
        }
    }

    public bool Has(string name) => _values.ContainsKey(name);

    public string Text(string name) => _values.TryGetValue(name, out var value)
        ? value
        : throw new ArgumentException($"--{name} is missing", nameof(name));

    public int Number(string name) => int.TryParse(Text(name), out var number) && number >= 0
        ? number
        : throw new ArgumentException($"--{name}: '{Text(name)}' is not a whole number", nameof(name));

    public int Number(string name, int fallback) => _values.ContainsKey(name) ? Number(name) : fallback;

    public Uri Url(string name) => Uri.TryCreate(Text(name), UriKind.Absolute, out var url) && url.Scheme is "http"
        ? url
        : throw new ArgumentException($"--{name}: '{Text(name)}' is not an absolute http URL", nameof(name));
}
