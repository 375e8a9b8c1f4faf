using System.Globalization;
using System.Text;
using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.Gemini;

/// <summary>
/// The arguments of a call that Vertex AI streams in pieces (<c>streamFunctionCallArguments</c>): "a JSON Path (RFC 9535) to the argument
/// being streamed" and a piece of its value.
/// </summary>
internal sealed class GeminiPartialArguments
{
    /// <summary>As deep as a JSON text may be.</summary>
    private const int MaxDepth = 100;

    private readonly Node _root = new();

    /// <exception cref="MalformedException">A path that this version does not know, or that leads nowhere.</exception>
    public void Add(JsonElement partial)
    {
        var path = partial.Text("jsonPath") ?? "";
        var node = Find(path);
        if (partial.Text("stringValue") is { } text)
        {
            _ = (node.Text ??= new StringBuilder()).Append(text);
        }
        else
        {
            node.Scalar = (partial.Member("numberValue") ?? partial.Member("boolValue"))?.JsonTextOrFail("value") ?? "null";
        }
    }

    /// <summary>JSON text of an object.</summary>
    public string ToJson()
    {
        _root.Members ??= [];
        return JsonMade.Element(writer => Write(_root, writer)).JsonTextOrFail("value");
    }

    private static void Write(Node node, Utf8JsonWriter writer)
    {
        if (node.Members is { } members)
        {
            writer.WriteStartObject();
            foreach (var (name, member) in members)
            {
                writer.WritePropertyName(name);
                Write(member, writer);
            }

            writer.WriteEndObject();
        }
        else if (node.Items is { } items)
        {
            writer.WriteStartArray();
            foreach (var item in items)
            {
                Write(item, writer);
            }

            writer.WriteEndArray();
        }
        else if (node.Text is { } text)
        {
            writer.WriteStringValue(text.ToString());
        }
        else
        {
            writer.WriteRawValue(node.Scalar ?? "null");
        }
    }

    private static MalformedException Unknown(string path) => new("functionCall.partialArgs.jsonPath", $"'{path}' is not a path of names and numbers");

    /// <summary>The place of a path like <c>$.items[0].name</c> or <c>$['a name']</c>, made where it is new.</summary>
    private Node Find(string path)
    {
        var rest = path.AsSpan();
        if (!rest.StartsWith('$'))
        {
            throw Unknown(path);
        }

        rest = rest[1..];
        var node = _root;
        for (var depth = 0; !rest.IsEmpty; depth++)
        {
            if (depth == MaxDepth)
            {
                throw Unknown(path);
            }

            if (rest[0] == '.')
            {
                var end = rest[1..].IndexOfAny('.', '[');
                var length = end < 0 ? rest.Length - 1 : end;
                node = Member(node, rest.Slice(1, length).ToString(), path);
                rest = rest[(length + 1)..];
            }
            else if (rest[0] == '[' && rest.Length > 1 && rest[1] is '\'' or '"')
            {
                var length = rest[2..].IndexOf(rest[1]);
                if (length < 0 || rest.Length < length + 4 || rest[length + 3] != ']')
                {
                    throw Unknown(path);
                }

                node = Member(node, rest.Slice(2, length).ToString(), path);
                rest = rest[(length + 4)..];
            }
            else
            {
                var end = rest.IndexOf(']');
                if (rest[0] != '[' || end < 0 || !int.TryParse(rest[1..end], NumberStyles.None, CultureInfo.InvariantCulture, out var index))
                {
                    throw Unknown(path);
                }

                node = Item(node, index, path);
                rest = rest[(end + 1)..];
            }
        }

        return node == _root ? throw Unknown(path) : node;
    }

    private static Node Member(Node node, string name, string path)
    {
        if (node.IsTaken || node.Items is not null)
        {
            throw Unknown(path);
        }

        node.Members ??= [];
        if (!node.Members.TryGetValue(name, out var member))
        {
            node.Members[name] = member = new Node();
        }

        return member;
    }

    /// <summary>The items come in their order: a number further on would make room for what never comes.</summary>
    private static Node Item(Node node, int index, string path)
    {
        node.Items ??= [];
        if (node.IsTaken || node.Members is not null || index > node.Items.Count)
        {
            throw Unknown(path);
        }

        if (index == node.Items.Count)
        {
            node.Items.Add(new Node());
        }

        return node.Items[index];
    }

    private sealed class Node
    {
        public OrderedDictionary<string, Node>? Members { get; set; }

        public List<Node>? Items { get; set; }

        public StringBuilder? Text { get; set; }

        public string? Scalar { get; set; }

        public bool IsTaken => Text is not null || Scalar is not null;
    }
}
