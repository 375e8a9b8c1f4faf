using System.Buffers;
using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.OpenAi;

/// <summary>
/// Writes streams as OpenAI's chat completions, or as Mistral's: chunks of one delta each, a last one with the reason, one with usage for
/// those who asked, and <c>[DONE]</c>.
/// </summary>
internal sealed class OpenAiChatStreamWriter(AnswerContext context, Dialect dialect) : ChatStreamWriter
{
    private readonly bool _isLegacy = context.Request.UsesLegacyFunctions;
    private readonly Dictionary<int, OpenPart> _parts = [];
    private readonly Dictionary<int, ChoiceState> _choices = [];
    private string _id = $"chatcmpl-{context.Id}";
    private string _model = context.Model;
    private long _created = context.Created;
    private string? _serviceTier;
    private Usage? _usage;
    private bool _isOver;

    public override void Write(ChatStreamEvent streamEvent, IBufferWriter<byte> output)
    {
        if (_isOver)
        {
            return;
        }

        switch (streamEvent)
        {
            case AnswerStarted started:
                // Snowflake's ids are empty.
                _id = started.Id is { Length: > 0 } id ? id : _id;
                _model = started.Model is { Length: > 0 } model ? model : _model;
                _created = started.Created ?? _created;
                _serviceTier = started.ServiceTier;
                _ = ChoiceOf(0, output);
                break;
            case PartStarted started:
                Start(started, output);
                break;
            case PartDelta delta when _parts.TryGetValue(delta.Part, out var part):
                WriteDelta(part, delta, output);
                break;
            case PartSigned signed when _parts.TryGetValue(signed.Part, out var part):
                WriteSignature(part, signed.Signature, output);
                break;
            case PartCited cited when _parts.TryGetValue(cited.Part, out var part) && OpenAiChatResponseWriter.HasForm(cited.Citation, dialect):
                WriteCitation(part, cited.Citation, output);
                break;
            case AudioDelta audio when _parts.TryGetValue(audio.Part, out var part):
                WriteAudio(part, audio, output);
                break;
            case PartEnded ended when _parts.Remove(ended.Part, out var part):
                End(part, output);
                break;
            case ChoiceStopped stopped:
                Stop(stopped, output);
                break;
            case UsageReported reported:
                _usage = _usage?.UpdatedBy(reported.Usage) ?? reported.Usage;
                break;
            case AnswerFailed failed:
                WriteFailure(failed.Error, output);
                break;
            case AnswerEnded:
                Finish(output);
                break;
        }
    }

    public override void TakeBackEnd() => _isOver = false;

    public override void WriteFailure(ChatError error, IBufferWriter<byte> output)
    {
        if (_isOver)
        {
            return;
        }

        _isOver = true;
        var writer = BeginFrame(output);
        // A stream's error has OpenAI's envelope at Mistral too: clients look for "error".
        OpenAiChatErrors.Write(error, writer, Dialect.OpenAiChat);
        // No [DONE]: it is what clients take for a clean ending.
        EndFrame(output);
    }

    private ChoiceState ChoiceOf(int index, IBufferWriter<byte> output)
    {
        if (!_choices.TryGetValue(index, out var choice))
        {
            choice = new ChoiceState(index);
            _choices.Add(index, choice);
            var writer = BeginDelta(choice, output);
            writer.WriteString("role"u8, "assistant"u8);
            writer.WriteString("content"u8, ""u8);
            EndDelta(writer, output);
        }

        return choice;
    }

