using System.Buffers;
using Gatehouse.Protocols.Chat;

namespace Gatehouse.Protocols.Dialects;

/// <summary>What a dialect's targets take as the name of a tool. They refuse the whole request for any other, in words of their own.</summary>
internal sealed class ToolNameRule
{
    private const string Letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";

    private static readonly SearchValues<char> Plain = SearchValues.Create(Letters);
    private static readonly SearchValues<char> Dotted = SearchValues.Create(Letters + ".:");

    /// <summary>"Must be a-z, A-Z, 0-9, or contain underscores and dashes, with a maximum length of 64" (OpenAI, FunctionObject.name).</summary>
    private static readonly ToolNameRule OpenAi = new(64, Plain, "OpenAI takes 1 to 64 letters, digits, '_' and '-'");

    /// <summary>"tools.0.custom.name: String should match pattern '^[a-zA-Z0-9_-]{1,128}$'" (its 400).</summary>
    private static readonly ToolNameRule Anthropic = new(128, Plain, "Anthropic takes 1 to 128 letters, digits, '_' and '-'");

    /// <summary>"Pattern: [a-zA-Z0-9_-]+", at most 64 (ToolSpecification.name).</summary>
    private static readonly ToolNameRule Bedrock = new(64, Plain, "Bedrock takes 1 to 64 letters, digits, '_' and '-'");

    /// <summary>"Must be a-z, A-Z, 0-9, or contain underscores, colons, dots, and dashes, with a maximum length of 128" (FunctionDeclaration.name).</summary>
    private static readonly ToolNameRule Gemini = new(128, Dotted, "Gemini takes 1 to 128 letters, digits, '_', '-', '.' and ':'");

    private readonly int _maxLength;
    private readonly SearchValues<char> _characters;
    private readonly string _words;

    private ToolNameRule(int maxLength, SearchValues<char> characters, string words) => (_maxLength, _characters, _words) = (maxLength, characters, words);

    /// <summary>Null for dialects that take any name.</summary>
    public static ToolNameRule? Of(Dialect target) => target switch
    {
        Dialect.OpenAiChat or Dialect.OpenAiResponses or Dialect.Mistral => OpenAi,
        Dialect.Anthropic => Anthropic,
        Dialect.Bedrock => Bedrock,
        Dialect.Gemini => Gemini,
        _ => null,
    };

    /// <exception cref="UnsupportedException">A tool, or a call of one, has a name that the target does not take.</exception>
    public void Check(ChatRequest request)
    {
        for (var i = 0; i < request.Tools.Count; i++)
        {
            if (request.Tools[i] is FunctionTool tool && !Takes(tool.Name))
            {
                throw new UnsupportedException($"tools[{i}] (a tool named '{tool.Name}': {_words})");
            }
        }

        for (var i = 0; i < request.Messages.Count; i++)
        {
            var parts = request.Messages[i].Parts;
            for (var j = 0; j < parts.Count; j++)
            {
                if (parts[j] is ToolCallPart { IsCustom: false } call && !Takes(call.Name))
                {
                    throw new UnsupportedException($"messages[{i}].content[{j}] (a call of a tool named '{call.Name}': {_words})");
                }
            }
        }
    }

    private bool Takes(string name) => name.Length > 0 && name.Length <= _maxLength && !name.AsSpan().ContainsAnyExcept(_characters);
}
