namespace Gatehouse.Tests.Harness;

/// <summary>An empty folder that is deleted afterwards.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("gatehouse-test-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
