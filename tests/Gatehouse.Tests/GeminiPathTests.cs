using Gatehouse.Ingress;
using Gatehouse.Pipeline;

namespace Gatehouse.Tests;

public sealed class GeminiPathTests
{
    [Theory]
    [InlineData("/v1beta/models/gemini-3:generateContent")]
    [InlineData("/v1/models/google/gemini-3:streamGenerateContent")]
    [InlineData("/v1beta/google/gemini-3:generateContent")] // as Vercel's AI SDK writes a model with a slash
    public void A_model_and_a_verb_are_a_conversation(string path) => Assert.Same(Operation.GenerateContent, GeminiIngress.OperationOf(path));

    [Theory]
    [InlineData("/v1beta/models/gemini-3:unknown")]
    [InlineData("/v1beta/models/gemini-3")]
    [InlineData("/v12/gemini-3:generateContent")]
    [InlineData("/gemini-3:generateContent")]
    public void Anything_else_is_not(string path) => Assert.Null(GeminiIngress.OperationOf(path));
}
