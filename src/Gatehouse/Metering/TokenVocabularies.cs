using Gatehouse.Configuration.Binding;
using Gatehouse.Protocols.Tokens;

namespace Gatehouse.Metering;

/// <summary>The vocabularies of <c>metering.vocabularies</c>; both together take some 20 MB.</summary>
internal sealed class TokenVocabularies
{
    private const string Key = "metering.vocabularies";

    private static readonly string[] Extensions = [".tiktoken", ".json"];

    private readonly string? _folder;
    private readonly DateTime _changed;
    private readonly BytePairTokenizer? _o200k;
    private readonly BytePairTokenizer? _cl100k;

    private TokenVocabularies(string? folder, DateTime changed, BytePairTokenizer? o200k, BytePairTokenizer? cl100k) =>
        (_folder, _changed, _o200k, _cl100k) = (folder, changed, o200k, cl100k);

    /// <param name="options">Where the vocabularies are.</param>
    /// <param name="previous">Stays when it is of the same files.</param>
    /// <param name="errors">Gets a folder that has none, and files that are none.</param>
    public static TokenVocabularies Load(MeteringOptions options, TokenVocabularies? previous, ConfigurationErrors errors)
    {
        if (options.Vocabularies is not { } folder)
        {
            return new(null, default, null, null);
        }

        var (o200k, cl100k) = (FileOf(folder, "o200k_base"), FileOf(folder, "cl100k_base"));
        if (o200k is null && cl100k is null)
        {
            errors.Add(Key, $"'{folder}' has neither o200k_base nor cl100k_base, as .tiktoken or .json; tools/vocabularies.sh fetches them");
            return new(folder, default, null, null);
        }

        var changed = new[] { o200k, cl100k }.Max(file => file is null ? default : File.GetLastWriteTimeUtc(file));
        return previous?._folder == folder && previous._changed == changed
            ? previous
            : new(folder, changed, Read(o200k, BytePairSplit.O200k, errors), Read(cl100k, BytePairSplit.Cl100k, errors));
    }

    /// <summary>The tokenizer of a model; null when it is none of OpenAI's, or its vocabulary is not there.</summary>
    /// <param name="model">A provider's name of it: <c>gpt-4o-mini</c>, <c>openai/gpt-5</c>.</param>
    public BytePairTokenizer? Of(string model)
    {
        var name = model.AsSpan(model.LastIndexOf('/') + 1);
        return name is "gpt-4" || StartsWithAny(name, "gpt-4-", "gpt-3.5", "gpt-35") ? _cl100k
            : StartsWithAny(name, "gpt-", "chatgpt-", "codex-", "o1", "o3", "o4") ? _o200k
            : null;
    }

    private static bool StartsWithAny(ReadOnlySpan<char> name, params ReadOnlySpan<string> beginnings)
    {
        foreach (var beginning in beginnings)
        {
            if (name.StartsWith(beginning, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }

    private static string? FileOf(string folder, string name) =>
        Extensions.Select(extension => Path.Combine(folder, name + extension)).FirstOrDefault(File.Exists);

    private static BytePairTokenizer? Read(string? file, BytePairSplit split, ConfigurationErrors errors)
    {
        try
        {
            if (file is not null)
            {
                using var stream = File.OpenRead(file);
                return BytePairTokenizer.Read(stream, split);
            }
        }
        catch (Exception exception) when (exception is InvalidDataException or IOException or UnauthorizedAccessException)
        {
            errors.Add(Key, $"{file} cannot be used: {exception.Message}");
        }

        return null;
    }
}
