using Gatehouse.Caching;
using Gatehouse.Tests.Harness;
using Microsoft.Extensions.Logging.Abstractions;

namespace Gatehouse.Tests.Caching;

public sealed class DiskTierTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly ManualTime _time = new();

    private string File => Path.Combine(_folder.Path, "x.cache.db");

    [Fact]
    public async Task Entries_come_back_after_a_restart_as_they_were()
    {
        var entry = MemoryTierTests.Entry("a", 3000) with { Body = [1, 2, 3], IsEventStream = true, ContentType = "text/event-stream" };
        using (var disk = Open())
        {
            disk.Write(entry);
        }

        using var again = Open();
        Assert.True(again.MayHave(entry.Key));
        Assert.Equal((1, entry.Size), (again.Count, again.Bytes));
        var read = (await again.ReadAsync(entry.Key))!;
        Assert.Equal(entry with { Body = read.Body, Dropped = read.Dropped }, read);
        Assert.Equal(entry.Body, read.Body);
        Assert.Equal(entry.Dropped, read.Dropped);
        Assert.False(again.MayHave(MemoryTierTests.KeyOf("b")));
        Assert.Null(await again.ReadAsync(MemoryTierTests.KeyOf("b")));
    }

    [Fact]
    public async Task It_takes_no_more_than_its_limit_and_the_oldest_go()
    {
        using var disk = Open(limit: 1 << 20);
        for (var i = 0; i < 400; i++)
        {
            disk.Write(MemoryTierTests.Entry($"{i}", 10_000));
        }

        await disk.FlushAsync();
        Assert.InRange(disk.Bytes, 900_000, 1 << 20);
        Assert.Null(await disk.ReadAsync(MemoryTierTests.KeyOf("0")));
        Assert.NotNull(await disk.ReadAsync(MemoryTierTests.KeyOf("399")));
        Assert.InRange(new FileInfo(File).Length, 0, 5 << 20);

        disk.Configure(100_000);
        await disk.FlushAsync();
        Assert.InRange(disk.Bytes, 1, 100_000);
        Assert.InRange(new FileInfo(File).Length, 0, 400_000);
    }

    [Fact]
    public async Task What_is_not_good_any_more_goes()
    {
        using var disk = Open();
        disk.Write(MemoryTierTests.Entry("a", 1000, at: _time.GetUtcNow()));
        await disk.FlushAsync();
        Assert.Equal(1, disk.Count);

        _time.Advance(TimeSpan.FromMinutes(11));
        disk.Write(MemoryTierTests.Entry("b", 1000, at: _time.GetUtcNow()));
        await disk.FlushAsync();
        Assert.Equal(1, disk.Count);
        Assert.False(disk.MayHave(MemoryTierTests.KeyOf("a")));
    }

    [Fact]
    public async Task What_is_purged_or_forgotten_does_not_come_back()
    {
        using (var disk = Open())
        {
            disk.Write(MemoryTierTests.Entry("a", 1000, route: "one"));
            disk.Write(MemoryTierTests.Entry("b", 1000, route: "one", key: "key_2"));
            disk.Write(MemoryTierTests.Entry("c", 1000, route: "two"));
            disk.Write(MemoryTierTests.Entry("d", 1000, route: "two"));
            await disk.FlushAsync();
            Assert.Equal(1, await disk.PurgeAsync(new CachePurge("one", "key_2", null)));
            Assert.Equal(0, await disk.PurgeAsync(new CachePurge(null, null, "x")));
            disk.Forget(MemoryTierTests.KeyOf("c"));
            Assert.Null(disk.MayHave(MemoryTierTests.KeyOf("c")) ? "still there" : null);
        }

        using var again = Open();
        Assert.Equal(2, again.Count);
        Assert.Equal([("one", 1L, 1512L), ("two", 1L, 1512L)], await again.CountByRouteAsync());
        Assert.Equal(2, await again.PurgeAsync(new CachePurge(null, null, null)));
        Assert.Equal((0, 0L), (again.Count, again.Bytes));
    }

    [Theory]
    [InlineData("text")]
    [InlineData("half")]
    [InlineData("version")]
    public async Task A_file_that_cannot_be_read_is_made_anew(string damage)
    {
        using (var disk = Open())
        {
            for (var i = 0; i < 50; i++)
            {
                disk.Write(MemoryTierTests.Entry($"{i}", 10_000));
            }
        }

        Damage(damage);
        using var again = Open();
        again.Write(MemoryTierTests.Entry("new", 1000));
        await again.FlushAsync();
        Assert.NotNull(await again.ReadAsync(MemoryTierTests.KeyOf("new")));
        if (damage != "half")
        {
            Assert.Equal(1, again.Count);
        }
    }

    [Fact]
    public async Task A_file_that_breaks_while_it_is_used_is_made_anew()
    {
        using var disk = Open();
        for (var i = 0; i < 200; i++)
        {
            disk.Write(MemoryTierTests.Entry($"{i}", 10_000));
        }

        await disk.FlushAsync();
        using (var file = new FileStream(File, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite))
        {
            file.Write(new byte[file.Length]);
        }

        for (var i = 0; i < 200; i++)
        {
            _ = await disk.ReadAsync(MemoryTierTests.KeyOf($"{i}"));
        }

        await disk.FlushAsync();
        disk.Write(MemoryTierTests.Entry("new", 1000));
        await disk.FlushAsync();
        disk.Write(MemoryTierTests.Entry("new", 1000));
        await disk.FlushAsync();
        Assert.NotNull(await disk.ReadAsync(MemoryTierTests.KeyOf("new")));
    }

    [Fact]
    public void Only_its_owner_may_read_it()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("Windows has no such permissions.");
            return;
        }

        using var disk = Open();
        foreach (var file in (string[])[File, File + "-wal"])
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, System.IO.File.GetUnixFileMode(file));
        }
    }

    public void Dispose() => _folder.Dispose();

    private DiskTier Open(long limit = 1 << 30) => new(File, limit, _time, NullLogger.Instance);

    private void Damage(string how)
    {
        switch (how)
        {
            case "text":
                System.IO.File.WriteAllText(File, "this is no database, but it is long enough to be looked at as one: " + new string('x', 5000));
                break;
            case "half":
                using (var file = new FileStream(File, FileMode.Open))
                {
                    file.SetLength(file.Length / 2);
                }

                break;
            default:
                // The user_version of the header.
                using (var file = new FileStream(File, FileMode.Open))
                {
                    file.Position = 60;
                    file.Write([0, 0, 0, 99]);
                }

                break;
        }
    }
}
