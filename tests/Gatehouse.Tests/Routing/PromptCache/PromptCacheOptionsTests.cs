using Gatehouse.Configuration.Binding;
using Gatehouse.Routing.PromptCache;

namespace Gatehouse.Tests.Routing.PromptCache;

/// <summary>The mistakes that are told.</summary>
public sealed class PromptCacheOptionsTests
{
    private readonly ConfigurationErrors _errors = new("gatehouse.yaml");

    [Theory]
    [InlineData("auto")]
    [InlineData("off")]
    [InlineData("{ mode: auto, ttl: 5m, min_tokens: 0, breakpoints: [system] }")]
    [InlineData("{ mode: off, ttl: 60m, min_tokens: 2048, breakpoints: [messages, tools, system] }")]
    [InlineData("{}")]
    public void What_is_right(string yaml)
    {
        Validate(yaml);

        Assert.Empty(_errors.Messages);
    }

    [Theory]
    [InlineData("on", "'on' is not one of off, auto")]
    [InlineData("{ ttl: 1h }", "does nothing without mode: auto (p.prompt_cache")]
    [InlineData("{ mode: auto, ttl: 10m }", "must be 5m or 1h (p.prompt_cache.ttl")]
    [InlineData("{ mode: auto, min_tokens: -1 }", "(p.prompt_cache.min_tokens")]
    [InlineData("{ mode: auto, breakpoints: [] }", "must name at least one of tools, system, messages (p.prompt_cache.breakpoints")]
    [InlineData("{ mode: auto, breakpoints: [prompt] }", "'prompt' is not one of tools, system, messages")]
    [InlineData("{ mode: auto, tll: 1h }", "did you mean 'ttl'?")]
    public void What_is_a_mistake(string yaml, string message)
    {
        Validate(yaml);

        Assert.Contains(_errors.Messages, told => told.Contains(message, StringComparison.Ordinal));
    }

    private void Validate(string yaml)
    {
        var holder = new YamlBinder(_errors, _ => null, _ => "").Bind<Holder>($"prompt_cache: {yaml}\n");
        PromptCacheCompiler.Validate(holder.PromptCache, "p.prompt_cache", _errors);
    }

    internal sealed record Holder
    {
        public PromptCacheOptions PromptCache { get; set; } = new();
    }
}
