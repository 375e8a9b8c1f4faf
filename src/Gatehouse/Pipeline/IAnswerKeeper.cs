using Gatehouse.Protocols.Chat;

namespace Gatehouse.Pipeline;

/// <summary>Keeps answers that later calls refer to (the Responses API), where the target has no state of its own.</summary>
internal interface IAnswerKeeper
{
    /// <summary>Called with the whole answer before its last piece goes out; what it keeps is written with the exchange's row.</summary>
    void Keep(Exchange exchange, ChatResponse answer, AnswerContext context);
}
