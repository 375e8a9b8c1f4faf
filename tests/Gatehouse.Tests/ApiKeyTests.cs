using Gatehouse.Configuration;
using Gatehouse.Configuration.Binding;
using Gatehouse.Identity;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests;

public sealed class ApiKeyTests
{
    [Theory]
    // FIPS 180-2, appendix B, and the empty text.
    [InlineData("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")]
    [InlineData("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1")]
    [InlineData("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    public void A_secret_is_kept_as_its_SHA_256(string secret, string hex)
    {
        Assert.Equal(hex, KeyHash.Of(secret).ToHex());
        Assert.Equal(KeyHash.FromHex(hex), KeyHash.Of(secret));
        Assert.Equal(KeyHash.FromHex(hex.ToUpperInvariant()).GetHashCode(), KeyHash.Of(secret).GetHashCode());
    }

    [Fact]
    public void Hashes_that_differ_in_any_one_byte_are_not_equal()
    {
        var bytes = Convert.FromHexString(KeyHash.Of("secret").ToHex());
        for (var i = 0; i < bytes.Length; i++)
        {
            var other = bytes.ToArray();
            other[i] ^= 1;
            Assert.NotEqual(KeyHash.Of("secret"), KeyHash.FromHex(Convert.ToHexString(other)));
        }
    }

    [Fact]
    public void What_is_longer_than_a_key_can_be_is_the_secret_of_no_key()
    {
        // Above all not that of the empty text: a configured key must not be met by any long header.
        foreach (var tooLong in new[] { new string('x', 1025), new string('\u4e16', 342), new string('x', 100_000) })
        {
            Assert.Equal(new string('0', 64), KeyHash.Of(tooLong).ToHex());
        }

        Assert.NotEqual(default, KeyHash.Of(new string('x', 1024)));
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("with space")]
    [InlineData("line\nbreak")]
    [InlineData("\u00e9")]
    public void A_secret_that_no_client_can_send_is_refused(string secret) => Assert.Contains(
        ErrorsOf(new KeyOptions { Name = "k", Secret = new Secret(secret) }), error => error.Contains("keys[0].secret", StringComparison.Ordinal));

    [Fact]
    public void A_secret_of_up_to_512_characters_is_taken()
    {
        Assert.Empty(ErrorsOf(new KeyOptions { Name = "k", Secret = new Secret(new string('x', 512)) }));
        Assert.NotEmpty(ErrorsOf(new KeyOptions { Name = "k", Secret = new Secret(new string('x', 513)) }));
    }

    [Theory]
    [InlineData("*", true, true, true)]
    [InlineData("openai/*", false, true, true)]
    [InlineData("open*/*", false, true, true)]
    [InlineData("*/*", false, true, true)]
    [InlineData("openai/gpt-5", false, true, false)]
    [InlineData("gpt-5", false, true, false)]
    [InlineData("gpt-*", false, true, false)]
    [InlineData("fast", true, false, false)]
    [InlineData("azure/*", false, false, false)]
    public void A_pattern_opens_routes_models_or_a_whole_provider(string pattern, bool route, bool model, bool provider)
    {
        var key = new ApiKey("key_1", "k", KeyHash.Of("s"), KeyOwner.File) { Models = [pattern] };

        Assert.Equal(route, key.AllowsRoute("fast"));
        Assert.Equal(model, key.AllowsModel("openai", "gpt-5"));
        Assert.Equal(provider, key.AllowsProvider("openai"));
    }

    [Fact]
    public void A_key_without_patterns_opens_nothing()
    {
        var key = new ApiKey("key_1", "k", KeyHash.Of("s"), KeyOwner.File);

        Assert.False(key.AllowsRoute("fast") || key.AllowsModel("openai", "gpt-5") || key.AllowsProvider("openai"));
    }

    [Theory]
    [InlineData("gh_0123456789abcdefghjkmn", "gh_0123...")]
    [InlineData("short", "...")]
    public void A_hint_shows_the_beginning_of_a_long_secret_only(string secret, string hint) => Assert.Equal(hint, ApiKey.HintOf(secret));

    private static IReadOnlyList<string> ErrorsOf(KeyOptions key)
    {
        var errors = new ConfigurationErrors("gatehouse.yaml");
        _ = new SnapshotCompiler(errors, new ManualTime(), new Random(1), _ => null).Compile(new GatewayOptions { Keys = [key] }, [], previous: null);
        return errors.Messages;
    }
}
