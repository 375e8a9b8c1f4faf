using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Gatehouse.Protocols.Json;

/// <summary>
/// Changes of members of JSON objects, found as edits of the text: what they do not touch stays byte for byte. Of members with the same name the
/// last one counts, as everywhere; the others of a name that is changed are taken out, so that nobody can read another one.
/// </summary>
public sealed class MemberChanges
{
    /// <summary>Deeper than anything that is accepted from a caller, or written here.</summary>
    private static readonly JsonReaderOptions ReaderOptions = new() { MaxDepth = 1024 };

    private readonly MemberNode _root = new("", matchesBothCases: false);

    /// <param name="changes">No path may be equal to another one or inside it.</param>
    /// <param name="matchesBothCases">
    /// A member is met by its name in snake_case and in camelCase: "Parsers accept both the lowerCamelCase name ... and the original proto field
    /// name" (protobuf.dev, ProtoJSON format).
    /// </param>
    public MemberChanges(IEnumerable<MemberChange> changes, bool matchesBothCases = false)
    {
        ArgumentNullException.ThrowIfNull(changes);
        foreach (var change in changes)
        {
            var node = change.Path.Split('.').Aggregate(_root, (parent, name) => parent.Child(name, matchesBothCases));
            (node.Kind, node.Value) = (change.Kind, change.Value);
        }

        _root.Complete();
    }

    /// <summary>The edits that apply all changes to an object, in order; none to a text that is no object.</summary>
    public JsonEdit[] EditsFor(in ReadOnlySequence<byte> json)
    {
        var reader = new Utf8JsonReader(json, ReaderOptions);
        var edits = new List<JsonEdit>();
        if (reader.Read() && reader.TokenType == JsonTokenType.StartObject)
        {
            Change(ref reader, _root, edits);
        }

        return [.. edits];
    }

    /// <param name="reader">At the beginning of an object; afterwards at its end.</param>
    private static void Change(ref Utf8JsonReader reader, MemberNode node, List<JsonEdit> edits)
    {
        var last = LastMembers(reader, node);
        var end = reader.TokenStartIndex + 1;
        var removedFrom = -1L;
        var hasKept = false;
        for (var index = 0; reader.Read() && reader.TokenType == JsonTokenType.PropertyName; index++)
        {
            var start = reader.TokenStartIndex;
            var place = node.PlaceOf(reader);
            _ = reader.Read();
            if (place >= 0 && (index != last[place].Index || !node.Children[place].Keeps(reader.TokenType)))
            {
                // Taken out together with the comma before it, or with the one behind it where nothing before it stays.
                removedFrom = removedFrom < 0 ? end : removedFrom;
                reader.Skip();
            }
            else
            {
                if (removedFrom >= 0)
                {
                    edits.Add(new JsonEdit(removedFrom, (int)((hasKept ? end : start) - removedFrom), default));
                    removedFrom = -1;
                }

                hasKept = true;
                if (place >= 0 && node.Children[place].IsInner && reader.TokenType == JsonTokenType.StartObject)
                {
                    Change(ref reader, node.Children[place], edits);
                }
                else
                {
                    reader.Skip();
                }
            }

            end = reader.BytesConsumed;
        }

        var added = Added(node, last, hasKept);
        if (removedFrom >= 0 || added.Length > 0)
        {
            var from = removedFrom < 0 ? end : removedFrom;
            edits.Add(new JsonEdit(from, (int)(end - from), added));
        }
    }

    /// <summary>Of each name that is changed, the last member that has it.</summary>
    private static LastMember[] LastMembers(Utf8JsonReader ahead, MemberNode node)
    {
        var last = new LastMember[node.Children.Count];
        Array.Fill(last, new LastMember(-1, JsonTokenType.Null));
        for (var index = 0; ahead.Read() && ahead.TokenType == JsonTokenType.PropertyName; index++)
        {
            var place = node.PlaceOf(ahead);
            _ = ahead.Read();
            if (place >= 0)
            {
                last[place] = new LastMember(index, ahead.TokenType);
            }

            ahead.Skip();
        }

        return last;
    }

