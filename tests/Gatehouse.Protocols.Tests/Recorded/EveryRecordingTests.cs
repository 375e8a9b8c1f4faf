using System.Reflection;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Protocols.Tests.Recorded;

/// <summary>No recording is left out silently: each is a row of some test here, or its kind is named below with the reason.</summary>
public sealed class EveryRecordingTests
{
    private static readonly (Func<RecordedCase, bool> Is, string Reason)[] Elsewhere =
    [
        (c => c.Provider is "a2a" or "mcp", "tools and agents, which are no calls of models"),
        (c => c.Endpoint.StartsWith("other:", StringComparison.Ordinal) || c.Endpoint is "models" or "predict" or "ocr" or "api-generate",
            "not a call that the gateway translates: it is relayed"),
        (c => c.Endpoint is "interactions" or "v1-chat", "older or other formats of Google and Cohere; they are relayed"),
        (c => c.Endpoint is "invoke" or "invoke-with-response-stream", "Bedrock's formats of single makers; the gateway speaks Converse"),
        (c => c.Endpoint is "completions", "replayed byte for byte through the gateway (WireReplayTests)"),
        (c => c.Endpoint.StartsWith("audio/", StringComparison.Ordinal) || c.Endpoint.StartsWith("images/", StringComparison.Ordinal) || c.Endpoint is "moderations",
            "relayed by model (MediaTests)"),
        (c => c.Endpoint is "files" or "uploads" or "batches" or "messages/batches" or "containers" or "conversations" or "vector_stores" or "cachedContents",
            "objects at the provider, relayed (ObjectTests)"),
        (c => c.Endpoint is "websocket" or "realtime", "sessions (RealtimeTests)"),
        (c => c.Endpoint is "responses/compact" or "responses/input_tokens" or "countTokens", "no conversation is answered: a count, or a shorter conversation"),
        (c => c.Id.StartsWith("openai/chat-completions-chatmetadata-", StringComparison.Ordinal)
            || c.Id.StartsWith("openai/chat-completions-getchatcompletion", StringComparison.Ordinal)
            || c.Id.StartsWith("openai/responses-allinstructionmethodswork-", StringComparison.Ordinal)
            || c.Id == "openai/responses-functioncallworks-2", "GET: reads what the provider keeps"),
        (c => c.Id.StartsWith("bedrock/converse-stream-amazon-bedrock-json-", StringComparison.Ordinal), "recorded without its framing"),
        (c => c.Id is "azure/responses-azure-deepseek-reasoning-1-0" or "cohere/v2-chat-cohere-embedding-0" or "vertex/generateContent-unary-failure-invalid-response-0",
            "not what its endpoint says: a chat answer, an embedding, an answer that is invalid on purpose"),
    ];

    [Fact]
    public void Every_recording_is_a_row_of_a_test_or_of_a_kind_that_is_tested_elsewhere()
    {
        Require.Present(SharedData.IsPresent("wire.tar.gz"), "the recorded traffic");
        var rows = typeof(EveryRecordingTests).Assembly.GetTypes().Where(type => !type.ContainsGenericParameters)
            .SelectMany(type => type.GetMembers(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
            .SelectMany(RowsOf)
            .ToHashSet(StringComparer.Ordinal);

        var left = RecordedCases.All.Where(c => !rows.Contains(c.Id) && !Array.Exists(Elsewhere, kind => kind.Is(c))).ToList();

        Assert.Equal(1251, RecordedCases.All.Count);
        Assert.True(left.Count == 0, $"{left.Count}: " + string.Join('\n', left.GroupBy(c => (c.Provider, c.Endpoint, c.Kind, c.IsSuccess)).Select(g => $"{g.Key} {g.Count()} {g.First().Id}")));
        Assert.All(Elsewhere, kind => Assert.True(RecordedCases.All.Any(c => !rows.Contains(c.Id) && kind.Is(c)), kind.Reason));
    }

    private static IEnumerable<string> RowsOf(MemberInfo member)
    {
        var data = member switch
        {
            MethodInfo { ContainsGenericParameters: false } method when method.ReturnType == typeof(TheoryData<string>) && method.GetParameters().Length == 0 => method.Invoke(null, null),
            PropertyInfo property when property.PropertyType == typeof(TheoryData<string>) => property.GetValue(null),
            FieldInfo field when field.FieldType == typeof(TheoryData<string>) => field.GetValue(null),
            _ => null,
        };
        return data is TheoryData<string> rows ? rows.Select(row => row.Data) : [];
    }
}
