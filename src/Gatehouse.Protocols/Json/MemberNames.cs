using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Gatehouse.Protocols.Json;

/// <summary>
/// Which names an object has, in 64 bits: a mark that is missing says that the name is missing, one that is there says that it may be
/// there. Costs a few instructions a name while a request is scanned.
/// </summary>
public static class MemberNames
{
    public static ulong MarkOf(ReadOnlySpan<byte> name) =>
        name.IsEmpty ? 1 : 1UL << (((name.Length * 7) + (name[0] * 31) + (name[^1] * 17) + (name[name.Length / 2] * 5)) & 63);

    /// <summary>Whether the object of a JSON text has a member of one of these names.</summary>
    public static bool HasAny(in ReadOnlySequence<byte> json, IReadOnlyCollection<string> names)
    {
        var wanted = names.Select(Encoding.UTF8.GetBytes).ToArray();
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 512 });
        _ = reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            foreach (var name in wanted)
            {
                if (reader.TextIs(name))
                {
                    return true;
                }
            }

            _ = reader.Read();
            reader.Skip();
        }

        return false;
    }

    public static ulong MarksOf(IEnumerable<string> names) => names.Aggregate(0UL, (marks, name) => marks | MarkOf(Encoding.UTF8.GetBytes(name)));
}