    private static byte[] Added(MemberNode node, LastMember[] last, bool hasKept)
    {
        var added = new ArrayBufferWriter<byte>();
        for (var i = 0; i < last.Length; i++)
        {
            if (node.Children[i].IsAdded(last[i].Type))
            {
                node.Children[i].Write(added, isFirst: !hasKept && added.WrittenCount == 0);
            }
        }

        return added.WrittenSpan.ToArray();
    }

    /// <param name="Index">Among the members of its object; -1 for none.</param>
    /// <param name="Type">Of its value; null for none.</param>
    private readonly record struct LastMember(int Index, JsonTokenType Type);

    /// <summary>A member that is changed, or has members that are.</summary>
    private sealed class MemberNode(string name, bool matchesBothCases)
    {
        private readonly byte[][] _names = matchesBothCases
            ? [.. new[] { name, Camel(name), Snake(name) }.Distinct(StringComparer.Ordinal).Select(Encoding.UTF8.GetBytes)]
            : [Encoding.UTF8.GetBytes(name)];

        private bool _sets;
        private bool _overrides;

        public List<MemberNode> Children { get; } = [];

        public MemberChangeKind Kind { get; set; }

        public ReadOnlyMemory<byte> Value { get; set; }

        public bool IsInner => Children.Count > 0;

        public MemberNode Child(string childName, bool childMatchesBothCases)
        {
            var child = new MemberNode(childName, childMatchesBothCases);
            if (Children.Find(other => other._names.Any(text => child._names.Any(text.SequenceEqual))) is { } known)
            {
                return known;
            }

            Children.Add(child);
            return child;
        }

        public void Complete()
        {
            Children.ForEach(child => child.Complete());
            _sets = IsInner ? Children.Exists(child => child._sets) : Kind != MemberChangeKind.Drop;
            _overrides = IsInner ? Children.Exists(child => child._overrides) : Kind == MemberChangeKind.Override;
        }

        /// <returns>Which of the children has the name that the reader is at; -1 for none.</returns>
        public int PlaceOf(in Utf8JsonReader reader)
        {
            for (var i = 0; i < Children.Count; i++)
            {
                foreach (var text in Children[i]._names)
                {
                    if (reader.TextIs(text))
                    {
                        return i;
                    }
                }
            }

            return -1;
        }

        /// <summary>A member with a value of this type stays, perhaps changed inside.</summary>
        public bool Keeps(JsonTokenType type) => IsInner
            ? type == JsonTokenType.StartObject || !IsAdded(type)
            : Kind == MemberChangeKind.Default && type != JsonTokenType.Null;

        /// <summary>It is written anew where its object has a value of this type for it, null also standing for none.</summary>
        public bool IsAdded(JsonTokenType type) => type switch
        {
            JsonTokenType.Null => _sets,
            // What is no object has no members, so that an override would be lost; a default yields to it, and there is nothing to drop.
            _ when IsInner => type != JsonTokenType.StartObject && _overrides,
            _ => _overrides,
        };

        public void Write(ArrayBufferWriter<byte> output, bool isFirst)
        {
            output.Write(isFirst ? "\""u8 : ",\""u8);
            output.Write(_names[0]);
            output.Write("\":"u8);
            if (!IsInner)
            {
                output.Write(Value.Span);
                return;
            }

            output.Write("{"u8);
            var isFirstChild = true;
            foreach (var child in Children.Where(child => child._sets))
            {
                child.Write(output, isFirstChild);
                isFirstChild = false;
            }

            output.Write("}"u8);
        }

        private static string Camel(string text) => string.Concat(text.Split('_').Select((word, i) => i == 0 || word.Length == 0 ? word : char.ToUpperInvariant(word[0]) + word[1..]));

        private static string Snake(string text) => string.Concat(text.Select(c => char.IsAsciiLetterUpper(c) ? $"_{char.ToLowerInvariant(c)}" : $"{c}"));
    }
}
