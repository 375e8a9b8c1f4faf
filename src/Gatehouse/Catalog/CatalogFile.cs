using System.Text;
using System.Text.Json;

namespace Gatehouse.Catalog;

/// <param name="Id">As prices name it.</param>
/// <param name="AsOf">The day on which its maintainers had it so.</param>
internal sealed record CatalogSource(string Id, string Name, string AsOf);

/// <summary>
/// The data file: JSON with one model a line, ordered by name. A model is found by halving and parsed when it is asked for, so that a
/// start costs one pass for the ends of the lines and the memory of the text.
/// </summary>
internal sealed class CatalogFile
{
    public const int Schema = 1;

    private const string Resource = "catalog.json";

    private static readonly Lazy<CatalogFile> BuiltIn = new(ReadEmbedded);

    private readonly byte[] _text;
    private readonly List<Range> _lines = [];

    private CatalogFile(byte[] text)
    {
        _text = text;
        var reader = new Utf8JsonReader(text);
        var sources = new List<CatalogSource>();
        while (reader.Read() && !(reader.TokenType == JsonTokenType.StartArray && reader.CurrentDepth == 1))
        {
            if (reader.CurrentDepth != 1 || reader.TokenType != JsonTokenType.PropertyName)
            {
                continue;
            }

            if (reader.ValueTextEquals("schema"u8) && reader.Read() && reader.GetInt32() != Schema)
            {
                throw new JsonException($"The catalogue has schema {reader.GetInt32()}, this program reads {Schema}.");
            }

            if (reader.TokenType == JsonTokenType.PropertyName && reader.ValueTextEquals("revision"u8) && reader.Read())
            {
                Revision = reader.GetString()!;
            }
            else if (reader.TokenType == JsonTokenType.PropertyName && reader.ValueTextEquals("sources"u8) && reader.Read())
            {
                using var table = JsonDocument.ParseValue(ref reader);
                sources.AddRange(table.RootElement.EnumerateObject().Select(source => new CatalogSource(
                    source.Name, source.Value.GetProperty("name").GetString()!, source.Value.GetProperty("as_of").GetString()!)));
            }
        }

        Sources = sources;
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            throw new JsonException("This is not a catalogue, which has a revision and one model a line.");
        }

        Split((int)reader.BytesConsumed);
        if (Revision.Length == 0 || _lines.Count == 0)
        {
            throw new JsonException("This is not a catalogue, which has a revision and one model a line.");
        }
    }

    /// <summary>The file that is built into the program.</summary>
    public static CatalogFile Embedded => BuiltIn.Value;

    /// <summary>Newest day of its sources and a digest of its models: equal revisions mean equal prices.</summary>
    public string Revision { get; } = "";

    public IReadOnlyList<CatalogSource> Sources { get; }

    public int Count => _lines.Count;

    /// <exception cref="JsonException">The text is not a catalogue of this schema.</exception>
    public static CatalogFile Parse(byte[] text) => new(text);

    public IEnumerable<CatalogEntry> All() => _lines.Select(line => CatalogEntry.Parse(_text.AsSpan(line)));

    /// <summary>The model of exactly this name, whatever the case of its letters.</summary>
    /// <param name="id"><c>provider/model</c></param>
    public CatalogEntry? Find(string id) =>
        IndexOf(id) is var i && i < _lines.Count && Compare(NameOf(i), id) == 0 ? CatalogEntry.Parse(_text.AsSpan(_lines[i])) : null;

    /// <summary>The models whose names begin so, in the order of their names.</summary>
    public IEnumerable<CatalogEntry> StartingWith(string prefix) => LinesStartingWith(prefix).Select(line => CatalogEntry.Parse(_text.AsSpan(_lines[line])));

    /// <summary>The names that begin so, in their order.</summary>
    public IEnumerable<string> NamesStartingWith(string prefix) => LinesStartingWith(prefix).Select(line => Encoding.ASCII.GetString(NameOf(line)));

    private IEnumerable<int> LinesStartingWith(string prefix)
    {
        for (var i = IndexOf(prefix); i < _lines.Count && NameOf(i) is var name && name.Length >= prefix.Length && Compare(name[..prefix.Length], prefix) == 0; i++)
        {
            yield return i;
        }
    }

    private static CatalogFile ReadEmbedded()
    {
        using var stream = typeof(CatalogFile).Assembly.GetManifestResourceStream(Resource)!;
        var text = new byte[stream.Length];
        stream.ReadExactly(text);
        return new CatalogFile(text);
    }

    private void Split(int start)
    {
        while (start < _text.Length)
        {
            var length = _text.AsSpan(start).IndexOf((byte)'\n');
            var line = _text.AsSpan(start, length < 0 ? _text.Length - start : length).TrimEnd(","u8);
            if (line.StartsWith(LineStart))
            {
                _lines.Add(start..(start + line.Length));
            }

            start = length < 0 ? _text.Length : start + length + 1;
        }
    }

    private static ReadOnlySpan<byte> LineStart => """{"id":" """u8[..^1];

    /// <summary>The first model whose name is not before this one.</summary>
    private int IndexOf(string name)
    {
        var (low, high) = (0, _lines.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (Compare(NameOf(middle), name) < 0)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }

    private ReadOnlySpan<byte> NameOf(int line)
    {
        var rest = _text.AsSpan(_lines[line])[LineStart.Length..];
        return rest[..rest.IndexOf((byte)'"')];
    }

    /// <summary>In the order of lower-case ASCII; names in the file are ASCII without escapes.</summary>
    private static int Compare(ReadOnlySpan<byte> a, string b)
    {
        for (var i = 0; i < a.Length && i < b.Length; i++)
        {
            var (left, right) = (Lower((char)a[i]), Lower(b[i]));
            if (left != right)
            {
                return left - right;
            }
        }

        return a.Length - b.Length;
    }

    private static char Lower(char c) => char.IsAsciiLetterUpper(c) ? (char)(c | 0x20) : c;
}
