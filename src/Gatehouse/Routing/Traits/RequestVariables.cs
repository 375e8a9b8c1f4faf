using Gatehouse.Expressions;
using Gatehouse.Protocols.Chat;

namespace Gatehouse.Routing.Traits;

/// <summary>What conditions of routes may know of a request, found out when a condition touches it.</summary>
/// <param name="facts">What is known without a look at the body.</param>
/// <param name="traits">What is known by one.</param>
/// <param name="metadata">The caller's own names and texts.</param>
internal sealed class RequestVariables(RequestFacts facts, Func<RequestTraits> traits, Func<IReadOnlyDictionary<string, string>> metadata) : IVariables
{
    private static readonly List<Func<RequestVariables, CelValue>> Readers = [];

    private CelMap? _metadata;
    private CelMap? _headers;
    private CelMap? _labels;

    /// <summary>The variables, with a line on each for documentation.</summary>
    public static ExpressionSchema Schema { get; } = Declare();

    public CelValue Read(int slot) => Readers[slot](this);

    private static ExpressionSchema Declare()
    {
        var schema = new ExpressionSchema();
        var texts = CelType.MapOf(CelType.String, CelType.String);
        Add("request.model", CelType.String, "The model as the caller wrote it.", v => CelValue.From(v.Facts.Model));
        Add("request.route", CelType.String, "The route that was called; null for a target without one.", v => CelValue.FromNullable(v.Facts.Route));
        Add("request.operation", CelType.String, "chat, embeddings, rerank, text_completion, ...", v => CelValue.From(v.Facts.Operation));
        Add("request.dialect", CelType.String, "openai, openai_responses, anthropic or gemini.", v => CelValue.From(NameOf(v.Facts.Dialect)));
        Add("request.stream", CelType.Bool, "A stream is asked for.", v => CelValue.From(v.Traits.IsStream));
        Add("request.input_tokens", CelType.Int, "Estimated.", v => CelValue.From((long)v.Traits.InputTokens));
        Add("request.max_tokens", CelType.Int, "The caller's cap on the output; null for none.", v => v.Traits.MaxOutputTokens is { } cap ? CelValue.From((long)cap) : CelValue.Null);
        Add("request.body_bytes", CelType.Int, "Size of the body.", v => CelValue.From(v.Traits.BodyBytes));
        Add("request.turns", CelType.Int, "Messages but those of the system.", v => CelValue.From((long)v.Traits.TurnCount));
        Add("request.tools", CelType.Int, "Tools that are offered.", v => CelValue.From((long)v.Traits.ToolCount));
        Add("request.has_images", CelType.Bool, "An image is in it.", v => v.Has(Modalities.Image));
        Add("request.has_audio", CelType.Bool, "A sound is in it.", v => v.Has(Modalities.Audio));
        Add("request.has_video", CelType.Bool, "A video is in it.", v => v.Has(Modalities.Video));
        Add("request.has_documents", CelType.Bool, "A file is in it.", v => v.Has(Modalities.Document));
        Add("request.structured_output", CelType.Bool, "The answer has to follow a JSON schema.", v => CelValue.From(v.Traits.WantsStructuredOutput));
        Add("request.reasoning", CelType.Bool, "The caller asks the model to think.", v => CelValue.From(v.Traits.WantsReasoning));
        Add("request.user", CelType.String, "The end user that the caller names; null for none.", v => CelValue.FromNullable(v.Traits.User));
        Add("request.metadata", texts, "The caller's metadata (Gemini: labels).", v => CelValue.From(v._metadata ??= CelMap.Of(v.Metadata)));
        Add("headers", texts, "Headers by their names in lower case, without credentials.", v => CelValue.From(v._headers ??= new HeaderMap(v.Facts.Headers)));
        Add("principal.key", CelType.String, "Name of the API key.", v => CelValue.From(v.Facts.KeyName));
        Add("principal.id", CelType.String, "Id of the API key.", v => CelValue.From(v.Facts.KeyId));
        Add("principal.labels", texts, "Labels of the API key.", v => CelValue.From(v._labels ??= CelMap.Of(v.Facts.Labels)));
        Add("run", CelType.String, "Id of the task.", v => CelValue.From(v.Facts.Run));
        Add("now", CelType.Timestamp, "When the exchange began.", v => CelValue.From(v.Facts.StartedAt));
        return schema;

        void Add(string name, CelType type, string description, Func<RequestVariables, CelValue> read)
        {
            // Slots are counted as the readers are.
            _ = schema.Declare(name, type, description);
            Readers.Add(read);
        }
    }

    private RequestFacts Facts => facts;

    private RequestTraits Traits => traits();

    private IReadOnlyDictionary<string, string> Metadata => metadata();

    private CelValue Has(Modalities modality) => CelValue.From((Traits.Modalities & modality) != Modalities.None);

    private static string NameOf(Dialect dialect) => dialect switch
    {
        Dialect.OpenAiChat => "openai",
        Dialect.OpenAiResponses => "openai_responses",
        _ => dialect.ToString().ToLowerInvariant(),
    };
}

/// <summary>What is known of a request without a look at its body.</summary>
internal sealed record RequestFacts
{
    public required string Model { get; init; }

    public string? Route { get; init; }

    public required string Operation { get; init; }

    public required Dialect Dialect { get; init; }

    public required string KeyName { get; init; }

    public required string KeyId { get; init; }

    public required IReadOnlyDictionary<string, string> Labels { get; init; }

    public required string Run { get; init; }

    public required DateTimeOffset StartedAt { get; init; }

    public required IHeaderDictionary Headers { get; init; }
}
