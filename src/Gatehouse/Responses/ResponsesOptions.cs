using Gatehouse.Configuration.Binding;

namespace Gatehouse.Responses;

[KeyDoc("Answers of the Responses API (`store`, `previous_response_id`) that the gateway keeps where the provider has no state of its own.")]
internal sealed record ResponsesOptions
{
    [KeyDoc("How long they are kept. OpenAI keeps its own for 30 days.")]
    public TimeSpan Retention { get; set; } = TimeSpan.FromDays(30);

    public static void Validate(ResponsesOptions options, ConfigurationErrors errors)
    {
        if (options.Retention < TimeSpan.FromMinutes(1) || options.Retention > TimeSpan.FromDays(3650))
        {
            errors.Add("responses.retention", "must be from 1m to 3650d");
        }
    }
}
