using System.Buffers.Binary;
using System.Text;

namespace Gatehouse.Tests.Harness;

/// <summary>As much of the protobuf wire format as OTLP needs: the fields of a message by their number.</summary>
internal sealed class ProtobufMessage
{
    private readonly List<(int Field, ulong Number, byte[] Bytes)> _fields = [];

    public ProtobufMessage(byte[] bytes)
    {
        for (var position = 0; position < bytes.Length;)
        {
            var tag = Varint(bytes, ref position);
            var field = (int)(tag >> 3);
            switch (tag & 7)
            {
                case 0:
                    _fields.Add((field, Varint(bytes, ref position), []));
                    break;
                case 1:
                    _fields.Add((field, BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(position)), []));
                    position += 8;
                    break;
                case 2:
                    var length = (int)Varint(bytes, ref position);
                    _fields.Add((field, 0, bytes[position..(position + length)]));
                    position += length;
                    break;
                case 5:
                    _fields.Add((field, BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(position)), []));
                    position += 4;
                    break;
                default:
                    throw new InvalidDataException($"wire type {tag & 7}");
            }
        }
    }

    public IEnumerable<ProtobufMessage> Messages(int field) => _fields.Where(f => f.Field == field).Select(f => new ProtobufMessage(f.Bytes));

    public string Text(int field) => Encoding.UTF8.GetString(_fields.First(f => f.Field == field).Bytes);

    public string Hex(int field) => Convert.ToHexStringLower(_fields.Where(f => f.Field == field).Select(f => f.Bytes).FirstOrDefault() ?? []);

    public ulong Number(int field) => _fields.First(f => f.Field == field).Number;

    /// <summary>OTLP's list of KeyValue, the values as text.</summary>
    public Dictionary<string, string> Attributes(int field) => Messages(field).ToDictionary(pair => pair.Text(1), pair => AnyValue(pair.Messages(2).Single()), StringComparer.Ordinal);

    private static string AnyValue(ProtobufMessage value) => value._fields[0] switch
    {
        (1, _, var text) => Encoding.UTF8.GetString(text),
        (2, var flag, _) => flag == 1 ? "true" : "false",
        (3, var number, _) => ((long)number).ToString(System.Globalization.CultureInfo.InvariantCulture),
        (4, var bits, _) => BitConverter.UInt64BitsToDouble(bits).ToString("R", System.Globalization.CultureInfo.InvariantCulture),
        (5, _, var list) => $"[{string.Join(',', new ProtobufMessage(list).Messages(1).Select(AnyValue))}]",
        var (field, _, _) => throw new InvalidDataException($"AnyValue with field {field}"),
    };

    private static ulong Varint(byte[] bytes, ref int position)
    {
        ulong value = 0;
        for (var shift = 0; ; shift += 7)
        {
            var part = bytes[position++];
            value |= (ulong)(part & 0x7f) << shift;
            if (part < 0x80)
            {
                return value;
            }
        }
    }
}