    private void Start(PartStarted started, IBufferWriter<byte> output)
    {
        var choice = ChoiceOf(started.Choice, output);
        if (choice.HasStopped)
        {
            return;
        }

        var part = new OpenPart(choice, started.Content);
        _parts[started.Part] = part;
        choice.Parts.Add(started.Part);
        switch (started.Content)
        {
            case ToolCallPart call:
                part.Place = choice.Calls++;
                WriteCallStart(part, call, output);
                break;
            case ReasoningPart reasoning:
                part.Place = choice.Thoughts++;
                if (reasoning.IsRedacted && dialect == Dialect.OpenAiChat)
                {
                    var writer = BeginDetails(part, output);
                    OpenAiChatReasoning.WriteDetail(writer, reasoning, part.Place);
                    EndDetails(writer, output);
                }

                break;
            case ImagePart { Source: not { Base64: null, Url: null } } image:
                WriteImage(part, image, output);
                break;
            case OpaquePart opaque when opaque.Dialect == dialect && dialect == Dialect.Mistral:
                WriteOpaque(part, opaque, output);
                break;
            case AudioPart { Source.Base64: not null } audio:
                var delta = BeginDelta(choice, output);
                OpenAiChatResponseWriter.WriteAudio(delta, audio);
                EndDelta(delta, output);
                break;
        }
    }

    private void WriteCallStart(OpenPart part, ToolCallPart call, IBufferWriter<byte> output)
    {
        var writer = BeginDelta(part.Choice, output);
        if (_isLegacy)
        {
            writer.WriteStartObject(OpenAiChatToolCalls.FunctionCall);
            writer.WriteString("name"u8, call.Name);
            writer.WriteString("arguments"u8, ""u8);
            writer.WriteEndObject();
        }
        else
        {
            writer.WriteStartArray("tool_calls"u8);
            writer.WriteStartObject();
            writer.WriteNumber("index"u8, part.Place);
            writer.WriteString("id"u8, call.Id);
            writer.WriteString("type"u8, call.IsCustom ? "custom"u8 : "function"u8);
            writer.WriteStartObject(call.IsCustom ? "custom"u8 : "function"u8);
            writer.WriteString("name"u8, call.Name);
            writer.WriteString(call.IsCustom ? "input"u8 : "arguments"u8, ""u8);
            writer.WriteEndObject();
            OpenAiChatToolCalls.WriteExtraSignature(writer, call.Signature);
            writer.WriteEndObject();
            writer.WriteEndArray();
        }

        EndDelta(writer, output);
    }

    private void WriteDelta(OpenPart part, PartDelta delta, IBufferWriter<byte> output)
    {
        part.HasDelta |= delta.Text.Length > 0;
        switch (part.Content)
        {
            case ToolCallPart call:
                WriteArguments(part, call, delta.Text, output);
                return;
            case ReasoningPart when dialect == Dialect.Mistral:
                WriteThinking(part, delta.Text, output);
                return;
            case TextPart:
                part.Choice.TextLength += delta.Text.Length;
                break;
            case not (RefusalPart or ReasoningPart):
                return;
        }

        var writer = BeginDelta(part.Choice, output);
        switch (part.Content)
        {
            case ReasoningPart:
                writer.WriteString("reasoning_content"u8, delta.Text);
                // The signature that may follow is of use only to a client that has kept the text in the same list.
                writer.WriteStartArray(OpenAiChatReasoning.Details);
                OpenAiChatReasoning.WriteTextDelta(writer, delta.Text, part.Place);
                writer.WriteEndArray();
                break;
            case RefusalPart:
                writer.WriteString("refusal"u8, delta.Text);
                break;
            default:
                writer.WriteString("content"u8, delta.Text);
                break;
        }

        EndDelta(writer, output, null, delta.Logprobs);
    }

    private void WriteArguments(OpenPart part, ToolCallPart call, string text, IBufferWriter<byte> output)
    {
        var writer = BeginDelta(part.Choice, output);
        if (_isLegacy)
        {
            writer.WriteStartObject(OpenAiChatToolCalls.FunctionCall);
            writer.WriteString("arguments"u8, text);
            writer.WriteEndObject();
        }
        else
        {
            writer.WriteStartArray("tool_calls"u8);
            writer.WriteStartObject();
            writer.WriteNumber("index"u8, part.Place);
            writer.WriteStartObject(call.IsCustom ? "custom"u8 : "function"u8);
            writer.WriteString(call.IsCustom ? "input"u8 : "arguments"u8, text);
            writer.WriteEndObject();
            writer.WriteEndObject();
            writer.WriteEndArray();
        }

        EndDelta(writer, output);
    }

