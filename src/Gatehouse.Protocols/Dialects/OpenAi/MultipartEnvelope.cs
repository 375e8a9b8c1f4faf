using System.Buffers;
using System.Text;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.OpenAi;

/// <summary>
/// What the gateway must know of a form (multipart/form-data, RFC 7578): the value of its "model" part and where it stands. Found in one
/// pass over the buffers; the files in it are neither copied nor looked at.
/// </summary>
/// <remarks>
/// What one parser takes for a part and another for content could name another model than the one that was authorized. So whatever is not
/// written as all clients write it is refused: a boundary anywhere but on a line of its own, two models, names with escapes.
/// </remarks>
public sealed class MultipartEnvelope
{
    private const int MaxModelLength = 512;
    private const int MaxPartHeaders = 4096;
    private const int MaxParts = 200;

    private long _modelOffset;
    private int _modelLength;

    private MultipartEnvelope()
    {
    }

    public string? Model { get; private set; }

    /// <summary>The part "stream" is "true".</summary>
    public bool IsStream { get; private set; }

    /// <summary>Reads the whole body once. Null with an <paramref name="error"/> when it cannot be accepted.</summary>
    /// <param name="body">The whole request body.</param>
    /// <param name="boundary">That of the content type, without its two leading hyphens.</param>
    /// <param name="error">What is wrong and where.</param>
    public static MultipartEnvelope? Read(in ReadOnlySequence<byte> body, ReadOnlySpan<byte> boundary, out RequestError error)
    {
        byte[] delimiter = [.. "--"u8, .. boundary];
        var envelope = new MultipartEnvelope();
        var reader = new SequenceReader<byte>(body);
        error = envelope.Read(ref reader, delimiter);
        return error.Message is null ? envelope : null;
    }

    /// <summary>The edit that turns the caller's body into the one for the target.</summary>
    public JsonEdit[] EditsFor(string model) => string.Equals(model, Model, StringComparison.Ordinal)
        ? []
        : [new JsonEdit(_modelOffset, _modelLength, Encoding.UTF8.GetBytes(model))];

    private RequestError Read(ref SequenceReader<byte> reader, ReadOnlySpan<byte> delimiter)
    {
        _ = reader.IsNext("\r\n"u8, advancePast: true);
        if (!reader.IsNext(delimiter, advancePast: true))
        {
            return Mistake("it does not begin with its boundary");
        }

        for (var parts = 0; ; parts++)
        {
            if (reader.IsNext("--"u8, advancePast: true))
            {
                return End(ref reader);
            }

            if (parts == MaxParts)
            {
                return Mistake($"it has more than {MaxParts} parts");
            }

            reader.AdvancePastAny((byte)' ', (byte)'\t');
            if (!reader.IsNext("\r\n"u8, advancePast: true))
            {
                return Mistake($"there is something behind the boundary at byte {reader.Consumed}");
            }

            if (ReadPart(ref reader, delimiter) is { Message: not null } mistake)
            {
                return mistake;
            }
        }
    }

    private RequestError ReadPart(ref SequenceReader<byte> reader, ReadOnlySpan<byte> delimiter)
    {
        var start = reader.Consumed;
        if (!reader.TryReadTo(out ReadOnlySequence<byte> headers, "\r\n\r\n"u8) || headers.Length > MaxPartHeaders)
        {
            return Mistake($"the part at byte {start} has no end of its headers within {MaxPartHeaders} bytes");
        }

        var part = PartHeaders.Parse(Encoding.Latin1.GetString(headers));
        if (part.Mistake is { } wrong)
        {
            return Mistake($"the part at byte {start} {wrong}");
        }

        var offset = reader.Consumed;
        if (!reader.TryReadTo(out ReadOnlySequence<byte> content, delimiter))
        {
            return Mistake($"the part at byte {start} is cut off");
        }

        // RFC 2046, 5.1.1: "The CRLF preceding the boundary delimiter line is conceptually attached to the boundary".
        if (content.Length < 2 || !content.Slice(content.Length - 2).ToArray().AsSpan().SequenceEqual("\r\n"u8))
        {
            return Mistake($"its boundary stands inside the part at byte {start}");
        }

        content = content.Slice(0, content.Length - 2);
        if (part.Name.Equals("model", StringComparison.OrdinalIgnoreCase))
        {
            return ReadModel(part, content, offset);
        }

        if (string.Equals(part.Name, "stream", StringComparison.Ordinal))
        {
            IsStream = content.Length <= 8 && Encoding.ASCII.GetString(content).Trim().Equals("true", StringComparison.OrdinalIgnoreCase);
        }

        return default;
    }

