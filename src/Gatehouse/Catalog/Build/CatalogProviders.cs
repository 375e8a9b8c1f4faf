namespace Gatehouse.Catalog.Build;

/// <summary>What the sources call the providers of the provider table. Other providers cannot be configured by kind and are left out.</summary>
internal static class CatalogProviders
{
    private static readonly Dictionary<string, string> Litellm = new(StringComparer.Ordinal)
    {
        ["openai"] = "openai",
        ["text-completion-openai"] = "openai",
        ["azure"] = "azure-openai",
        ["azure_text"] = "azure-openai",
        ["azure_ai"] = "azure-ai",
        ["anthropic"] = "anthropic",
        ["bedrock"] = "bedrock",
        ["bedrock_converse"] = "bedrock",
        ["bedrock_mantle"] = "bedrock",
        ["gemini"] = "gemini",
        ["mistral"] = "mistral",
        ["cohere"] = "cohere",
        ["cohere_chat"] = "cohere",
        ["fireworks_ai"] = "fireworks",
        ["fireworks_ai-embedding-models"] = "fireworks",
        ["together_ai"] = "together",
        ["openrouter"] = "openrouter",
        ["vercel_ai_gateway"] = "vercel-gateway",
        ["novita"] = "novita",
        ["deepinfra"] = "deepinfra",
        ["perplexity"] = "perplexity",
        ["xai"] = "xai",
        ["groq"] = "groq",
        ["deepseek"] = "deepseek",
        ["databricks"] = "databricks",
        ["dashscope"] = "dashscope",
        ["moonshot"] = "moonshot",
        ["cerebras"] = "cerebras",
        ["sambanova"] = "sambanova",
        ["nebius"] = "nebius",
        ["hyperbolic"] = "hyperbolic",
        ["nscale"] = "nscale",
        ["voyage"] = "voyage",
        ["ai21"] = "ai21",
        ["ovhcloud"] = "ovhcloud",
        ["scaleway"] = "scaleway",
        ["watsonx"] = "watsonx",
        ["snowflake"] = "snowflake",
        ["cloudflare"] = "cloudflare",
        ["gmi"] = "gmi",
        ["wandb"] = "wandb",
        ["zai"] = "zai",
        ["minimax"] = "minimax",
        ["volcengine"] = "volcengine",
        ["baseten"] = "baseten",
        ["featherless_ai"] = "featherless",
        ["friendliai"] = "friendli",
        ["jina_ai"] = "jina",
        ["nvidia_nim"] = "nvidia",
        ["inception"] = "inception",
        ["meta_llama"] = "meta",
        ["meta"] = "meta",
        ["morph"] = "morph",
        ["gradient_ai"] = "digitalocean",
        ["crusoe"] = "crusoe",
        ["tencent"] = "tencent-tokenhub",
    };

    private static readonly Dictionary<string, string> ModelsDev = new(StringComparer.Ordinal)
    {
        ["alibaba"] = "dashscope",
        ["alibaba-cn"] = "dashscope-cn",
        ["amazon-bedrock"] = "bedrock",
        ["azure"] = "azure-openai",
        ["azure-cognitive-services"] = "azure-ai",
        ["google"] = "gemini",
        ["google-vertex"] = "vertex",
        ["google-vertex-anthropic"] = "vertex",
        ["fireworks-ai"] = "fireworks",
        ["togetherai"] = "together",
        ["moonshotai"] = "moonshot",
        ["moonshotai-cn"] = "moonshot-cn",
        ["novita-ai"] = "novita",
        ["zhipuai"] = "zhipu",
        ["zai-coding-plan"] = "zai-coding",
        ["vercel"] = "vercel-gateway",
        ["cloudflare-workers-ai"] = "cloudflare",
        ["gmicloud"] = "gmi",
        ["inference"] = "inference-net",
        ["snowflake-cortex"] = "snowflake",
        ["llama"] = "meta",
    };

    /// <summary>Providers that have the same name there as here.</summary>
    private static readonly HashSet<string> Same = new(StringComparer.Ordinal)
    {
        "ai21", "aihubmix", "anthropic", "azure-ai", "azure-openai", "baseten", "bedrock", "cerebras", "chutes", "cohere", "dashscope", "databricks",
        "deepinfra", "deepseek", "digitalocean", "doubleword", "fireworks", "friendli", "github-models", "groq", "helicone", "huggingface", "inception",
        "io-net", "jina", "minimax", "minimax-cn", "mistral", "modelscope", "moonshot", "morph", "nebius", "novita", "nvidia", "ollama-cloud", "openai",
        "openrouter", "ovhcloud", "perplexity", "poe", "requesty", "scaleway", "siliconflow", "siliconflow-cn", "stackit", "stepfun", "synthetic",
        "tencent-tokenhub", "together", "upstage", "venice", "vultr", "wandb", "xai", "zai", "zhipu",
    };

    private static readonly Dictionary<string, string> Portkey = new(StringComparer.Ordinal)
    {
        ["bedrock-mantle"] = "bedrock",
        ["fireworks-ai"] = "fireworks",
        ["google"] = "gemini",
        ["mistral-ai"] = "mistral",
        ["novita-ai"] = "novita",
        ["perplexity-ai"] = "perplexity",
        ["together-ai"] = "together",
        ["vertex-ai"] = "vertex",
        ["workers-ai"] = "cloudflare",
        ["x-ai"] = "xai",
        ["z-ai"] = "zai",
    };

    private static readonly Dictionary<string, string[]> Genai = new(StringComparer.Ordinal)
    {
        ["aws"] = ["bedrock"],
        ["azure"] = ["azure-openai", "azure-ai"],
        ["google"] = ["gemini", "vertex"],
        ["moonshotai"] = ["moonshot"],
        ["voyageai"] = ["voyage"],
        ["x-ai"] = ["xai"],
        ["zhipuai"] = ["zhipu"],
    };

    public static string? OfLitellm(string name) =>
        Litellm.GetValueOrDefault(name) ?? (name.StartsWith("vertex_ai", StringComparison.Ordinal) ? "vertex" : null);

    public static string? OfModelsDev(string name) => ModelsDev.GetValueOrDefault(name) ?? (Same.Contains(name) ? name : null);

    public static string? OfPortkey(string name) => Portkey.GetValueOrDefault(name) ?? (Same.Contains(name) ? name : null);

    public static string[] OfGenai(string name) => Genai.GetValueOrDefault(name) ?? (Same.Contains(name) ? [name] : []);
}
