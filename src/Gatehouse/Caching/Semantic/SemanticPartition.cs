using System.Buffers;
using System.Collections.Frozen;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Gatehouse.Pipeline;
using Gatehouse.Protocols.Chat;

namespace Gatehouse.Caching.Semantic;

/// <summary>
/// What makes two requests comparable: everything in the body but the last text of the last user turn, and but the members that change who
/// pays, who is told and how the answer is sent, not what it says.
/// </summary>
internal sealed class SemanticPartition
{
    /// <summary>Longest body that is looked at, in bytes.</summary>
    public const int MaxBodyLength = 1 << 20;

    /// <summary>Longest text that is compared, in UTF-16 code units: in a longer one a difference that matters is too small a part.</summary>
    public const int MaxTextLength = 8192;

    private const string CacheMark = "cache_control";

    private static readonly FrozenSet<string> LeftOutByOpenAi = FrozenSet.Create(
        StringComparer.Ordinal,
        ["stream", "stream_options", "user", "metadata", "safety_identifier", "store", "prompt_cache_key", "prompt_cache_retention", CacheMark]);

    private static readonly FrozenSet<string> LeftOutByAnthropic = FrozenSet.Create(StringComparer.Ordinal, ["stream", "metadata", CacheMark]);

    /// <summary>Where a provider may keep a prefix for later: on turns, parts and tools.</summary>
    private static readonly FrozenSet<string> OnlyMarks = FrozenSet.Create(StringComparer.Ordinal, [CacheMark]);

    private readonly ArrayBufferWriter<byte> _output = new(4096);
    private bool _isAmbiguous;

    /// <param name="operation">Whose answers are asked for; only conversations have a partition.</param>
    /// <param name="scope">What else must be equal and is not in the body: tenant, route, the model of a path, policy revision.</param>
    /// <param name="body">JSON of the operation's dialect.</param>
    /// <param name="maxTemperature">Above it answers are meant to differ. A request that names none has 1, the default of the APIs.</param>
    /// <returns>Null for a request that is always answered anew (see <see cref="SemanticEligibility"/>).</returns>
    public static SemanticQuery? Of(Operation operation, string scope, ReadOnlySequence<byte> body, double maxTemperature)
    {
        if (!operation.IsChat || body.Length > MaxBodyLength)
        {
            return null;
        }

        try
        {
            using var document = JsonDocument.Parse(body);
            var text = SemanticEligibility.TextOf(operation.Dialect, document.RootElement, maxTemperature);
            return text is { Length: > 0 and <= MaxTextLength } && !string.IsNullOrWhiteSpace(text)
                && new SemanticPartition().Hash(operation, scope, document.RootElement) is { } partition
                    ? new SemanticQuery(partition, text)
                    : null;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // No JSON, or a text that is no Unicode: half a surrogate pair, bytes that are no UTF-8.
            return null;
        }
    }

    private PartitionHash? Hash(Operation operation, string scope, JsonElement body)
    {
        // Lengths stand before what has no other end.
        _output.Write(Encoding.UTF8.GetBytes($"{operation.Dialect}:{operation.Name}:{scope.Length}:{scope}:"));
        foreach (var member in Members(body, LeftOut(operation.Dialect)))
        {
            switch (member.Name)
            {
                case "messages" or "input" or "contents":
                    WriteTurns(member.Value);
                    break;
                case "system" or "tools" when member.Value.ValueKind == JsonValueKind.Array:
                    WriteItems(member.Value, hasText: false);
                    break;
                default:
                    CanonicalJson.Write(member.Value, _output);
                    break;
            }
        }

        return _isAmbiguous ? null : PartitionHash.From(SHA256.HashData(_output.WrittenSpan));
    }

    private static FrozenSet<string> LeftOut(Dialect dialect) => dialect switch
    {
        Dialect.OpenAiChat or Dialect.OpenAiResponses => LeftOutByOpenAi,
        Dialect.Anthropic => LeftOutByAnthropic,
        _ => FrozenSet<string>.Empty,
    };

    private void WriteTurns(JsonElement turns)
    {
        if (turns.ValueKind == JsonValueKind.String)
        {
            WritePlace();
            return;
        }

        var rest = turns.GetArrayLength();
        foreach (var turn in turns.EnumerateArray())
        {
            rest--;
            _output.Write("{"u8);
            foreach (var member in Members(turn, OnlyMarks))
            {
                switch (member.Value.ValueKind)
                {
                    case JsonValueKind.Array when member.Name is "content" or "parts":
                        WriteItems(member.Value, hasText: rest == 0);
                        break;
                    case JsonValueKind.String when member.Name is "content" && rest == 0:
                        WritePlace();
                        break;
                    default:
                        CanonicalJson.Write(member.Value, _output);
                        break;
                }
            }

            _output.Write("}"u8);
        }
    }

    /// <param name="hasText">Whether the text that is compared is the one of the last item.</param>
    private void WriteItems(JsonElement items, bool hasText)
    {
        var rest = items.GetArrayLength();
        _output.Write("["u8);
        foreach (var item in items.EnumerateArray())
        {
            rest--;
            if (item.ValueKind != JsonValueKind.Object)
            {
                CanonicalJson.Write(item, _output);
                _output.Write(","u8);
                continue;
            }

            _output.Write("{"u8);
            foreach (var member in Members(item, OnlyMarks))
            {
                if (hasText && rest == 0 && member.Name == "text")
                {
                    WritePlace();
                }
                else
                {
                    CanonicalJson.Write(member.Value, _output);
                }
            }

            _output.Write("}"u8);
        }

        _output.Write("]"u8);
    }

    /// <summary>Stands for the text; no JSON begins with it.</summary>
    private void WritePlace() => _output.Write("?"u8);

    /// <summary>Writes each name that is not left out before its member is given out.</summary>
    private IEnumerable<JsonProperty> Members(JsonElement element, FrozenSet<string> leftOut)
    {
        string? before = null;
        foreach (var member in CanonicalJson.SortedMembers(element))
        {
            // Of two members with one name providers take the first or the last: nobody knows which text is meant.
            _isAmbiguous |= before == member.Name;
            before = member.Name;
            if (!leftOut.Contains(member.Name))
            {
                _output.Write(","u8);
                CanonicalJson.WriteName(member, _output);
                yield return member;
            }
        }
    }
}
