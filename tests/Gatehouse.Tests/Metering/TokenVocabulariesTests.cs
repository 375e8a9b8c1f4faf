using System.Text;
using Gatehouse.Configuration.Binding;
using Gatehouse.Metering;
using Gatehouse.Tests.Harness;
using Gatehouse.Tests.Translation;

namespace Gatehouse.Tests.Metering;

public sealed class TokenVocabulariesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly ConfigurationErrors _errors = new("gatehouse.yaml");

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("gpt-5-mini", "o200k")]
    [InlineData("gpt-4o", "o200k")]
    [InlineData("gpt-4.1", "o200k")]
    [InlineData("openai/o3-mini", "o200k")]
    [InlineData("gpt-oss-120b", "o200k")]
    [InlineData("gpt-4", "cl100k")]
    [InlineData("gpt-4-0613", "cl100k")]
    [InlineData("GPT-35-turbo", "cl100k")]
    [InlineData("claude-haiku-4-5", null)]
    [InlineData("my-gpt-4o", null)]
    [InlineData("", null)]
    public void A_model_has_its_vocabulary(string model, string? expected)
    {
        Write("o200k_base.json", """{"bpe_ranks":"! 0 YQ=="}""");
        Write("cl100k_base.tiktoken", "YQ== 0\nYWE= 1\n");
        var tokenizer = TokenVocabularies.Load(new() { Vocabularies = _folder.Path }, null, _errors).Of(model);
        Assert.Equal(expected, tokenizer?.VocabularySize switch { 1 => "o200k", 2 => "cl100k", _ => null });
        Assert.Empty(_errors.Messages);
    }

    [Fact]
    public void None_is_loaded_when_none_is_named()
    {
        Assert.Null(TokenVocabularies.Load(new(), null, _errors).Of("gpt-4o"));
        Assert.Empty(_errors.Messages);
    }

    [Fact]
    public void A_folder_without_and_a_file_that_is_none_are_mistakes()
    {
        _ = TokenVocabularies.Load(new() { Vocabularies = _folder.Path }, null, _errors);
        Assert.Contains("has neither", Assert.Single(_errors.Messages), StringComparison.Ordinal);
        Write("o200k_base.tiktoken", "<html>");
        _ = TokenVocabularies.Load(new() { Vocabularies = _folder.Path }, null, _errors);
        Assert.Contains("o200k_base.tiktoken cannot be used", _errors.Messages[1], StringComparison.Ordinal);
    }

    [Fact]
    public void Files_that_have_not_changed_are_not_read_again()
    {
        Write("o200k_base.tiktoken", "YQ== 0");
        var options = new MeteringOptions { Vocabularies = _folder.Path };
        var first = TokenVocabularies.Load(options, null, _errors);
        Assert.Same(first, TokenVocabularies.Load(options, first, _errors));
        File.SetLastWriteTimeUtc(Path.Combine(_folder.Path, "o200k_base.tiktoken"), new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        Assert.NotSame(first, TokenVocabularies.Load(options, first, _errors));
    }

    [Fact]
    public async Task A_count_for_a_model_of_OpenAI_is_made_with_it()
    {
        Write("o200k_base.tiktoken", string.Concat("hi there".Select((letter, rank) => $"{Convert.ToBase64String(Encoding.ASCII.GetBytes([letter]))} {rank}\n")));
        await using var gateway = await GatewayHost.StartAsync($$"""
            metering: { vocabularies: "{{_folder.Path}}" }
            providers: { local: { kind: openai-compatible, base_url: "http://127.0.0.1:9/v1" } }
            """);

        // A message 4, the beginning of the answer 3; eight letters that are nowhere merged, where words are weighed as 1.9.
        Assert.Equal(4 + 3 + 8, await CountAsync("gpt-4o"));
        Assert.Equal(4 + 3 + 2, await CountAsync("llama"));

        async Task<int> CountAsync(string model)
        {
            using var response = await gateway.PostAsync("/v1/messages/count_tokens", $$"""{"model":"local/{{model}}","messages":[{"role":"user","content":"hi there"}]}""");
            Assert.Equal("true", response.Header("x-gatehouse-estimated"));
            return (await response.JsonAsync()).GetProperty("input_tokens").GetInt32();
        }
    }

    private void Write(string name, string text) => File.WriteAllText(Path.Combine(_folder.Path, name), text);
}
