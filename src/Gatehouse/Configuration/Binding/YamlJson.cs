using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Gatehouse.Configuration.Binding;

/// <summary>
/// A value of any shape, as JSON. What a plain scalar means is decided by YAML's core schema (YAML 1.2.2, 10.3.2), after variables have been put in;
/// a quoted one is a text.
/// </summary>
internal sealed partial class YamlJson(ConfigurationErrors errors, Func<string, string, string?> expand)
{
    private const int MaxDepth = 64;

    /// <summary>Bytes. A few lines of YAML can stand for gigabytes, by anchors that name one another.</summary>
    private const int MaxLength = 1 << 20;

    private const string TextTag = "tag:yaml.org,2002:str";

    private static readonly JsonWriterOptions WriterOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <returns>Null after a mistake.</returns>
    public JsonElement? Read(YamlNode node, string path)
    {
        var output = new ArrayBufferWriter<byte>();
        using var writer = new Utf8JsonWriter(output, WriterOptions);
        if (!Write(writer, node, path, depth: 0))
        {
            return null;
        }

        writer.Flush();
        return JsonElement.Parse(output.WrittenSpan);
    }

    private bool Write(Utf8JsonWriter writer, YamlNode node, string path, int depth)
    {
        errors.Locate(path, node.Start.Line);
        if (depth > MaxDepth || writer.BytesCommitted + writer.BytesPending > MaxLength)
        {
            errors.Add(path, depth > MaxDepth ? $"is nested more than {MaxDepth} levels deep" : $"is longer than {new ByteSize(MaxLength)}");
            return false;
        }

        return node switch
        {
            YamlMappingNode mapping => WriteMapping(writer, mapping, path, depth),
            YamlSequenceNode sequence => WriteSequence(writer, sequence, path, depth),
            _ => WriteScalar(writer, (YamlScalarNode)node, path),
        };
    }

    private bool WriteMapping(Utf8JsonWriter writer, YamlMappingNode mapping, string path, int depth)
    {
        writer.WriteStartObject();
        foreach (var (key, value) in mapping.Children)
        {
            if (key is not YamlScalarNode { Value: { } name })
            {
                errors.Add(path, "has a key that is no text");
                return false;
            }

            writer.WritePropertyName(name);
            if (!Write(writer, value, $"{path}.{name}", depth + 1))
            {
                return false;
            }
        }

        writer.WriteEndObject();
        return true;
    }

    private bool WriteSequence(Utf8JsonWriter writer, YamlSequenceNode sequence, string path, int depth)
    {
        writer.WriteStartArray();
        for (var i = 0; i < sequence.Children.Count; i++)
        {
            if (!Write(writer, sequence.Children[i], $"{path}[{i}]", depth + 1))
            {
                return false;
            }
        }

        writer.WriteEndArray();
        return true;
    }

    private bool WriteScalar(Utf8JsonWriter writer, YamlScalarNode scalar, string path)
    {
        if (expand(scalar.Value ?? "", path) is not { } text)
        {
            return false;
        }

        if (scalar.Style != ScalarStyle.Plain || (!scalar.Tag.IsEmpty && scalar.Tag.Value == TextTag))
        {
            writer.WriteStringValue(text);
            return true;
        }

        switch (text)
        {
            case "" or "~" or "null" or "Null" or "NULL":
                writer.WriteNullValue();
                return true;
            case "true" or "True" or "TRUE":
                writer.WriteBooleanValue(value: true);
                return true;
            case "false" or "False" or "FALSE":
                writer.WriteBooleanValue(value: false);
                return true;
        }

        if (NotFinite.IsMatch(text))
        {
            errors.Add(path, $"'{text}' cannot be said in JSON");
            return false;
        }

        if (NumberOf(text) is { } number)
        {
            writer.WriteRawValue(number);
        }
        else
        {
            writer.WriteStringValue(text);
        }

        return true;
    }

    /// <summary>With all its digits, as JSON writes it: neither a sign nor zeros in front, and digits on both sides of the point.</summary>
    private static string? NumberOf(string text)
    {
        if (OctalOrHex.Match(text) is { Success: true } based)
        {
            var isHex = based.Groups["hex"].Success;
            var digits = based.Groups[isHex ? "hex" : "octal"].Value;
            return digits.Aggregate(System.Numerics.BigInteger.Zero, (sum, digit) => (sum * (isHex ? 16 : 8)) + Convert.ToInt32($"{digit}", 16)).ToString(System.Globalization.CultureInfo.InvariantCulture);
        }

        if (Number.Match(text) is not { Success: true } match)
        {
            return null;
        }

        var integer = match.Groups["integer"].Value.TrimStart('0');
        var fraction = match.Groups["fraction"].Value;
        return (match.Groups["sign"].Value == "-" ? "-" : "")
            + (integer.Length == 0 ? "0" : integer)
            + (fraction.Length == 0 ? "" : $".{fraction}")
            + match.Groups["exponent"].Value;
    }

    [GeneratedRegex(@"^(?<sign>[-+]?)(?:(?<integer>[0-9]+)(?:\.(?<fraction>[0-9]*))?|\.(?<fraction>[0-9]+))(?<exponent>[eE][-+]?[0-9]+)?\z", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Number { get; }

    [GeneratedRegex(@"^(0o(?<octal>[0-7]+)|0x(?<hex>[0-9a-fA-F]+))\z", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex OctalOrHex { get; }

    [GeneratedRegex(@"^([-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))\z", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex NotFinite { get; }
}
