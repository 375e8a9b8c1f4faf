using System.Diagnostics;
using System.Globalization;

namespace Gatehouse.Tests.Harness;

/// <summary>A file system of its own that can be full, and be given room again.</summary>
internal sealed class SmallDisk : IDisposable
{
    private const int Megabytes = 16;
    private readonly TemporaryFolder _folder = new();

    private SmallDisk()
    {
    }

    public string Path => _folder.Path;

    private string Filler => System.IO.Path.Combine(Path, "filler");

    /// <summary>Needs the right to mount (root).</summary>
    public static SmallDisk Mount()
    {
        var disk = new SmallDisk();
        if (!Run("mount", "-t", "tmpfs", "-o", string.Create(CultureInfo.InvariantCulture, $"size={Megabytes}m"), "gatehouse-test", disk.Path))
        {
            disk._folder.Dispose();
            Require.Present(isPresent: false, "the right to mount a small disk");
        }

        return disk;
    }

    /// <summary>Fills the disk up to so many bytes.</summary>
    public void Fill(long leave)
    {
        using var file = new FileStream(Filler, FileMode.Append);
        file.Write(new byte[new DriveInfo(Path).AvailableFreeSpace - leave]);
    }

    public void MakeRoom() => File.Delete(Filler);

    public void Dispose()
    {
        Assert.True(Run("umount", Path), $"{Path} could not be unmounted");
        _folder.Dispose();
    }

    private static bool Run(string program, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardError = true })!;
            _ = process.StandardError.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}
