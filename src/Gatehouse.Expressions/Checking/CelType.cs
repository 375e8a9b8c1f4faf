namespace Gatehouse.Expressions;

/// <summary>What a value is declared or found to be before anything is evaluated.</summary>
public sealed record CelType
{
    /// <summary>A type of more parts than this is dyn: nobody writes one, but a hostile source could make one without end.</summary>
    private const int MaxParts = 200;

    private static readonly CelType[] NoParameters = [];

    private readonly int _parts = 1;

    private CelType(CelTypeKind kind, string name, params CelType[] parameters)
    {
        TypeKind = kind;
        Name = name;
        Parameters = parameters;
        foreach (var parameter in parameters)
        {
            _parts += parameter._parts;
        }
    }

    public static CelType Null { get; } = new(CelTypeKind.Null, "null_type");

    public static CelType Bool { get; } = new(CelTypeKind.Bool, "bool");

    public static CelType Int { get; } = new(CelTypeKind.Int, "int");

    public static CelType UInt { get; } = new(CelTypeKind.UInt, "uint");

    public static CelType Double { get; } = new(CelTypeKind.Double, "double");

    public static CelType String { get; } = new(CelTypeKind.String, "string");

    public static CelType Bytes { get; } = new(CelTypeKind.Bytes, "bytes");

    public static CelType Timestamp { get; } = new(CelTypeKind.Timestamp, "timestamp");

    public static CelType Duration { get; } = new(CelTypeKind.Duration, "duration");

    /// <summary>Known at run time only.</summary>
    public static CelType Dyn { get; } = new(CelTypeKind.Dyn, "dyn");

    /// <summary>The type of <c>int</c>, <c>type(x)</c> and the like.</summary>
    public static CelType Type { get; } = new(CelTypeKind.Type, "type");

    /// <summary>The element of a list, key and value of a map, what an optional holds; otherwise empty.</summary>
    public IReadOnlyList<CelType> Parameters { get; }

    internal CelTypeKind TypeKind { get; }

    /// <summary>The name of the type without its parameters.</summary>
    public string Name { get; }

    internal bool IsDyn => TypeKind == CelTypeKind.Dyn;

    /// <summary>The kind that values of this type have at run time; none where several are possible.</summary>
    internal CelKind? RuntimeKind => TypeKind switch
    {
        CelTypeKind.Null => CelKind.Null,
        CelTypeKind.Bool => CelKind.Bool,
        CelTypeKind.Int => CelKind.Int,
        CelTypeKind.UInt => CelKind.UInt,
        CelTypeKind.Double => CelKind.Double,
        CelTypeKind.String => CelKind.String,
        CelTypeKind.Bytes => CelKind.Bytes,
        CelTypeKind.Timestamp => CelKind.Timestamp,
        CelTypeKind.Duration => CelKind.Duration,
        CelTypeKind.List => CelKind.List,
        CelTypeKind.Map => CelKind.Map,
        CelTypeKind.Type => CelKind.Type,
        CelTypeKind.Abstract when Name == "optional_type" => CelKind.Optional,
        _ => null,
    };

    public static CelType ListOf(CelType element) => Make(CelTypeKind.List, "list", element);

    public static CelType MapOf(CelType key, CelType value) => Make(CelTypeKind.Map, "map", key, value);

    public static CelType OptionalOf(CelType value) => Abstract("optional_type", value);

    internal static CelType Abstract(string name, params CelType[] parameters) => Make(CelTypeKind.Abstract, name, parameters);

    /// <summary>A type parameter of an overload, or a variable of the checker.</summary>
    internal static CelType Parameter(string name) => new(CelTypeKind.Parameter, name, NoParameters);

    internal CelType WithParameters(CelType[] parameters) => Make(TypeKind, Name, parameters);

    private static CelType Make(CelTypeKind kind, string name, params CelType[] parameters)
    {
        var type = new CelType(kind, name, parameters);
        return type._parts > MaxParts ? Dyn : type;
    }

    public bool Equals(CelType? other) =>
        other is not null && TypeKind == other.TypeKind && Name == other.Name && Parameters.SequenceEqual(other.Parameters);

    public override int GetHashCode() => HashCode.Combine(TypeKind, Name, Parameters.Count);

    public override string ToString() => Parameters.Count == 0 ? Name : $"{Name}({string.Join(", ", Parameters)})";
}

internal enum CelTypeKind
{
    Null,
    Bool,
    Int,
    UInt,
    Double,
    String,
    Bytes,
    Timestamp,
    Duration,
    Dyn,
    Type,
    List,
    Map,
    Abstract,
    Parameter,
}
