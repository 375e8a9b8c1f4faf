using System.Buffers;
using System.Collections.Frozen;
using System.Text.Json;
using Gatehouse.Pipeline;

namespace Gatehouse.Routing.Traits;

/// <summary>
/// What routing may know of a request's body, read in one pass over the caller's bytes. Nothing in it fails: what is not there, or is not
/// what the caller's dialect has in that place, is as if it were not there. Of members with the same name the last one counts, as everywhere.
/// </summary>
internal sealed class RequestTraits
{
    /// <summary>As deep as the envelope takes a body.</summary>
    public static readonly JsonReaderOptions ReaderOptions = new() { MaxDepth = 512 };

    private string? _lastUserText;
    private FrozenDictionary<string, string>? _metadata;

    public long BodyBytes { get; init; }

    /// <summary>
    /// Estimate of texts, names, arguments and schemas by their words, and 1,000 for an image, a sound, a video or a file; the measure of
    /// <see cref="Upstream.Translation.TokenEstimate"/>. At least 1.
    /// </summary>
    public int InputTokens { get; init; } = 1;

    /// <summary>The cap that the caller has put on the output of one choice, in tokens; null for none.</summary>
    public int? MaxOutputTokens { get; init; }

    /// <summary>Answers wanted at once (<c>n</c>, <c>candidateCount</c>).</summary>
    public int Choices { get; init; } = 1;

    public Modalities Modalities { get; init; }

    /// <summary>Tools are offered, or were used in an earlier turn.</summary>
    public bool UsesTools { get; init; }

    /// <summary>Tools that are offered; functions are counted one by one, whatever they are grouped in.</summary>
    public int ToolCount { get; init; }

    /// <summary>The answer has to follow a JSON schema.</summary>
    public bool WantsStructuredOutput { get; init; }

    /// <summary>The caller asks the model to think, by an effort or a budget other than none.</summary>
    public bool WantsReasoning { get; init; }

    public bool IsStream { get; init; }

    /// <summary>Messages (items, contents) other than those of the system or developer.</summary>
    public int TurnCount { get; init; }

    /// <summary>
    /// The end user that the caller names: <c>safety_identifier</c>, else <c>user</c>; Anthropic <c>metadata.user_id</c>. At most
    /// <see cref="TraitsReader.MaxValueBytes"/> long; a longer one is none.
    /// </summary>
    public string? User { get; init; }

    /// <summary>
    /// Hash of the beginning of the conversation: the tools, the system's text, and the messages up to the first of the user, with
    /// <c>prompt_cache_key</c> where the caller gives one. It is the same in every turn of a conversation that grows at its end, whatever the
    /// order of the body's members, its white space and its escapes; <c>cache_control</c>, which wanders with the turns, is not in it.
    /// 0 when there is no such beginning. Why no more of it: a provider's prompt cache is warm for what came before, and what
    /// tells conversations apart is said by then; more would change with the turns. Of each text the first 8 KiB and the length count.
    /// </summary>
    public ulong PromptPrefix { get; init; }

    /// <summary>Where the last message of the user that has text begins; -1 for none.</summary>
    public long LastUserOffset { get; init; } = -1;

    /// <summary>Where the value of <c>metadata</c> (Gemini: <c>labels</c>) begins; -1 for none.</summary>
    public long MetadataOffset { get; init; } = -1;

    /// <summary>The traits of a request as the ingress read it.</summary>
    public static RequestTraits Of(Operation operation, ModelRequest request) =>
        request.Envelope is null ? new() { BodyBytes = request.Body.Length, IsStream = request.IsStream } : Read(operation, request.Body, request.IsStream);

    /// <param name="operation">Tells the dialect, and whether the body is a conversation.</param>
    /// <param name="body">The whole body. It is not kept.</param>
    /// <param name="isStream">A stream is asked for, whatever the body says: Gemini's path does.</param>
    public static RequestTraits Read(Operation operation, in ReadOnlySequence<byte> body, bool isStream = false) =>
        new TraitsReader(body, operation.Dialect, isConversation: operation.IsChat || operation.CountsTokens).Read(body.Length, isStream);

    /// <summary>
    /// The end of what the user said last, at most 4 KiB of UTF-8; empty when there is none. Read when it is first asked for.
    /// </summary>
    /// <param name="body">The body that the traits are of: it has to be there still, and is not kept here, as its buffers go to others.</param>
    public string LastUserText(in ReadOnlySequence<byte> body) =>
        _lastUserText ?? (LastUserOffset < 0 || body.Length != BodyBytes ? "" : _lastUserText = UserText.Read(body.Slice(LastUserOffset)));

    /// <summary>
    /// The texts among the caller's <c>metadata</c> (Gemini on Vertex AI: <c>labels</c>). At most 64, with names and values of at most
    /// <see cref="TraitsReader.MaxValueBytes"/>; others are left out. Read when it is first asked for.
    /// </summary>
    /// <param name="body">As for <see cref="LastUserText"/>.</param>
    public IReadOnlyDictionary<string, string> Metadata(in ReadOnlySequence<byte> body) =>
        _metadata ?? (MetadataOffset < 0 || body.Length != BodyBytes
            ? FrozenDictionary<string, string>.Empty
            : _metadata = MetadataReader.Read(body.Slice(MetadataOffset)).ToFrozenDictionary(StringComparer.Ordinal));
}
