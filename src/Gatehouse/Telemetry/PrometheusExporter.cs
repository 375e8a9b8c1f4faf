using System.Globalization;
using System.Text;
using OpenTelemetry;
using OpenTelemetry.Metrics;

namespace Gatehouse.Telemetry;

/// <summary>
/// Writes the aggregated metrics in the Prometheus text format 0.0.4, with the name translation of the OpenTelemetry specification
/// (dots become underscores, the unit and <c>_total</c> are appended).
/// </summary>
internal sealed class PrometheusExporter : IDisposable
{
    private readonly Lock _gate = new();
    private readonly Collector _collector = new();

    public PrometheusExporter()
    {
        Reader = new BaseExportingMetricReader(_collector) { TemporalityPreference = MetricReaderTemporalityPreference.Cumulative };
    }

    public MetricReader Reader { get; }

    public string Write()
    {
        lock (_gate)
        {
            _collector.Text.Clear();
            // Through the exporter: the reader refuses to collect for a pull exporter in any other way.
            _ = _collector.Collect!(Timeout.Infinite);
            return _collector.Text.ToString();
        }
    }

    public void Dispose() => Reader.Dispose();

    [ExportModes(ExportModes.Pull)]
    private sealed class Collector : BaseExporter<Metric>, IPullMetricExporter
    {
        public StringBuilder Text { get; } = new();

        public Func<int, bool>? Collect { get; set; }

        public override ExportResult Export(in Batch<Metric> batch)
        {
            foreach (var metric in batch)
            {
                PrometheusText.Write(Text, metric);
            }

            return ExportResult.Success;
        }
    }
}

/// <summary>One metric as text.</summary>
file static class PrometheusText
{
    public static void Write(StringBuilder text, Metric metric)
    {
        var isHistogram = metric.MetricType == MetricType.Histogram;
        var isCounter = metric.MetricType is MetricType.LongSum or MetricType.DoubleSum;
        var name = Name(metric, isCounter);
        if (metric.Description.Length > 0)
        {
            text.Append("# HELP ").Append(name).Append(' ').Append(metric.Description.Replace("\\", @"\\", StringComparison.Ordinal).ReplaceLineEndings(" ")).Append('\n');
        }

        text.Append("# TYPE ").Append(name).Append(isHistogram ? " histogram\n" : isCounter ? " counter\n" : " gauge\n");
        foreach (ref readonly var point in metric.GetMetricPoints())
        {
            var labels = Labels(point.Tags);
            if (isHistogram)
            {
                Histogram(text, name, labels, point);
            }
            else
            {
                Sample(text, name, labels, extraLabel: null, Value(metric.MetricType, point));
            }
        }
    }

    private static string Name(Metric metric, bool isCounter)
    {
        var unit = metric.Unit switch
        {
            "s" => "_seconds",
            _ => "",
        };
        return metric.Name.Replace('.', '_') + unit + (isCounter ? "_total" : "");
    }

    private static string Value(MetricType type, in MetricPoint point) => type switch
    {
        MetricType.LongSum or MetricType.LongSumNonMonotonic => Number(point.GetSumLong()),
        MetricType.DoubleSum or MetricType.DoubleSumNonMonotonic => Number(point.GetSumDouble()),
        MetricType.LongGauge => Number(point.GetGaugeLastValueLong()),
        MetricType.DoubleGauge => Number(point.GetGaugeLastValueDouble()),
        _ => throw new NotSupportedException($"metrics of type {type}"),
    };

    private static void Histogram(StringBuilder text, string name, string labels, in MetricPoint point)
    {
        var count = 0L;
        foreach (var bucket in point.GetHistogramBuckets())
        {
            count += bucket.BucketCount;
            var bound = double.IsPositiveInfinity(bucket.ExplicitBound) ? "+Inf" : Number(bucket.ExplicitBound);
            Sample(text, name + "_bucket", labels, $"le=\"{bound}\"", Number(count));
        }

        Sample(text, name + "_sum", labels, extraLabel: null, Number(point.GetHistogramSum()));
        Sample(text, name + "_count", labels, extraLabel: null, Number(count));
    }

    private static void Sample(StringBuilder text, string name, string labels, string? extraLabel, string value)
    {
        text.Append(name);
        if (labels.Length > 0 || extraLabel is not null)
        {
            text.Append('{').Append(labels).Append(labels.Length > 0 && extraLabel is not null ? "," : "").Append(extraLabel).Append('}');
        }

        text.Append(' ').Append(value).Append('\n');
    }

    private static string Labels(in ReadOnlyTagCollection tags)
    {
        var labels = new StringBuilder();
        foreach (var (key, value) in tags)
        {
            if (value is not null)
            {
                labels.Append(labels.Length > 0 ? "," : "").Append(key.Replace('.', '_')).Append("=\"").Append(Escape(value.ToString()!)).Append('"');
            }
        }

        return labels.ToString();
    }

    private static string Escape(string value) => value
        .Replace("\\", @"\\", StringComparison.Ordinal)
        .Replace("\"", "\\\"", StringComparison.Ordinal)
        .Replace("\n", "\\n", StringComparison.Ordinal);

    private static string Number(IFormattable value) => value.ToString(null, CultureInfo.InvariantCulture);
}
