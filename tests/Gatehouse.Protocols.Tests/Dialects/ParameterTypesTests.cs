using Gatehouse.Protocols.Chat;

namespace Gatehouse.Protocols.Tests.Dialects;

/// <summary>A parameter of a wrong type is named, and not lost.</summary>
public sealed class ParameterTypesTests
{
    private const string Chat = """{"model":"m","messages":[{"role":"user","content":"Hi"}],""";
    private const string Claude = """{"model":"m","max_tokens":5,"messages":[{"role":"user","content":"Hi"}],""";
    private const string Google = """{"contents":[{"role":"user","parts":[{"text":"Hi"}]}],""";
    private const string Amazon = """{"messages":[{"role":"user","content":[{"text":"Hi"}]}],""";
    private const string Responses = """{"model":"m","input":"Hi",""";

    [Theory]
    [InlineData(Dialect.OpenAiChat, Chat, """ "temperature":"hot"} """, "temperature", "'temperature' must be a number")]
    [InlineData(Dialect.OpenAiChat, Chat, """ "max_tokens":"12"} """, "max_tokens", "'max_tokens' must be an integer")]
    [InlineData(Dialect.OpenAiChat, Chat, """ "max_tokens":1.5} """, "max_tokens", "'max_tokens' must be an integer")]
    [InlineData(Dialect.OpenAiChat, Chat, """ "stream":"yes"} """, "stream", "'stream' must be true or false")]
    [InlineData(Dialect.OpenAiChat, Chat, """ "tools":{}} """, "tools", "'tools' must be a list")]
    [InlineData(Dialect.OpenAiChat, Chat, """ "stop":5} """, "stop", "'stop' must be a string or a list of strings")]
    [InlineData(Dialect.OpenAiChat, Chat, """ "stop":["a",5]} """, "stop", "'stop' must be a string or a list of strings")]
    [InlineData(Dialect.OpenAiChat, Chat, """ "stream_options":{"include_usage":1}} """, "stream_options.include_usage", "'stream_options.include_usage' must be true or false")]
    [InlineData(Dialect.Mistral, Chat, """ "random_seed":"x"} """, "random_seed", "'random_seed' must be an integer")]
    [InlineData(Dialect.Cohere, Chat, """ "p":"x"} """, "p", "'p' must be a number")]
    [InlineData(Dialect.Ollama, Chat, """ "options":{"temperature":"x"}} """, "options.temperature", "'options.temperature' must be a number")]
    [InlineData(Dialect.OpenAiResponses, Responses, """ "previous_response_id":5} """, "previous_response_id", "'previous_response_id' must be a string")]
    [InlineData(Dialect.OpenAiResponses, Responses, """ "reasoning":{"effort":3}} """, "reasoning.effort", "'reasoning.effort' must be a string")]
    [InlineData(Dialect.OpenAiResponses, Responses, """ "text":"plain"} """, "text", "'text' must be an object")]
    [InlineData(Dialect.Anthropic, Claude, """ "thinking":true} """, "thinking", "'thinking' must be an object")]
    [InlineData(Dialect.Anthropic, Claude, """ "thinking":{"type":"enabled","budget_tokens":"many"}} """, "thinking.budget_tokens", "'thinking.budget_tokens' must be an integer")]
    [InlineData(Dialect.Anthropic, Claude, """ "metadata":{"user_id":7}} """, "metadata.user_id", "'metadata.user_id' must be a string")]
    [InlineData(Dialect.Bedrock, Amazon, """ "inferenceConfig":{"maxTokens":"12"}} """, "inferenceConfig.maxTokens", "'inferenceConfig.maxTokens' must be an integer")]
    [InlineData(Dialect.Gemini, Google, """ "generationConfig":[]} """, "generationConfig", "'generationConfig' must be an object")]
    [InlineData(Dialect.Gemini, Google, """ "generation_config":{"max_output_tokens":"many"}} """, "generationConfig.maxOutputTokens", "'generationConfig.maxOutputTokens' must be an integer")]
    public void A_wrong_type_is_named(Dialect dialect, string start, string rest, string field, string message)
    {
        var refused = Assert.Throws<MalformedException>(() => AllDialects.CodecOf(dialect).ReadRequest(Asked.Json(start + rest)));
        Assert.Equal((field, message), (refused.Field, refused.Message));
    }

    [Theory]
    [InlineData(Dialect.OpenAiChat, Chat, """ "temperature":null,"max_tokens":1e2,"stop":"x","tool_choice":"auto","some_new_thing":[1]} """)]
    [InlineData(Dialect.OpenAiResponses, Responses, """ "previous_response_id":null,"text":{"verbosity":"low"}} """)]
    [InlineData(Dialect.Anthropic, Claude, """ "thinking":null,"stop_sequences":[]} """)]
    [InlineData(Dialect.Gemini, Google, """ "generationConfig":{"maxOutputTokens":"12","temperature":"0.5","topK":40.0}} """)]
    [InlineData(Dialect.Bedrock, Amazon, """ "inferenceConfig":null} """)]
    public void What_a_dialect_allows_is_read(Dialect dialect, string start, string rest) =>
        Assert.Single(AllDialects.CodecOf(dialect).ReadRequest(Asked.Json(start + rest)).Messages);
}
