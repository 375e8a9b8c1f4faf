using Gatehouse.Tests.Compatibility.Clients;
using Gatehouse.Tests.Compatibility.Providers;

namespace Gatehouse.Tests.Compatibility;

internal enum Result
{
    Works,

    /// <summary>422, and the provider is not called.</summary>
    Refused,

    /// <summary>The call works without it, and <c>x-gatehouse-dropped</c> names it.</summary>
    Dropped,

    /// <summary>One of the two has nothing of the kind.</summary>
    Absent,
}

/// <summary>What a cell of the table must be. Everything works that is not listed here with its reason.</summary>
/// <param name="Result">In short.</param>
/// <param name="Names">What is refused, or dropped: exactly these names.</param>
/// <param name="Why">For the page.</param>
internal sealed record Expectation(Result Result, string[] Names, string Why)
{
    private static readonly Expectation Works = new(Result.Works, [], "");

    private static readonly Expectation NoRefusals = new(
        Result.Absent, [], "The provider's format has no word for a refusal: it is text like any other.");

    private static readonly Expectation LeftToMistral = new(
        Result.Absent, [], "What is not known of a request in OpenAI's format passes to Mistral, which takes more than OpenAI does, and is answered by Mistral itself.");

    private static readonly Expectation SpeaksResponses = new(
        Result.Absent, [], "The provider speaks OpenAI Responses itself, and gets the client's bytes: see the row of that name.");

    private static readonly Expectation ReducedSchema = new(
        Result.Dropped, ["tools[0].parameters.additionalProperties"],
        "Gemini's schemas of tools are a subset of JSON Schema; a keyword outside of it is left out, as the whole request would be refused.");

    private const string NoPlaceForThoughts = "The answer's thoughts reach the client, but none are sent back to the provider: they are left out of the next request.";

    private const string NoSummary = "How thoughts are to be summed up (reasoning.summary) can be told to OpenAI Responses only; the thoughts themselves come.";

    private const string OnOrOff = "Ollama's thoughts are on or off for this model; how many of them cannot be told.";

    public static Expectation Of(Client client, Provider provider, Feature feature)
    {
        if (client is OpenAiResponsesClient && provider is (AzureProvider or DeepSeekProvider))
        {
            return SpeaksResponses;
        }

        return feature switch
        {
            Feature.Refusal when provider is CohereProvider or OllamaProvider or MistralProvider or DeepSeekProvider => NoRefusals,
            Feature.ServerTool when client.Name == provider.Same && provider is MistralProvider => LeftToMistral,
            Feature.ServerTool when client.Name != provider.Same => new Expectation(
                Result.Refused, [client switch { OpenAiChatClient => "web_search_options", GeminiClient => "googleSearch", _ => "web_search" }],
                "A tool that runs at the provider has no twin elsewhere, and an answer without it would be another answer."),
            Feature.ReasoningRoundTrip => OfReasoning(client, provider),
            Feature.Tools or Feature.ParallelTools or Feature.ZeroArgumentTool or Feature.ToolResults when provider is GeminiProvider && client is not GeminiClient => ReducedSchema,
            _ => Works,
        };
    }

    private static Expectation OfReasoning(Client client, Provider provider)
    {
        if (client.Name == provider.Same)
        {
            return Works;
        }

        var isResponses = client is OpenAiResponsesClient;
        string[] summary = isResponses ? ["reasoning.summary"] : [];
        var and = isResponses ? " " + NoSummary : "";
        return provider switch
        {
            GeminiProvider when client is not GeminiClient => new Expectation(
                Result.Dropped, ["reasoning", .. ReducedSchema.Names], "Gemini's seal stands on the call and returns with it; the summary of the thought, which has none, is not sent back. " + ReducedSchema.Why),
            OllamaProvider => new Expectation(
                Result.Dropped, ["reasoning", client is AnthropicClient or GeminiClient ? "budget_tokens" : "reasoning_effort", .. summary], $"{NoPlaceForThoughts} {OnOrOff}{and}"),
            MistralProvider when isResponses => new Expectation(
                Result.Dropped, ["reasoning", "store", .. summary], NoPlaceForThoughts + and + " Nor does it keep answers, or need to be told so (store)."),
            CohereProvider or MistralProvider or OpenAiChatProvider { TakesThoughts: false } => new Expectation(
                Result.Dropped, ["reasoning", .. summary], NoPlaceForThoughts + and),
            _ => Works,
        };
    }
}
