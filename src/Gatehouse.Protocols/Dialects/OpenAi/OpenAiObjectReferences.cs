using System.Buffers;
using System.Text.Json;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.OpenAi;

/// <summary>The ids of objects at the provider that a JSON request names.</summary>
public static class OpenAiObjectReferences
{
    private static readonly JsonReaderOptions ReaderOptions = new() { MaxDepth = 512 };

    /// <summary>Whether a JSON text may name files at all: most do not, and need not be read.</summary>
    public static bool MayHaveFiles(in ReadOnlySequence<byte> json)
    {
        // A name can be written with escapes.
        return Has(json, "file_id"u8) || Has(json, "\\u00"u8);

        static bool Has(in ReadOnlySequence<byte> json, ReadOnlySpan<byte> part) =>
            json.IsSingleSegment ? json.FirstSpan.IndexOf(part) >= 0 : new SequenceReader<byte>(json).TryReadTo(out ReadOnlySequence<byte> _, part);
    }

    /// <summary>
    /// Members with ids of files, vector stores and containers at any depth, but for what is the caller's own to name ("metadata",
    /// "attributes"); "previous_response_id" and "conversation" at the top. In any case of the letters, as some servers read them so.
    /// </summary>
    /// <param name="json">Valid JSON; what is not ends the reading.</param>
    /// <returns>Each with the name of its member as written.</returns>
    public static IReadOnlyList<(string Field, string Id)> Read(in ReadOnlySequence<byte> json)
    {
        var found = new List<(string Field, string Id)>();
        var reader = new Utf8JsonReader(json, ReaderOptions);
        try
        {
            while (reader.Read())
            {
                if (reader.TokenType == JsonTokenType.PropertyName)
                {
                    ReadMember(ref reader, found);
                }
            }
        }
        catch (JsonException)
        {
            // Not JSON: no server finds anything in it.
        }

        return found;
    }

    private static void ReadMember(ref Utf8JsonReader reader, List<(string Field, string Id)> found)
    {
        if (reader.TextIsInAnyCase("metadata"u8) || reader.TextIsInAnyCase("attributes"u8))
        {
            reader.Skip();
            return;
        }

        var isReference = reader.TextIsInAnyCase("file_id"u8) || reader.TextIsInAnyCase("file_ids"u8) || reader.TextIsInAnyCase("input_file_id"u8)
            || reader.TextIsInAnyCase("training_file"u8) || reader.TextIsInAnyCase("validation_file"u8)
            || reader.TextIsInAnyCase("vector_store_id"u8) || reader.TextIsInAnyCase("vector_store_ids"u8)
            || reader.TextIsInAnyCase("container"u8) || reader.TextIsInAnyCase("container_id"u8)
            || (reader.CurrentDepth == 1 && (reader.TextIsInAnyCase("previous_response_id"u8) || reader.TextIsInAnyCase("conversation"u8)));
        if (!isReference)
        {
            return;
        }

        var field = reader.GetString()!.ToLowerInvariant();
        _ = reader.Read();
        if (reader.TokenType == JsonTokenType.String)
        {
            Add(reader, field, found);
        }
        else if (reader.TokenType == JsonTokenType.StartArray)
        {
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                if (reader.TokenType == JsonTokenType.String)
                {
                    Add(reader, field, found);
                }
                else
                {
                    reader.Skip();
                }
            }
        }
        else if (reader.TokenType == JsonTokenType.StartObject && field == "conversation")
        {
            ReadId(ref reader, field, found);
        }
    }

    /// <summary>By half a surrogate pair no server finds an object; but there may be others behind it.</summary>
    private static void Add(in Utf8JsonReader reader, string field, List<(string Field, string Id)> found)
    {
        try
        {
            found.Add((field, reader.GetString()!));
        }
        catch (InvalidOperationException)
        {
            // As said above.
        }
    }

    /// <summary>"conversation" may be an object with an id.</summary>
    private static void ReadId(ref Utf8JsonReader reader, string field, List<(string Field, string Id)> found)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isId = reader.TextIsInAnyCase("id"u8);
            _ = reader.Read();
            if (isId && reader.TokenType == JsonTokenType.String)
            {
                Add(reader, field, found);
            }

            reader.Skip();
        }
    }
}
