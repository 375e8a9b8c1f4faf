using System.Globalization;
using System.Text.Json;

namespace Gatehouse.Expressions.Tests.Conformance;

/// <summary>Values and types of the corpus: the JSON form of cel.expr.Value and cel.expr.Type.</summary>
internal static class CorpusValues
{
    public static CelValue ReadValue(JsonElement value)
    {
        var member = value.EnumerateObject().Single();
        return member.Name switch
        {
            "nullValue" => CelValue.Null,
            "boolValue" => CelValue.From(member.Value.GetBoolean()),
            "int64Value" => CelValue.From(long.Parse(member.Value.GetString()!, CultureInfo.InvariantCulture)),
            "uint64Value" => CelValue.From(ulong.Parse(member.Value.GetString()!, CultureInfo.InvariantCulture)),
            "doubleValue" => CelValue.From(ReadDouble(member.Value)),
            "stringValue" => CelValue.From(member.Value.GetString()!),
            "bytesValue" => CelValue.From(member.Value.GetBytesFromBase64()),
            "typeValue" => CelValue.FromType(member.Value.GetString()!),
            "listValue" => CelValue.From(CelList.Of([.. Items(member.Value, "values").Select(ReadValue)])),
            "mapValue" => CelValue.From(CelMap.Of(Items(member.Value, "entries").Select(entry =>
                KeyValuePair.Create(ReadValue(entry.GetProperty("key")), ReadValue(entry.GetProperty("value")))))),
            "objectValue" => ReadTime(member.Value),
            var other => throw new InvalidDataException($"A value of the corpus is {other}."),
        };
    }

    /// <summary>Equal, and of one type all the way down: a condition that gives 1u where 1 is expected fails.</summary>
    public static bool AreSame(CelValue left, CelValue right)
    {
        if (left.Kind != right.Kind)
        {
            return false;
        }

        return left.Kind switch
        {
            CelKind.List => left.AsList().Count == right.AsList().Count
                && Enumerable.Range(0, left.AsList().Count).All(i => AreSame(left.AsList()[i], right.AsList()[i])),
            CelKind.Map => left.AsMap().Count == right.AsMap().Count
                && left.AsMap().Keys.All(key => left.AsMap().TryGetValue(key, out var mine) && right.AsMap().TryGetValue(key, out var other) && AreSame(mine, other)),
            _ => left == right,
        };
    }

    public static CelType ReadType(JsonElement type)
    {
        var member = type.EnumerateObject().Single();
        return member.Name switch
        {
            "primitive" => member.Value.GetString() switch
            {
                "BOOL" => CelType.Bool,
                "INT64" => CelType.Int,
                "UINT64" => CelType.UInt,
                "DOUBLE" => CelType.Double,
                "STRING" => CelType.String,
                _ => CelType.Bytes,
            },
            "null" => CelType.Null,
            "dyn" => CelType.Dyn,
            "typeParam" => CelType.Parameter(member.Value.GetString()!),
            "listType" => CelType.ListOf(ReadType(member.Value.GetProperty("elemType"))),
            "mapType" => CelType.MapOf(ReadType(member.Value.GetProperty("keyType")), ReadType(member.Value.GetProperty("valueType"))),
            "abstractType" => CelType.Abstract(
                member.Value.GetProperty("name").GetString()!, [.. Items(member.Value, "parameterTypes").Select(ReadType)]),
            "messageType" when member.Value.GetString() == "google.protobuf.Duration" => CelType.Duration,
            "messageType" when member.Value.GetString() == "google.protobuf.Timestamp" => CelType.Timestamp,
            var other => throw new InvalidDataException($"A type of the corpus is {other}."),
        };
    }

    public static IEnumerable<JsonElement> Items(JsonElement parent, string property) =>
        parent.TryGetProperty(property, out var items) ? items.EnumerateArray() : [];

    private static double ReadDouble(JsonElement value) => value.ValueKind == JsonValueKind.Number
        ? value.GetDouble()
        : value.GetString() switch
        {
            "Infinity" => double.PositiveInfinity,
            "-Infinity" => double.NegativeInfinity,
            _ => double.NaN,
        };

    private static CelValue ReadTime(JsonElement message)
    {
        var text = message.GetProperty("value").GetString()!;
        return TimeText.TryParseDuration(text, out var duration) || TimeText.TryParseTimestamp(text, out duration)
            ? duration
            : throw new InvalidDataException($"A message of the corpus is {message}.");
    }
}
