namespace Gatehouse.Expressions;

/// <summary>The names that <c>type()</c> gives.</summary>
internal static class TypeNames
{
    public const string Timestamp = "google.protobuf.Timestamp";
    public const string Duration = "google.protobuf.Duration";

    public static string Of(in CelValue value) => Of(value.Kind);

    public static string Of(CelKind kind) => kind switch
    {
        CelKind.Null => "null_type",
        CelKind.Bool => "bool",
        CelKind.Int => "int",
        CelKind.UInt => "uint",
        CelKind.Double => "double",
        CelKind.String => "string",
        CelKind.Bytes => "bytes",
        CelKind.Timestamp => Timestamp,
        CelKind.Duration => Duration,
        CelKind.List => "list",
        CelKind.Map => "map",
        CelKind.Type => "type",
        CelKind.Optional => "optional_type",
        _ => "error",
    };
}
