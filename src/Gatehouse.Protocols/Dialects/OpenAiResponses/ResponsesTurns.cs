using System.Globalization;
using System.Text.Json;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Json;

namespace Gatehouse.Protocols.Dialects.OpenAiResponses;

/// <summary>
/// Puts the items of an input together to turns: what the model said, thought and called in a row is one assistant turn, as other dialects
/// have it, and results of tools in a row are one user turn. <see cref="Part.Item"/> keeps where one item ends and the next begins.
/// </summary>
internal sealed class ResponsesTurns
{
    private readonly List<ChatMessage> _messages = [];
    private List<Part>? _run;
    private Role _runRole;

    public void AddInstructions(string text) =>
        _messages.Add(new ChatMessage(Role.System, [new TextPart(text)]) { IsPlainText = true });

    /// <summary>The whole input as one string.</summary>
    public void AddInput(string text) => _messages.Add(new ChatMessage(Role.User, [new TextPart(text)]) { IsPlainText = true });

    /// <exception cref="MalformedException">It has neither a type nor a role, or lacks what its type needs.</exception>
    public void Add(JsonElement item, int index)
    {
        var place = $"input[{index.ToString(CultureInfo.InvariantCulture)}]";
        if (item.ValueKind != JsonValueKind.Object)
        {
            throw new MalformedException(place, $"'{place}' must be an object");
        }

        if (ResponsesItemReader.IsMessage(item) && ResponsesItemReader.RoleOf(item) is { } role && role != Role.Assistant)
        {
            EndRun();
            var parts = new List<Part>();
            ResponsesItemReader.ReadMessage(item, role, place, parts);
            _messages.Add(new ChatMessage(role, parts)
            {
                IsPlainText = item.Member("content")?.ValueKind == JsonValueKind.String,
                ItemId = item.Text("id"),
            });
            return;
        }

        var runRole = ResponsesItemReader.IsOfUser(item) ? Role.User : Role.Assistant;
        if (_run is null || _runRole != runRole)
        {
            EndRun();
            _run = [];
            _runRole = runRole;
        }

        ResponsesItemReader.Read(item, place, _run);
    }

    public List<ChatMessage> ToMessages()
    {
        EndRun();
        return _messages;
    }

    private void EndRun()
    {
        if (_run is null)
        {
            return;
        }

        ResponsesSignatures.Attach(_run);
        var isPlain = _run is [TextPart { Item.Type: "message" } text] && ResponsesItemReader.IsPlain(text);
        _messages.Add(new ChatMessage(_runRole, _run) { IsPlainText = isPlain });
        _run = null;
    }
}
