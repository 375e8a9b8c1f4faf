using Gatehouse.Configuration.Binding;

namespace Gatehouse.Objects;

[KeyDoc("Objects that clients make at providers: files, batches, vector stores, stored responses. See docs/relay.md.")]
internal sealed record ObjectOptions
{
    [KeyDoc("How long it is remembered who made an object, and where. After that it can be reached with `x-gatehouse-provider` alone, by keys for the whole provider. At least 1h.")]
    public TimeSpan Retention { get; set; } = TimeSpan.FromDays(90);
}