    private void WriteThinking(OpenPart part, string text, IBufferWriter<byte> output)
    {
        var writer = BeginDelta(part.Choice, output);
        writer.WriteStartArray("content"u8);
        writer.WriteStartObject();
        OpenAiChatContentWriter.WriteThinking(writer, new ReasoningPart { Text = text });
        writer.WriteEndObject();
        writer.WriteEndArray();
        EndDelta(writer, output);
    }

    private void WriteOpaque(OpenPart part, OpaquePart opaque, IBufferWriter<byte> output)
    {
        var writer = BeginDelta(part.Choice, output);
        writer.WriteStartArray("content"u8);
        writer.WriteElement(opaque.Value);
        writer.WriteEndArray();
        EndDelta(writer, output);
    }

    private void WriteSignature(OpenPart part, Signature signature, IBufferWriter<byte> output)
    {
        if (dialect == Dialect.Mistral || _isLegacy)
        {
            return;
        }

        switch (part.Content)
        {
            case ReasoningPart:
                var details = BeginDetails(part, output);
                OpenAiChatReasoning.WriteSignatureDelta(details, signature, part.Place);
                EndDetails(details, output);
                break;
            case ToolCallPart:
                var call = BeginDelta(part.Choice, output);
                call.WriteStartArray("tool_calls"u8);
                call.WriteStartObject();
                call.WriteNumber("index"u8, part.Place);
                OpenAiChatToolCalls.WriteExtraSignature(call, signature);
                call.WriteEndObject();
                call.WriteEndArray();
                EndDelta(call, output);
                break;
            case TextPart:
                var text = BeginDelta(part.Choice, output);
                OpenAiChatToolCalls.WriteExtraSignature(text, signature);
                EndDelta(text, output);
                break;
        }
    }

    private void WriteCitation(OpenPart part, Citation citation, IBufferWriter<byte> output)
    {
        var writer = BeginDelta(part.Choice, output);
        writer.WriteStartArray("annotations"u8);
        OpenAiChatResponseWriter.WriteAnnotation(writer, citation, dialect, part.TextStart, part.Choice.TextLength);
        writer.WriteEndArray();
        EndDelta(writer, output);
    }

    private void WriteAudio(OpenPart part, AudioDelta audio, IBufferWriter<byte> output)
    {
        var writer = BeginDelta(part.Choice, output);
        writer.WriteStartObject("audio"u8);
        writer.WriteOptional("id", audio.Id);
        writer.WriteOptional("data", audio.Base64);
        writer.WriteOptional("transcript", audio.Transcript);
        writer.WriteOptional("expires_at", audio.ExpiresAt);
        writer.WriteEndObject();
        EndDelta(writer, output);
    }

    private void WriteImage(OpenPart part, ImagePart image, IBufferWriter<byte> output)
    {
        var writer = BeginDelta(part.Choice, output);
        writer.WriteStartArray("images"u8);
        writer.WriteStartObject();
        writer.WriteString("type"u8, "image_url"u8);
        writer.WriteStartObject("image_url"u8);
        DataUrl.Write(writer, "url", image.Source, "image/png");
        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.WriteEndArray();
        EndDelta(writer, output);
    }

    private void End(OpenPart part, IBufferWriter<byte> output)
    {
        // Clients parse the arguments: no arguments are an empty object.
        if (part.Content is ToolCallPart { IsCustom: false } call && !part.HasDelta)
        {
            WriteArguments(part, call, "{}", output);
        }
    }

    private void Stop(ChoiceStopped stopped, IBufferWriter<byte> output)
    {
        var choice = ChoiceOf(stopped.Choice, output);
        if (choice.HasStopped)
        {
            return;
        }

        EndParts(choice, output);
        choice.HasStopped = true;
        var isLegacy = _isLegacy || stopped.Stop.Raw == OpenAiChatStop.FunctionCall;
        var writer = BeginDelta(choice, output);
        EndDelta(writer, output, OpenAiChatStop.WordOf(stopped.Stop, choice.Calls > 0, isLegacy, dialect));
    }

