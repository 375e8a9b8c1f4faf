namespace Gatehouse.Protocols.Tests.Dialects;

/// <summary>What is JSON but tells no usage; a reader must say null, and never throw.</summary>
internal static class UsageNoise
{
    public static TheoryData<string> Texts => new(
        "null", "[]", "7", "\"input_tokens\"", "{}",
        """{"input_tokens":null,"promptTokenCount":null,"inputTokens":null,"billed_units":null,"tokens":null}""",
        """{"input_tokens":"9","promptTokenCount":"9","inputTokens":"9","billed_units":"9","tokens":[9]}""",
        """{"input_tokens":-9,"promptTokenCount":-9,"inputTokens":-9,"billed_units":{"input_tokens":-9}}""",
        """{"input_tokens":1.5,"promptTokenCount":1.5,"inputTokens":1e400,"billed_units":{"output_tokens":1.5}}""",
        """{"input_tokens\ud800":1,"promptTokenCount\ud800":1,"inputTokens\ud800":1,"billed_units\ud800":{}}""",
        """{"iterations":[7,{"type":"compaction"},{"type":"\ud800"}],"cacheDetails":[null,{"ttl":"1h\ud800"}],"promptTokensDetails":[[],{"modality":"\ud800"}]}""");
}
