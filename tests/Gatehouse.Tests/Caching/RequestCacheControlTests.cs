using Gatehouse.Caching;
using Microsoft.AspNetCore.Http;

namespace Gatehouse.Tests.Caching;

public sealed class RequestCacheControlTests
{
    [Theory]
    [InlineData("no-cache", true, false, false, null)]
    [InlineData("No-Cache", true, false, false, null)]
    [InlineData("no-cache=\"x\"", true, false, false, null)]
    [InlineData("no-store", false, true, false, null)]
    [InlineData("only-if-cached", false, false, true, null)]
    [InlineData("max-age=60", false, false, false, 60L)]
    [InlineData("max-age=0", false, false, false, 0L)]
    [InlineData("max-age=\"60\"", false, false, false, 60L)]
    [InlineData(" max-age = 60 , no-store ", false, true, false, 60L)]
    [InlineData("max-age=60, max-age=30, max-age=90", false, false, false, 30L)]
    [InlineData("max-age=99999999999999999999", false, false, false, 2147483648L)]
    [InlineData("max-age", false, false, false, null)]
    [InlineData("max-age=", false, false, false, null)]
    [InlineData("max-age=-1", false, false, false, null)]
    [InlineData("max-age=1.5", false, false, false, null)]
    [InlineData("max-age=ten", false, false, false, null)]
    [InlineData("no-cachex, xno-store, ,,=,\"", false, false, false, null)]
    [InlineData("max-stale=100, private, must-revalidate", false, false, false, null)]
    public void Directives_are_read_and_those_without_meaning_ignored(string header, bool noCache, bool noStore, bool onlyIfCached, long? maxAge)
    {
        var control = RequestCacheControl.Read(new HeaderDictionary { ["cache-control"] = header });

        Assert.Equal((noCache, noStore, onlyIfCached, maxAge), (control.NoCache, control.NoStore, control.OnlyIfCached, (long?)control.MaxAge?.TotalSeconds));
    }

    [Fact]
    public void Several_headers_are_one() => Assert.Equal(
        (true, TimeSpan.FromSeconds(5)),
        RequestCacheControl.Read(new HeaderDictionary { ["cache-control"] = new(["no-cache", "min-fresh=5"]) }) is var control ? (control.NoCache, control.MinFresh) : default);

    [Fact]
    public void Pragma_counts_where_there_is_no_cache_control()
    {
        Assert.True(RequestCacheControl.Read(new HeaderDictionary { ["pragma"] = "no-cache" }).NoCache);
        Assert.False(RequestCacheControl.Read(new HeaderDictionary { ["pragma"] = "no-cache", ["cache-control"] = "max-age=5" }).NoCache);
    }
}
