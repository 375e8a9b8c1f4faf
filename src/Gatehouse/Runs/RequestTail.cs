namespace Gatehouse.Runs;

/// <summary>What the end of a conversation says, as hashes: the last turn of the model, and what followed it.</summary>
/// <param name="Conversation">Of the first message of the user: agents that work side by side in a run are told apart by it.</param>
/// <param name="Key">
/// Of the calls of tools with their arguments and of their results, in whatever order; where no tool was called, of the model's text; and of what
/// the user said then. Ids, thoughts and marks for caches are not in it.
/// </param>
/// <param name="Lines">Of the lines of the model's text, where it called no tool; empty where there is too little of it to tell.</param>
internal sealed record RequestTail(ulong Conversation, ulong Key, ulong[] Lines);
