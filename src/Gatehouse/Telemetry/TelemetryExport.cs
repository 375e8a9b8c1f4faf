using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Gatehouse.Telemetry;

/// <summary>
/// Aggregates the metrics once, for <c>/metrics</c> and for OTLP; exports traces over OTLP. OTLP is on when
/// <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> is set, and takes the other <c>OTEL_*</c> variables of the specification.
/// </summary>
internal sealed class TelemetryExport : IDisposable
{
    /// <summary>Label combinations of one metric; what comes after them is counted together.</summary>
    private const int CardinalityLimit = 2000;

    private readonly MeterProvider _meters;
    private readonly TracerProvider? _traces;

    public TelemetryExport(GatewayMetrics metrics, PrometheusExporter prometheus, Func<string, string?> environment)
    {
        var isOtlp = !string.IsNullOrEmpty(environment("OTEL_EXPORTER_OTLP_ENDPOINT"));
        var resource = ResourceBuilder.CreateDefault().AddService("gatehouse", serviceVersion: typeof(TelemetryExport).Assembly.GetName().Version?.ToString(3));
        var meters = Sdk.CreateMeterProviderBuilder()
            .SetResourceBuilder(resource)
            .AddMeter(GatewayMetrics.MeterName)
            .AddView(instrument => !metrics.Owns(instrument) ? MetricStreamConfiguration.Drop : new ExplicitBucketHistogramConfiguration
            {
                Boundaries = instrument.Name switch
                {
                    "gatehouse.exchange.overhead" => GatewayMetrics.OverheadBounds,
                    "gen_ai.client.token.usage" => GatewayMetrics.TokenBounds,
                    _ => GatewayMetrics.DurationBounds,
                },
                CardinalityLimit = CardinalityLimit,
            }.For(instrument))
            .AddReader(prometheus.Reader);
        if (isOtlp)
        {
            _ = meters.AddOtlpExporter();
            _traces = Sdk.CreateTracerProviderBuilder()
                .SetResourceBuilder(resource)
                .AddSource(GatewayTraces.SourceName)
                .AddOtlpExporter()
                .Build();
        }

        _meters = meters.Build();
    }

    public void Dispose()
    {
        _traces?.Dispose();
        _meters.Dispose();
    }
}

file static class Views
{
    /// <summary>Bucket bounds mean nothing to an instrument that is no histogram.</summary>
    public static MetricStreamConfiguration For(this ExplicitBucketHistogramConfiguration configuration, System.Diagnostics.Metrics.Instrument instrument) =>
        instrument.GetType().Name.StartsWith("Histogram", StringComparison.Ordinal)
            ? configuration
            : new MetricStreamConfiguration { CardinalityLimit = configuration.CardinalityLimit };
}
