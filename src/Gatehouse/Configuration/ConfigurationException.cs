namespace Gatehouse.Configuration;

/// <summary>A configuration that cannot be started with, every mistake with its key and line.</summary>
internal sealed class ConfigurationException(IReadOnlyList<string> errors) : Exception(string.Join('\n', errors))
{
    public IReadOnlyList<string> Errors { get; } = errors;

    public static void ThrowIfAny(LoadedConfiguration loaded, TimeProvider time, Random random, Func<string, string?> variable)
    {
        _ = new SnapshotCompiler(loaded.Errors, time, random, variable).Compile(loaded.Options, storedKeys: [], previous: null);
        if (loaded.Errors.Any)
        {
            throw new ConfigurationException(loaded.Errors.Messages);
        }
    }
}
