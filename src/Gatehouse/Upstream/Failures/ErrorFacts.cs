using Gatehouse.Pipeline;

namespace Gatehouse.Upstream.Failures;

/// <summary>What the body of an error tells, whoever wrote it.</summary>
internal struct ErrorFacts
{
    /// <summary>Of a code or type that says more than a status does.</summary>
    public FailureKind? Word;

    /// <summary>Of a code or type that says what a status says.</summary>
    public FailureKind? CommonWord;

    /// <summary>Of the sentence for people.</summary>
    public FailureKind? Phrase;

    /// <summary>400 to 599: the status as the body has it.</summary>
    public int? Status;

    /// <summary>A field of the request is named as the one at fault, and it is not the model.</summary>
    public bool BlamesField;

    public TimeSpan? RetryDelay;

    /// <summary>What the body says beyond a status. A code counts more than a sentence, which may quote the request.</summary>
    /// <remarks>
    /// DashScope calls its limit of tokens a minute <c>insufficient_quota</c>, like OpenAI an empty account; only the link in its message tells
    /// them apart (help.aliyun.com/zh/model-studio/error-code#token-limit).
    /// </remarks>
    public readonly FailureKind? Told => Word == FailureKind.Billing && Phrase == FailureKind.RateLimited ? Phrase : Word ?? Phrase;
}
