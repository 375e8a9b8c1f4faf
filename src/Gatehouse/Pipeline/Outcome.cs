namespace Gatehouse.Pipeline;

/// <summary>What a step of the pipeline returns: go on, or refuse with an error. The default value goes on.</summary>
internal readonly record struct Outcome(GatewayError? Error)
{
    public static Outcome Continue => default;

    public bool Continues => Error is null;

    public static implicit operator Outcome(GatewayError error) => new(error);
}
