// The Responses API is marked as one that may change; people use it all the same.
#pragma warning disable OPENAI001

using System.ClientModel;
using System.ClientModel.Primitives;
using System.Text.Json;
using Anthropic;
using Anthropic.Exceptions;
using Anthropic.Models.Messages;
using Gatehouse.Tests.Harness;
using OpenAI;
using OpenAI.Chat;
using OpenAI.Responses;

namespace Gatehouse.Tests.Clients;

/// <summary>The official .NET SDKs against every provider's format: what they make of a recorded answer is what the recording says.</summary>
public sealed class SdkTests(SdkGateway gateway) : IClassFixture<SdkGateway>
{
    private const string Prompt = "Do as recorded.";

    public static TheoryData<string, string, bool> Answers => Cases(["text", "tools"]);

    public static TheoryData<string, string, bool> Errors => Cases(["error"]);

    [Theory, MemberData(nameof(Answers))]
    public Task OpenAI_chat(string provider, string kind, bool isStream) => AssertAnswerAsync(provider, kind, isStream, AskChatAsync);

    [Theory, MemberData(nameof(Answers))]
    public Task OpenAI_responses(string provider, string kind, bool isStream) => AssertAnswerAsync(provider, kind, isStream, AskResponsesAsync);

    [Theory, MemberData(nameof(Answers))]
    public Task Anthropic(string provider, string kind, bool isStream) => AssertAnswerAsync(provider, kind, isStream, AskAnthropicAsync);

    [Theory, MemberData(nameof(Errors))]
    public async Task Errors_keep_status_and_message(string provider, string kind, bool isStream)
    {
        RequireRecordings();
        var recording = SdkRecordings.Of(provider, kind);
        var model = SdkGateway.ModelOf(provider, kind);
        var json = JsonElement.Parse(recording.Body);
        var message = json.TryGetProperty("message", out var own) ? own.GetString()!
            : json.GetProperty("error") is { ValueKind: JsonValueKind.String } text ? text.GetString()! : json.GetProperty("error").GetProperty("message").GetString()!;

        var chat = await Assert.ThrowsAsync<ClientResultException>(() => AskChatAsync(model, isStream, hasTools: false));
        var responses = await Assert.ThrowsAsync<ClientResultException>(() => AskResponsesAsync(model, isStream, hasTools: false));
        var anthropic = await Assert.ThrowsAnyAsync<AnthropicApiException>(() => AskAnthropicAsync(model, isStream, hasTools: false));

        Assert.Equal((recording.Status, recording.Status, recording.Status), (chat.Status, responses.Status, (int)anthropic.StatusCode));
        Assert.All([chat.Message, responses.Message, anthropic.Message], found => Assert.Contains(message, found, StringComparison.Ordinal));
    }

    private static void RequireRecordings() => Require.Present(SharedData.IsPresent("wire.tar.gz"), "the recorded traffic");

    private static TheoryData<string, string, bool> Cases(string[] kinds)
    {
        var cases = new TheoryData<string, string, bool>();
        foreach (var provider in SdkRecordings.Providers)
        {
            foreach (var kind in kinds)
            {
                cases.Add(provider, kind, false);
                cases.Add(provider, kind, true);
            }
        }

        return cases;
    }

    private static async Task AssertAnswerAsync(string provider, string kind, bool isStream, Func<string, bool, bool, Task<SdkAnswer>> ask)
    {
        RequireRecordings();
        var expected = SdkAnswer.Read(provider, SdkRecordings.Of(provider, isStream ? $"{kind}-stream" : kind).Body, isStream);
        Assert.Equal(kind == "tools", expected.Calls.Length > 0);

        Assert.Equal(expected, await ask(SdkGateway.ModelOf(provider, kind), isStream, kind == "tools"));
    }

