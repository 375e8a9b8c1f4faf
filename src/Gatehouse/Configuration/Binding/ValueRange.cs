namespace Gatehouse.Configuration.Binding;

/// <summary>Ranges of values: what lies outside is a mistake of the file, not an exception of the part that is given the value.</summary>
internal static class ValueRange
{
    /// <summary>Timers of the runtime take at most 49.7 days, and a connection's limit 24.8.</summary>
    public static readonly TimeSpan LongestDuration = TimeSpan.FromDays(24);

    public static void CheckDuration(this ConfigurationErrors errors, string path, TimeSpan value, bool canBeZero = false)
    {
        if (value < TimeSpan.Zero || (value == TimeSpan.Zero && !canBeZero))
        {
            errors.Add(path, "must be longer than zero");
        }
        else if (value > LongestDuration)
        {
            errors.Add(path, $"must be at most {Duration.Format(LongestDuration)}");
        }
    }

    public static void CheckSize(this ConfigurationErrors errors, string path, ByteSize value, ByteSize least, ByteSize most)
    {
        if (value.Bytes < least.Bytes)
        {
            errors.Add(path, least.Bytes == 1 ? "must be greater than zero" : $"must be at least {least}");
        }
        else if (value.Bytes > most.Bytes)
        {
            errors.Add(path, $"must be at most {most}");
        }
    }

    public static void CheckNumber(this ConfigurationErrors errors, string path, int value, int least, int most)
    {
        if (value < least)
        {
            errors.Add(path, $"must be at least {least}");
        }
        else if (value > most)
        {
            errors.Add(path, $"must be at most {most}");
        }
    }
}