    /// <summary>Parts that were not said to have ended: nothing comes behind the reason.</summary>
    private void EndParts(ChoiceState choice, IBufferWriter<byte> output)
    {
        foreach (var number in choice.Parts)
        {
            if (_parts.Remove(number, out var part))
            {
                End(part, output);
            }
        }
    }

    private void Finish(IBufferWriter<byte> output)
    {
        // Clients take an answer without a reason for one that was cut off.
        if (_choices.Count == 0)
        {
            _ = ChoiceOf(0, output);
        }

        foreach (var choice in _choices.Keys.Order().ToList())
        {
            Stop(new ChoiceStopped(choice, new Stop(StopReason.EndTurn, null)), output);
        }

        if (_usage is { } usage && (context.Request.IncludeUsage || dialect == Dialect.Mistral))
        {
            var writer = BeginChunk(output);
            writer.WriteStartArray("choices"u8);
            writer.WriteEndArray();
            OpenAiChatUsage.Write(writer, usage);
            writer.WriteEndObject();
            EndFrame(output);
        }

        _isOver = true;
        output.Write("data: [DONE]\n\n"u8);
    }

    private Utf8JsonWriter BeginChunk(IBufferWriter<byte> output)
    {
        var writer = BeginFrame(output);
        writer.WriteStartObject();
        writer.WriteString("id"u8, _id);
        writer.WriteString("object"u8, "chat.completion.chunk"u8);
        writer.WriteNumber("created"u8, _created);
        writer.WriteString("model"u8, _model);
        if (_serviceTier is not null && dialect == Dialect.OpenAiChat)
        {
            writer.WriteString("service_tier"u8, _serviceTier);
        }

        return writer;
    }

    private Utf8JsonWriter BeginDelta(ChoiceState choice, IBufferWriter<byte> output)
    {
        var writer = BeginChunk(output);
        writer.WriteStartArray("choices"u8);
        writer.WriteStartObject();
        writer.WriteNumber("index"u8, choice.Index);
        writer.WriteStartObject("delta"u8);
        return writer;
    }

    private void EndDelta(Utf8JsonWriter writer, IBufferWriter<byte> output, string? finishReason = null, JsonElement? logprobs = null)
    {
        writer.WriteEndObject();
        if (logprobs is { } value)
        {
            writer.WritePropertyName("logprobs"u8);
            writer.WriteElement(value);
        }

        writer.WriteString("finish_reason"u8, finishReason);
        writer.WriteEndObject();
        writer.WriteEndArray();
        writer.WriteEndObject();
        EndFrame(output);
    }

    private Utf8JsonWriter BeginDetails(OpenPart part, IBufferWriter<byte> output)
    {
        var writer = BeginDelta(part.Choice, output);
        writer.WriteStartArray(OpenAiChatReasoning.Details);
        return writer;
    }

    private void EndDetails(Utf8JsonWriter writer, IBufferWriter<byte> output)
    {
        writer.WriteEndArray();
        EndDelta(writer, output);
    }

    private sealed class ChoiceState(int index)
    {
        public int Index { get; } = index;

        public int Calls { get; set; }

        public int Thoughts { get; set; }

        public int TextLength { get; set; }

        public bool HasStopped { get; set; }

        /// <summary>The numbers of its parts, of which some have ended.</summary>
        public List<int> Parts { get; } = [];
    }

    private sealed class OpenPart(ChoiceState choice, Part content)
    {
        public ChoiceState Choice { get; } = choice;

        public Part Content { get; } = content;

        /// <summary>Among the choice's calls, or among its thoughts.</summary>
        public int Place { get; set; }

        public int TextStart { get; } = choice.TextLength;

        public bool HasDelta { get; set; }
    }
}
