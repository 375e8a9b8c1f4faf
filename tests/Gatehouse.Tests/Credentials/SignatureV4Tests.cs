using System.Text;
using Gatehouse.Upstream.Credentials;

namespace Gatehouse.Tests.Credentials;

/// <summary>
/// AWS's own test vectors (awslabs/aws-c-auth, tests/aws-signing-test-suite/v4): service "service" in us-east-1 at 2015-08-30T12:36:00Z.
/// </summary>
public sealed class SignatureV4Tests
{
    private const string AccessKeyId = "AKIDEXAMPLE";
    private const string Secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
    private const string Host = "host:example.amazonaws.com";
    private const string Date = "x-amz-date:20150830T123600Z";
    private const string Empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    private static readonly SignatureV4.Scope Scope = new(new DateTimeOffset(2015, 8, 30, 12, 36, 0, TimeSpan.Zero), "us-east-1", "service");

    [Theory]
    [InlineData("get-vanilla", "GET", "/", "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31")]
    [InlineData("post-vanilla", "POST", "/", "", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b")]
    [InlineData("get-slash-normalized", "GET", "//", "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31")]
    [InlineData("get-relative-normalized", "GET", "/example/..", "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31")]
    [InlineData("get-space-normalized", "GET", "/example space/", "", "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741")]
    [InlineData("get-utf8", "GET", "/\u1234", "", "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85")]
    [InlineData("get-unreserved", "GET", "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", "", "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f")]
    [InlineData("get-vanilla-query-order-key-case", "GET", "/", "Param2=value2&Param1=value1", "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500")]
    [InlineData("get-vanilla-query-order-encoded", "GET", "/", "Param-3=Value3&Param=Value2&%E1%88%B4=Value1", "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac")]
    [InlineData("get-vanilla-utf8-query", "GET", "/", "\u1234=bar", "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04")]
    public void A_request_without_a_body_is_signed_as_AWS_signs_it(string vector, string method, string path, string query, string signature) =>
        AssertSigned(vector, method, path, query, [Host, Date], Empty, signature);

    [Theory]
    [InlineData("get-header-value-trim", "my-header1: value1|my-header2: \"a   b   c\"", "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736")]
    [InlineData("get-header-key-duplicate", "my-header1:value2,value2,value1", "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea")]
    public void Further_headers_are_signed_as_AWS_signs_them(string vector, string headers, string signature) =>
        AssertSigned(vector, "GET", "/", "", [Host, .. headers.Split('|'), Date], Empty, signature);

    [Fact]
    public void A_session_token_is_signed() => AssertSigned(
        "get-vanilla-with-session-token", "GET", "/", "",
        [Host, Date, "x-amz-security-token:6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267"],
        Empty, "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8");

    [Fact]
    public void A_body_is_signed_by_its_hash()
    {
        var hash = SignatureV4.PayloadHash("Param1=value1"u8);
        Assert.Equal("9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e", hash);
        AssertSigned(
            "post-x-www-form-urlencoded", "POST", "/", "",
            ["content-length:13", "content-type:application/x-www-form-urlencoded", Host, $"x-amz-content-sha256:{hash}", Date],
            hash, "d3875051da38690788ef43de4db0d8f280229d82040bfac253562e56c3f20e0b");
    }

    [Theory]
    [InlineData("/model/anthropic.claude-haiku-4-5-20251001-v1%3A0/converse", "/model/anthropic.claude-haiku-4-5-20251001-v1%253A0/converse")]
    [InlineData("/model/amazon.nova-lite-v1:0/converse", "/model/amazon.nova-lite-v1%3A0/converse")]
    [InlineData(
        "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Ainference-profile%2Fus.x/converse-stream",
        "/model/arn%253Aaws%253Abedrock%253Aus-east-1%253A123456789012%253Ainference-profile%252Fus.x/converse-stream")]
    [InlineData("/a/./b/../c/", "/a/c/")]
    [InlineData("/../..", "/")]
    [InlineData("/a/b/..", "/a/")]
    public void A_path_is_escaped_once_more_than_it_is_sent(string sent, string canonical) =>
        Assert.Equal(canonical, SignatureV4.CanonicalRequest("POST", sent, "", [], Empty).Split('\n')[1]);

    private static void AssertSigned(string vector, string method, string path, string query, string[] headers, string payloadHash, string signature)
    {
        var pairs = headers.Select(header => header.Split(':', 2)).Select(parts => KeyValuePair.Create(parts[0], parts[1])).ToArray();
        var canonical = SignatureV4.CanonicalRequest(method, path, query, pairs, payloadHash);

        var value = SignatureV4.Authorization(AccessKeyId, SignatureV4.SigningKey(Secret, Scope), Scope, canonical, pairs);

        var names = new StringBuilder().AppendJoin(';', pairs.Select(pair => pair.Key));
        Assert.True(
            $"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders={names}, Signature={signature}" == value,
            $"{vector}: {value}\n{canonical}");
    }
}