    private RequestError ReadModel(PartHeaders part, in ReadOnlySequence<byte> content, long offset)
    {
        if (Model is not null)
        {
            return new RequestError("'model' is written more than once.", "model");
        }

        if (!string.Equals(part.Name, "model", StringComparison.Ordinal) || part.IsFile || part.IsEncoded)
        {
            return new RequestError("The part 'model' must be plain text with its name in lower case, and not a file.", "model");
        }

        if (content.Length is 0 or > MaxModelLength)
        {
            return new RequestError($"'model' must have 1 to {MaxModelLength} bytes.", "model");
        }

        var bytes = content.ToArray();
        if (!System.Text.Unicode.Utf8.IsValid(bytes) || bytes.AsSpan().ContainsAnyInRange((byte)0, (byte)31))
        {
            return new RequestError("'model' is not valid text.", "model");
        }

        Model = Encoding.UTF8.GetString(bytes);
        (_modelOffset, _modelLength) = (offset, bytes.Length);
        return default;
    }

    private RequestError End(ref SequenceReader<byte> reader)
    {
        reader.AdvancePastAny(" \t\r\n"u8);
        return !reader.End ? Mistake($"there is something behind its end at byte {reader.Consumed}")
            : Model is null ? new RequestError("'model' is required: a form part with a route, provider/model, or the id of a model.", "model")
            : default;
    }

    private static RequestError Mistake(string what) => new($"The request body is not a valid form (multipart/form-data): {what}.", Field: null);

    /// <summary>The headers of one part.</summary>
    private readonly record struct PartHeaders(string Name, bool IsFile, bool IsEncoded, string? Mistake)
    {
        public static PartHeaders Parse(string text)
        {
            string? disposition = null;
            var isEncoded = false;
            foreach (var line in text.Split("\r\n"))
            {
                var colon = line.IndexOf(':', StringComparison.Ordinal);
                if (colon <= 0 || line.AsSpan(0, colon).ContainsAny(" \t\r\n") || line.AsSpan(colon).ContainsAny('\r', '\n', '\0'))
                {
                    return Wrong("has a header that cannot be read");
                }

                var name = line.AsSpan(0, colon);
                if (name.Equals("content-disposition", StringComparison.OrdinalIgnoreCase))
                {
                    if (disposition is not null)
                    {
                        return Wrong("has two headers content-disposition");
                    }

                    disposition = line[(colon + 1)..];
                }

                isEncoded |= name.Equals("content-transfer-encoding", StringComparison.OrdinalIgnoreCase);
            }

            return disposition is null ? Wrong("has no header content-disposition") : OfDisposition(disposition, isEncoded);
        }

        private static PartHeaders OfDisposition(string disposition, bool isEncoded)
        {
            string? name = null;
            var isFile = false;
            var rest = disposition.AsSpan();
            if (!Next(ref rest).Trim().Equals("form-data", StringComparison.OrdinalIgnoreCase))
            {
                return Wrong("is not of content-disposition form-data");
            }

            while (!rest.IsEmpty)
            {
                var parameter = Next(ref rest).Trim();
                var equals = parameter.IndexOf('=');
                var key = (equals < 0 ? parameter : parameter[..equals]).Trim();
                isFile |= key.StartsWith("filename", StringComparison.OrdinalIgnoreCase);
                if (!key.StartsWith("name", StringComparison.OrdinalIgnoreCase))
                {
                    continue;
                }

                var value = equals < 0 ? default : parameter[(equals + 1)..].Trim();
                if (name is not null || key.Length != "name".Length || value.Length == 0 || value.Contains('\\'))
                {
                    return Wrong("does not have one plain name");
                }

                name = value is ['"', .., '"'] and { Length: > 1 } ? value[1..^1].ToString() : value.ToString();
            }

            return name is null || name.Contains('"', StringComparison.Ordinal) ? Wrong("does not have one plain name") : new PartHeaders(name, isFile, isEncoded, null);
        }

        /// <summary>Up to the next semicolon that is not inside quotes.</summary>
        private static ReadOnlySpan<char> Next(ref ReadOnlySpan<char> rest)
        {
            var isQuoted = false;
            for (var i = 0; i < rest.Length; i++)
            {
                switch (rest[i])
                {
                    case '\\' when isQuoted:
                        i++;
                        break;
                    case '"':
                        isQuoted = !isQuoted;
                        break;
                    case ';' when !isQuoted:
                        var next = rest[..i];
                        rest = rest[(i + 1)..];
                        return next;
                }
            }

            var last = rest;
            rest = default;
            return last;
        }

        private static PartHeaders Wrong(string what) => new("", false, false, what);
    }
}
