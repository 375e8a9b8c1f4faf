using System.Formats.Tar;
using System.IO.Compression;

namespace Gatehouse.Tests.Harness;

/// <summary>
/// Recorded data beside the checkout. On a user's machine it may be absent, and its tests are skipped; in CI its absence is a failure.
/// </summary>
internal static class SharedData
{
    public static bool IsPresent(string archive) => File.Exists(PathOf(archive));

    /// <summary>All files of an archive of the shared data by their path.</summary>
    public static Dictionary<string, byte[]> Read(string archive)
    {
        var path = PathOf(archive);
        if (!IsPresent(archive))
        {
            Require.Present(false, $"the recorded data {archive}");
        }

        using var tar = new TarReader(new GZipStream(File.OpenRead(path), CompressionMode.Decompress));
        var files = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        while (tar.GetNextEntry() is { } entry)
        {
            if (entry.DataStream is { } data)
            {
                using var copy = new MemoryStream();
                data.CopyTo(copy);
                files[entry.Name] = copy.ToArray();
            }
        }

        return files;
    }

    private static string PathOf(string archive) => Path.Combine(Repository.Root, "..", "shared", "data", archive);
}

/// <summary>What a test needs and may not find: skipped on a user's machine, a failure in CI.</summary>
internal static class Require
{
    public static void Present(bool isPresent, string what)
    {
        if (!isPresent)
        {
            Assert.SkipUnless(IsCi, $"{what} is not on this machine");
            Assert.Fail($"{what} is missing, and CI must have it");
        }
    }

    private static bool IsCi => Environment.GetEnvironmentVariable("CI") == "true";
}

internal static class Repository
{
    /// <summary>The folder of Gatehouse.slnx.</summary>
    public static string Root { get; } = Find();

    private static string Find()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Gatehouse.slnx")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new InvalidOperationException("The tests do not run inside the repository.");
    }
}