    private async Task<SdkAnswer> AskChatAsync(string model, bool isStream, bool hasTools)
    {
        var client = new ChatClient(model, new ApiKeyCredential(SdkGateway.Key), new OpenAIClientOptions
        {
            Endpoint = new Uri(gateway.Address, "/v1"),
            RetryPolicy = new ClientRetryPolicy(0),
        });
        var options = new ChatCompletionOptions();
        if (hasTools)
        {
            options.Tools.Add(ChatTool.CreateFunctionTool("f", "d", BinaryData.FromString("""{"type":"object","properties":{}}""")));
        }

        ChatMessage[] messages = [new SystemChatMessage("Be brief."), new UserChatMessage(Prompt)];
        if (!isStream)
        {
            var completion = (await client.CompleteChatAsync(messages, options)).Value;
            Assert.True(completion.Usage.InputTokenCount > 0 && completion.Usage.OutputTokenCount > 0);
            return SdkAnswer.Of(
                string.Concat(completion.Content.Select(part => part.Text)), completion.ToolCalls.Select(call => (call.FunctionName, call.FunctionArguments.ToString())));
        }

        var text = "";
        var calls = new SortedDictionary<int, (string Name, string Arguments)>();
        await foreach (var update in client.CompleteChatStreamingAsync(messages, options))
        {
            text += string.Concat(update.ContentUpdate.Select(part => part.Text));
            foreach (var call in update.ToolCallUpdates)
            {
                var (name, arguments) = calls.GetValueOrDefault(call.Index, ("", ""));
                calls[call.Index] = (name + call.FunctionName, arguments + call.FunctionArgumentsUpdate);
            }
        }

        return SdkAnswer.Of(text, calls.Values);
    }

    private async Task<SdkAnswer> AskResponsesAsync(string model, bool isStream, bool hasTools)
    {
        var client = new ResponsesClient(new ApiKeyCredential(SdkGateway.Key), new ResponsesClientOptions
        {
            Endpoint = new Uri(gateway.Address, "/v1"),
            RetryPolicy = new ClientRetryPolicy(0),
        });
        var options = new CreateResponseOptions(model, [ResponseItem.CreateUserMessageItem(Prompt)]) { StreamingEnabled = isStream };
        if (hasTools)
        {
            options.Tools.Add(ResponseTool.CreateFunctionTool("f", BinaryData.FromString("""{"type":"object","properties":{}}"""), strictModeEnabled: false));
        }

        ResponseResult? response = null;
        if (isStream)
        {
            await foreach (var update in client.CreateResponseStreamingAsync(options))
            {
                response = (update as StreamingResponseCompletedUpdate)?.Response ?? response;
            }
        }
        else
        {
            response = (await client.CreateResponseAsync(options)).Value;
        }

        Assert.True(response!.Usage.InputTokenCount > 0 && response.Usage.OutputTokenCount > 0);
        return SdkAnswer.Of(
            response.GetOutputText() ?? "", response.OutputItems.OfType<FunctionCallResponseItem>().Select(call => (call.FunctionName, call.FunctionArguments.ToString())));
    }

    private async Task<SdkAnswer> AskAnthropicAsync(string model, bool isStream, bool hasTools)
    {
        using var client = new AnthropicClient { BaseUrl = gateway.Address.GetLeftPart(UriPartial.Authority), ApiKey = SdkGateway.Key, MaxRetries = 0 };
        var parameters = new MessageCreateParams
        {
            Model = model,
            MaxTokens = 1024,
            Messages = [new MessageParam(JsonElement.Parse($$"""{"role":"user","content":"{{Prompt}}"}"""))],
            Tools = hasTools ? [new Tool { Name = "f", InputSchema = new InputSchema() }] : null,
        };
        var message = isStream
            ? await client.Messages.CreateStreaming(parameters).Aggregate()
            : await client.Messages.Create(parameters);

        Assert.True(message.Usage.InputTokens > 0 && message.Usage.OutputTokens > 0);
        var text = "";
        var calls = new List<(string, string)>();
        foreach (var block in message.Content)
        {
            if (block.TryPickText(out var said))
            {
                text += said.Text;
            }
            else if (block.TryPickToolUse(out var use))
            {
                calls.Add((use.Name, JsonSerializer.Serialize(use.Input)));
            }
        }

        return SdkAnswer.Of(text, calls);
    }
}
