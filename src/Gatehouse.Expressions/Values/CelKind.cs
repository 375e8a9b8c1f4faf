namespace Gatehouse.Expressions;

/// <summary>What a value is at run time.</summary>
public enum CelKind
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
    List,
    Map,
    Type,
    Optional,
}
