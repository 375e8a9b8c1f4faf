using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;

namespace Gatehouse.Caching;

/// <summary>
/// Writes the body of a request so that equal JSON becomes equal bytes, in one scan and without a document: members sorted by name, texts and
/// numbers by value as <see cref="CanonicalJson"/> has them, nothing lower-cased. Of the members at the top some are left out, and some say that
/// the request is not for a cache (<see cref="RequestMembers"/>). The result is no JSON; it is only hashed.
/// </summary>
internal ref struct CanonicalRequest
{
    /// <summary>No tool has as many parameters; to sort more would cost too much.</summary>
    private const int MaxMembers = 4096;

    /// <summary>
    /// To sort an object copies what is in it. Objects that lie deeper stand in it as their SHA-256, so that no byte is copied more often than this.
    /// </summary>
    private const int MaxCopies = 8;

    [ThreadStatic]
    private static List<JsonRun>? _freeRuns;

    private readonly KeyBuffer _output;
    private readonly List<JsonRun> _runs;
    private Utf8JsonReader _reader;

    private CanonicalRequest(ReadOnlySpan<byte> body, KeyBuffer output)
    {
        _output = output;
        _runs = _freeRuns ?? [];
        _runs.Clear();
        _reader = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = 512 });
    }

    /// <param name="body">A JSON object.</param>
    /// <param name="members">What members at the top mean.</param>
    /// <param name="output">Gets it, behind what is in it already.</param>
    /// <returns>False when the request is not for a cache.</returns>
    public static bool TryWrite(ReadOnlySpan<byte> body, RequestMembers members, KeyBuffer output)
    {
        var request = new CanonicalRequest(body, output);
        _freeRuns = null;
        try
        {
            return request._reader.Read() && request._reader.TokenType == JsonTokenType.StartObject && request.WriteTop(members);
        }
        catch (JsonException)
        {
            return false;
        }
        finally
        {
            _freeRuns = request._runs.Capacity <= 2 * MaxMembers ? request._runs : null;
        }
    }

    private bool WriteTop(RequestMembers members)
    {
        var (start, isStored) = (_output.Length, (bool?)null);
        while (_reader.Read() && _reader.TokenType == JsonTokenType.PropertyName)
        {
            switch (members.UseOf(ref _reader))
            {
                case MemberUse.Ignored:
                    _ = _reader.Read();
                    _reader.Skip();
                    break;
                case MemberUse.State:
                    _ = _reader.Read();
                    if (_reader.TokenType is not (JsonTokenType.Null or JsonTokenType.False))
                    {
                        return false;
                    }

                    break;
                case MemberUse.Store:
                    _ = _reader.Read();
                    if (_reader.TokenType == JsonTokenType.True)
                    {
                        return false;
                    }

                    isStored = _reader.TokenType == JsonTokenType.False ? false : isStored;
                    _reader.Skip();
                    break;
                default:
                    if (!WriteMember(0, depth: 1))
                    {
                        return false;
                    }

                    break;
            }
        }

        Sort(start, 0);
        return !members.IsStoredByDefault || isStored == false;
    }

    private bool WriteValue(int depth)
    {
        switch (_reader.TokenType)
        {
            case JsonTokenType.String:
                WriteText();
                return true;
            case JsonTokenType.Number:
                CanonicalJson.WriteNumber(_reader.ValueSpan, _output);
                return true;
            case JsonTokenType.StartObject:
                return WriteObject(depth);
            case JsonTokenType.StartArray:
                _output.Add((byte)'[');
                while (_reader.Read() && _reader.TokenType != JsonTokenType.EndArray)
                {
                    if (!WriteValue(depth))
                    {
                        return false;
                    }

                    _output.Add((byte)',');
                }

                _output.Add((byte)']');
                return true;
            default:
                _output.Add(_reader.ValueSpan);
                return true;
        }
    }

    private bool WriteObject(int depth)
    {
        var (start, first) = (_output.Length, _runs.Count);
        _output.Add((byte)'{');
        while (_reader.Read() && _reader.TokenType == JsonTokenType.PropertyName)
        {
            if (!WriteMember(first, depth + 1))
            {
                return false;
            }
        }

        Sort(start + 1, first);
        _output.Add((byte)'}');
        if (depth > MaxCopies)
        {
            Span<byte> hash = stackalloc byte[CacheKey.Length];
            _ = SHA256.HashData(_output.Written[start..], hash);
            _output.Truncate(start);
            // No value of JSON begins with it.
            _output.Add((byte)'#');
            _output.Add(hash);
        }

        return true;
    }

    private bool WriteMember(int first, int depth)
    {
        if (_runs.Count - first >= MaxMembers)
        {
            return false;
        }

        var start = _output.Length;
        WriteText();
        var nameEnd = _output.Length;
        _output.Add((byte)':');
        _ = _reader.Read();
        if (!WriteValue(depth))
        {
            return false;
        }

        // The comma is written behind the last one, too: the members can then be put into any order as they are.
        _output.Add((byte)',');
        _runs.Add(new JsonRun(start, nameEnd, _output.Length));
        return true;
    }

    private readonly void WriteText()
    {
        _output.Add((byte)'"');
        if (_reader.ValueIsEscaped)
        {
            CanonicalJson.WriteText(_reader.ValueSpan, _output);
        }
        else
        {
            _output.Add(_reader.ValueSpan);
        }

        _output.Add((byte)'"');
    }

    private readonly void Sort(int start, int first)
    {
        var runs = CollectionsMarshal.AsSpan(_runs)[first..];
        var order = new ByName(_output.Bytes);
        var isSorted = true;
        for (var i = 1; isSorted && i < runs.Length; i++)
        {
            isSorted = order.Compare(runs[i - 1], runs[i]) < 0;
        }

        if (!isSorted)
        {
            runs.Sort(order);
            _output.Reorder(start, runs);
        }

        CollectionsMarshal.SetCount(_runs, first);
    }

    /// <summary>By name and then by position: of two members with one name a reader may take the first or the last.</summary>
    private readonly struct ByName(byte[] bytes) : IComparer<JsonRun>
    {
        public int Compare(JsonRun x, JsonRun y)
        {
            var byName = bytes.AsSpan(x.Start, x.NameEnd - x.Start).SequenceCompareTo(bytes.AsSpan(y.Start, y.NameEnd - y.Start));
            return byName != 0 ? byName : x.Start.CompareTo(y.Start);
        }
    }
}
