using Gatehouse.Configuration.Binding;

namespace Gatehouse.Metering;

[KeyDoc("How tokens are counted before a provider tells their number. See [estimates.md](estimates.md).")]
internal sealed record MeteringOptions
{
    [KeyDoc("A folder with the vocabularies of OpenAI's models, `o200k_base` and `cl100k_base`, each as `.tiktoken` or `.json`; `tools/vocabularies.sh` fetches them. Counts of tokens for targets that cannot count are made with them.", Default = "none: counts are estimated")]
    public string? Vocabularies { get; set; }
}
