using System.Buffers;

namespace Gatehouse.Routing.Traits;

/// <summary>
/// What stands in a text, counted. Words are beginnings of words in English, German, French and Spanish, and whole ones in Chinese and Japanese,
/// found without regard to case; a word of another language counts nothing, so a request in it is judged by its form and size.
/// </summary>
internal sealed class TextFeatures(string text)
{
    /// <summary>From here on scripts are written without spaces between words.</summary>
    private const char FirstWithoutSpaces = '\u2E80';

    /// <summary>More would count no more.</summary>
    private const int MaxCount = 16;

    private static readonly SearchValues<string> Reasoning = Words(
        "prove ", "proof", "step by step", "step-by-step", "think carefully", "think through", "reason about", "reason through", "derive ", "deduce", "trade-off", "tradeoff",
        "root cause", "pros and cons", "justify", "rigorous", "counterexample", "chain of thought", "explain your reasoning", "show your work", "show that ", "weigh the",
        "first principles", "critically", "evaluate whether", "from every angle",
        "beweise", "schritt für schritt", "begründe", "leite her", "abwäg", "ursachenanalyse",
        "démontre", "étape par étape", "raisonne", "justifie",
        "demuestra", "paso a paso", "razona", "justifica",
        "证明", "一步一步", "逐步", "推导", "推理", "証明", "段階的");

    private static readonly SearchValues<string> Code = Words(
        "def ", "class ", "function ", "public ", "private ", "return ", "import ", "#include", "const ", "select ", "=> ", "();", "){", ") {", "null", "async ", "await ",
        "struct ", "println", "printf", "console.log", "refactor", "unit test", "compile", "bug ", "debug", "regex", "api ", "python", "javascript", "typescript", "c++", "rust ",
        "golang", "sql", "代码", "函数", "コード");

    private static readonly SearchValues<string> Trace = Words(
        "traceback (most recent", "\n  at ", "\n    at ", "\tat ", "stack trace", "stacktrace", "exception", "error:", "panic:", "segmentation fault", "segfault", "core dump",
        "undefined reference", "is not defined", "nullpointer", "deadlock", "race condition", "memory leak", "timed out");

    private static readonly SearchValues<string> Mathematics = Words(
        "\\frac", "\\int", "\\sum", "\\sqrt", "$$", "\\(", "∫", "∑", "√", "≤", "≥", "∂", "∞", "^2", "^n", "x²", "equation", "integral", "derivative", "probability", "theorem",
        "lemma", "matrix", "eigenvalue", "polynomial", "modulo", "prime number", "permutation", "combinatori", "logarithm", "calculus", "solve for", "factorial", "inequality",
        "induction", "irrational", "converge", "gleichung", "ableitung", "wahrscheinlichkeit", "équation", "dérivée", "probabilité", "ecuación", "derivada", "probabilidad", "方程", "积分", "概率", "微分", "確率");

    private static readonly SearchValues<string> Technical = Words(
        "architect", "algorithm", "distributed", "concurren", "consisten", "scalab", "latency", "throughput", "optimi", "complexity", "encryption", "cryptograph", "kubernetes",
        "microservice", "schema", "migration", "transaction", "compiler", "protocol", "replicat", "partition", "sharding", "consensus", "idempoten", "thread", "mutex", "vulnerab",
        "regression", "hypothes", "statistic", "causal", "quantum", "neural", "gradient", "differential", "diagnos", "clinical", "liabilit", "jurisdiction", "statut", "valuation",
        "amortiz", "hedg", "architektur", "verteilte", "nebenläufig", "skalier", "distribué", "algorithme", "distribuid", "algoritmo", "arquitectura", "算法", "分布式", "架构", "アルゴリズム");

    private static readonly SearchValues<string> Sequence = Words(
        "first,", "second,", "third,", "then ", "finally", "after that", "next,", "step 1", "step 2", "step 3", "additionally", "make sure", "must ", "at least", "at most",
        "as well as", "zuerst", "danach", "schließlich", "außerdem", "d'abord", "ensuite", "enfin", "primero", "luego", "después", "finalmente", "首先", "然后", "最后", "まず", "次に", "最後に");

    private static readonly SearchValues<string> Questions = Words(
        "why ", "how ", "compare", "contrast", "analy", "evaluate", "design", "explain", "implement", "investigat", "plan ", "what if", "warum", "wieso", "vergleiche", "erkläre",
        "entwirf", "pourquoi", "comment ", "explique", "por qué", "cómo", "compara", "explica", "diseña", "为什么", "如何", "比较", "分析", "なぜ", "比較");

    private static readonly SearchValues<string> Simple = Words(
        "hello", "hi ", "hi!", "hey", "thanks", "thank you", "good morning", "what is ", "what's ", "who is ", "when is ", "when was ", "where is ", "define ", "translate", "spell ",
        "capital of", "how many ", "hallo", "danke", "guten ", "was ist ", "wer ist ", "übersetze", "bonjour", "merci", "qu'est-ce", "traduis", "hola", "gracias", "qué es", "traduce",
        "你好", "谢谢", "什么是", "翻译", "こんにちは", "ありがとう");

    public int Length => text.Length;

    public int ReasoningWords { get; } = Count(text, Reasoning);

    public int CodeFences { get; } = text.AsSpan().Count("```");

    public int CodeWords { get; } = Count(text, Code);

    public int TraceWords { get; } = Count(text, Trace);

    public int MathWords { get; } = Count(text, Mathematics);

    public int TechnicalWords { get; } = Count(text, Technical);

    public int SequenceWords { get; } = Count(text, Sequence);

    public int QuestionWords { get; } = Count(text, Questions);

    public int SimpleWords { get; } = Count(text, Simple);

    public int QuestionMarks { get; } = text.AsSpan().Count('?') + text.AsSpan().Count('？');

    /// <summary>Lines that begin as items of a list do: <c>1.</c>, <c>2)</c>, <c>-</c>, <c>*</c>.</summary>
    public int ListLines { get; } = CountListLines(text);

    private static SearchValues<string> Words(params ReadOnlySpan<string> words) => SearchValues.Create(words, StringComparison.OrdinalIgnoreCase);

    private static int Count(ReadOnlySpan<char> text, SearchValues<string> words)
    {
        var count = 0;
        var at = 0;
        while (count < MaxCount && text[at..].IndexOfAny(words) is >= 0 and var found)
        {
            at += found;
            if (at == 0 || !char.IsLetterOrDigit(text[at - 1]) || !char.IsLetter(text[at]) || text[at] >= FirstWithoutSpaces)
            {
                count++;
            }

            at++;
        }

        return count;
    }

    private static int CountListLines(ReadOnlySpan<char> text)
    {
        var count = 0;
        foreach (var line in text.EnumerateLines())
        {
            var start = line.TrimStart();
            var digits = start.IndexOfAnyExceptInRange('0', '9');
            count += digits switch
            {
                0 => start.StartsWith("- ", StringComparison.Ordinal) || start.StartsWith("* ", StringComparison.Ordinal) || start.StartsWith("• ", StringComparison.Ordinal) ? 1 : 0,
                1 or 2 => start[digits] is '.' or ')' && start.Length > digits + 1 && start[digits + 1] == ' ' ? 1 : 0,
                _ => 0,
            };
        }

        return count;
    }
}
