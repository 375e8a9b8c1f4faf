using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests.Hostile;

/// <summary>One provider of every dialect, all at one address.</summary>
internal static class HostileProviders
{
    public static readonly string[] Targets =
        ["chat/m", "oai/gpt-5-pro", "oai/gpt-4o", "claude/claude-opus-4-1", "gem/gemini-2.5-flash", "vx/gemini-2.5-pro", "vx/claude-sonnet-4@20250514",
         "bed/anthropic.claude-3-5-sonnet-20240620-v1:0", "co/command-a-03-2025", "oll/llama3.2", "mis/mistral-large-latest", "sandbox/echo"];

    public static string Configuration(Uri upstream)
    {
        var url = upstream.ToString().TrimEnd('/');
        return $"""
            providers:
              chat: {"{"} kind: openai-compatible, base_url: "{url}/v1", api_key: upstream-secret {"}"}
              oai: {"{"} kind: openai, base_url: "{url}/v1", api_key: upstream-secret {"}"}
              claude: {"{"} kind: anthropic, base_url: "{url}", api_key: upstream-secret {"}"}
              gem: {"{"} kind: gemini, base_url: "{url}", api_key: upstream-secret {"}"}
              vx: {"{"} kind: vertex, base_url: "{url}", access_token: upstream-secret, project: p, location: l {"}"}
              bed: {"{"} kind: bedrock, base_url: "{url}", region: us-east-1, access_key_id: upstream-id, secret_access_key: upstream-secret {"}"}
              co: {"{"} kind: cohere, base_url: "{url}", api_key: upstream-secret {"}"}
              oll: {"{"} kind: ollama, base_url: "{url}" {"}"}
              sandbox: {"{"} {"}"}
              gone: {"{"} kind: openai-compatible, base_url: "http://127.0.0.1:1/v1" {"}"}
              mis: {"{"} kind: mistral, base_url: "{url}/v1", api_key: upstream-secret {"}"}
            admin: {"{"} token: {GatewayHost.AdminToken} {"}"}

            """;
    }
}
