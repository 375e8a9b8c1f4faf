using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests.Compatibility;

public sealed class CompatibilityPageTests
{
    [Fact]
    public async Task The_page_says_what_the_tests_demand()
    {
        var path = Path.Combine(Repository.Root, "docs", "compatibility.md");
        var page = CompatibilityPage.Write();
        if (Environment.GetEnvironmentVariable("GATEHOUSE_WRITE_DOCS") == "1")
        {
            await File.WriteAllTextAsync(path, page, TestContext.Current.CancellationToken);
        }

        Assert.Equal(page, (await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken)).ReplaceLineEndings("\n"));
    }
}
