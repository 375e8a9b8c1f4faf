using System.Text.Json.Serialization;

namespace Gatehouse.Bench;

/// <summary>One line of the results file that run.sh writes. Times are in microseconds unless a name says otherwise.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
[JsonDerivedType(typeof(RequestLoad), "requests")]
[JsonDerivedType(typeof(RouteLoad), "routes")]
[JsonDerivedType(typeof(LimitLoad), "limits")]
[JsonDerivedType(typeof(CacheLoad), "cache")]
[JsonDerivedType(typeof(StreamLoad), "streams")]
[JsonDerivedType(typeof(Memory), "memory")]
[JsonDerivedType(typeof(Idle), "idle")]
internal abstract record Measurement(string Target);

/// <summary>Load of one target at one number of connections in one round.</summary>
internal abstract record Load(
    string Target, int Connections, int Round, long Requests, double Seconds, double P50Us, double P99Us, long CpuUs)
    : Measurement(Target)
{
    public double PerSecond => Requests / Seconds;

    public double CpuUsEach => (double)CpuUs / Requests;
}

/// <summary>JSON answers, measured by wrk.</summary>
internal sealed record RequestLoad(
    string Target, int Connections, int Round, long Requests, double Seconds, double P50Us, double P99Us, long CpuUs)
    : Load(Target, Connections, Round, Requests, Seconds, P50Us, P99Us, CpuUs);

/// <summary>JSON answers of the gateway by ways of routing; <see cref="Measurement.Target"/> is the way.</summary>
internal sealed record RouteLoad(
    string Target, int Connections, int Round, long Requests, double Seconds, double P50Us, double P99Us, long CpuUs)
    : Load(Target, Connections, Round, Requests, Seconds, P50Us, P99Us, CpuUs);

/// <summary>JSON answers of the gateway on a route that keeps them; <see cref="Measurement.Target"/> is what the cache said, or <c>none</c> for a route without.</summary>
internal sealed record CacheLoad(
    string Target, int Connections, int Round, long Requests, double Seconds, double P50Us, double P99Us, long CpuUs)
    : Load(Target, Connections, Round, Requests, Seconds, P50Us, P99Us, CpuUs);

/// <summary>JSON answers of the gateway by a key with limits and by one without; <see cref="Measurement.Target"/> is <c>limited</c> or <c>unlimited</c>.</summary>
internal sealed record LimitLoad(
    string Target, int Connections, int Round, long Requests, double Seconds, double P50Us, double P99Us, long CpuUs)
    : Load(Target, Connections, Round, Requests, Seconds, P50Us, P99Us, CpuUs);

/// <summary>Streams of 64 frames: P50 and P99 are of the time to the first content frame.</summary>
internal sealed record StreamLoad(
    string Target, int Connections, int Round, long Requests, double Seconds, double P50Us, double P99Us, long CpuUs,
    double TotalP50Us, double TotalP99Us)
    : Load(Target, Connections, Round, Requests, Seconds, P50Us, P99Us, CpuUs);

/// <summary>Resident memory of a target in KiB: the peak since its start, and after the load.</summary>
internal sealed record Memory(string Target, long PeakKb, long RssKb) : Measurement(Target);

/// <summary>Resident memory in KiB before and with <see cref="Open"/> idle streams.</summary>
internal sealed record Idle(string Target, int Open, long BeforeKb, long AfterKb, long PeakKb) : Measurement(Target);
