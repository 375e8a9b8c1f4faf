using Gatehouse.Protocols.Chat;

namespace Gatehouse.Protocols.Dialects.Ollama;

/// <summary>
/// The calls of the last turn that wait for their results. A result names its call by an id, by the tool's name, and mostly not at all: then
/// the first call that waits is meant.
/// </summary>
internal sealed class OllamaOpenCalls
{
    private readonly Dictionary<string, ToolCallPart> _waiting = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Queue<ToolCallPart>> _byName = new(StringComparer.Ordinal);
    private readonly Queue<ToolCallPart> _inOrder = [];

    /// <summary>Another turn: what was not answered stays so.</summary>
    public void Begin(IEnumerable<ToolCallPart> calls)
    {
        _waiting.Clear();
        _byName.Clear();
        _inOrder.Clear();
        foreach (var call in calls)
        {
            _waiting[call.Id] = call;
            _inOrder.Enqueue(call);
            if (!_byName.TryGetValue(call.Name, out var named))
            {
                _byName[call.Name] = named = [];
            }

            named.Enqueue(call);
        }
    }

    /// <returns>The id of the call that waits no more; null when none is meant.</returns>
    public string? Answer(string? id, string? name)
    {
        if (id is not null)
        {
            return _waiting.Remove(id) ? id : null;
        }

        var calls = name is null ? _inOrder : _byName.GetValueOrDefault(name);
        while (calls is not null && calls.TryDequeue(out var call))
        {
            if (_waiting.Remove(call.Id))
            {
                return call.Id;
            }
        }

        return null;
    }
}
