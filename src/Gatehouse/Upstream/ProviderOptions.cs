using Gatehouse.Configuration.Binding;
using Gatehouse.Limits;

namespace Gatehouse.Upstream;

[KeyDoc("Providers of models, by the name used in `provider/model`.")]
internal sealed record ProviderOptions
{
    [KeyDoc("Entry of the built-in provider table, `openai-compatible` or `sandbox`. See docs/providers.md.", Default = "the provider's name")]
    public string? Kind { get; set; }

    [KeyDoc("Where the provider answers: what its own SDK calls the base URL.", Default = "the table's")]
    public string? BaseUrl { get; set; }

    [KeyDoc("The key that the gateway presents to the provider.")]
    public Secret? ApiKey { get; set; }

    [KeyDoc("Bedrock: the AWS region, such as `us-east-1`. See docs/providers-cloud.md for this and the following keys.", Default = "`AWS_REGION`, `AWS_DEFAULT_REGION`")]
    public string? Region { get; set; }

    [KeyDoc("Bedrock: the AWS access key that requests are signed with.",
        Default = "`AWS_ACCESS_KEY_ID` and so on, else the role of the container or machine")]
    public Secret? AccessKeyId { get; set; }

    [KeyDoc("Bedrock: the secret of `access_key_id`.")]
    public Secret? SecretAccessKey { get; set; }

    [KeyDoc("Bedrock: belongs to temporary access keys.")]
    public Secret? SessionToken { get; set; }

    [KeyDoc("Vertex AI: the Google Cloud project.", Default = "that of the service account, `GOOGLE_CLOUD_PROJECT`")]
    public string? Project { get; set; }

    [KeyDoc("Vertex AI: the Google Cloud location, such as `us-central1`.", Default = "`GOOGLE_CLOUD_LOCATION`, else `global`")]
    public string? Location { get; set; }

    [KeyDoc("Vertex AI: the JSON key of a service account (`${file:PATH}`), the path of one, or `metadata` for the service account of the machine.",
        Default = "the file named by `GOOGLE_APPLICATION_CREDENTIALS`, else `metadata`")]
    public Secret? Credentials { get; set; }

    [KeyDoc("Vertex AI and Azure: a token that is already there, sent as bearer. It is not renewed.")]
    public Secret? AccessToken { get; set; }

    [KeyDoc("Azure OpenAI only: with an API version the deployment paths (`/openai/deployments/{model}`) are used, without one `/openai/v1`.")]
    public string? ApiVersion { get; set; }

    [KeyDoc("Model ids that the provider serves. They are listed by `GET /v1/models` and found without the provider's name.",
        Default = "unknown: any model is passed on as `provider/model`")]
    public IReadOnlyList<string>? Models { get; set; }

    [KeyDoc("Headers added to each request to the provider.")]
    public IReadOnlyDictionary<string, Secret> Headers { get; set; } = new Dictionary<string, Secret>(StringComparer.Ordinal);

    [KeyDoc("Ask for usage in streams where the caller did not (`stream_options.include_usage`); the chunk it adds is removed again.",
        Default = "as the provider table says")]
    public bool? RequestStreamUsage { get; set; }

    [KeyDoc("Time limits for this provider.")]
    public TimeoutOptions Timeout { get; set; } = new();

    [KeyDoc("Limits of what goes to the provider.", Default = "none")]
    public IReadOnlyList<LimitOptions> Limits { get; set; } = [];
}
