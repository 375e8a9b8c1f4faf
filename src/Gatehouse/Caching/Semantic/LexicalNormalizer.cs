using System.Buffers;

namespace Gatehouse.Caching.Semantic;

/// <summary>Takes away what says nothing, from the outside to the inside of a text.</summary>
internal readonly struct LexicalNormalizer
{
    /// <summary>"How do I" needs a word behind it.</summary>
    private const int MinHowTo = 4;

    /// <summary>How far behind "the" an "of" shows that it could be left away.</summary>
    private const int MaxToOf = 4;

    private static readonly SearchValues<char> CodeSigns = SearchValues.Create("\n\r{}\t\\<>|~;");

    private readonly List<LexicalToken> _tokens;

    /// <summary>Whether how it is written is what the text is about.</summary>
    private readonly bool _isAboutWriting;

    private LexicalNormalizer(List<LexicalToken> tokens, bool isAboutWriting) => (_tokens, _isAboutWriting) = (tokens, isAboutWriting);

    public static List<LexicalToken> Normalize(string text)
    {
        if (IsCode(text))
        {
            var trimmed = text.Trim();
            return [new LexicalToken($"\"{trimmed}\"", trimmed, false, IsVerbatim: true)];
        }

        var scanned = LexicalScanner.Scan(text);
        var isAboutWriting = scanned.Any(token => !token.IsVerbatim && LexicalWords.AboutWriting.Contains(token.Written.ToLowerInvariant()));
        var tokens = new List<LexicalToken>(scanned.Count);
        foreach (var token in scanned)
        {
            if (token.IsVerbatim || isAboutWriting)
            {
                tokens.Add(token);
            }
            else
            {
                var plain = LexicalWords.Plain(token.Text, token.IsName && tokens.Count > 0);
                tokens.AddRange(plain == token.Text ? [token] : plain.Split('_').Select(word => token with { Text = word }));
            }
        }

        new LexicalNormalizer(tokens, isAboutWriting).Strip();
        return tokens;
    }

    /// <summary>Lines, indentation and brackets of a program mean something; so do those of a table or a poem.</summary>
    private static bool IsCode(string text) => text.AsSpan().Trim().ContainsAny(CodeSigns) || text.Contains("==", StringComparison.Ordinal) || text.Contains("://", StringComparison.Ordinal);

    private void Strip()
    {
        StripEnd();
        var isIndirect = StripStart();
        StripEnd();
        if (_isAboutWriting)
        {
            // As it was written, but for the first word, which has its capital letter from its place.
            for (var i = 0; i < _tokens.Count; i++)
            {
                var isFirst = i == 0 && (LexicalWords.Requests.Contains(_tokens[i].Text) || IsQuestion(0));
                _tokens[i] = _tokens[i].IsVerbatim || isFirst ? _tokens[i] : _tokens[i] with { Text = _tokens[i].Written };
            }

            return;
        }

        if (isIndirect)
        {
            MoveCopula();
        }

        StripInside();
    }

    private void StripEnd()
    {
        while (true)
        {
            var isStopped = StripStops();
            var isLonger = _tokens.Count > 1;
            if (!(isLonger && (StripLast(LexicalWords.Thanks, needsStop: true) || StripLast(LexicalWords.Politeness, needsStop: _isAboutWriting || !(IsOrder() || BeginsQuestion())))) && !isStopped)
            {
                return;
            }
        }
    }

    private bool StripStops()
    {
        var count = _tokens.Count;
        while (_tokens.Count > 1 && !_tokens[^1].IsVerbatim && _tokens[^1].Text is "." or "?" or "!" or "," or "-")
        {
            // "5!" is a factorial; a statement becomes a question by its sign; in a text about writing the sign may be what it is about.
            var before = _tokens[^2].Text;
            var isMeant = _tokens[^1].Text switch
            {
                "!" => _isAboutWriting || before.Length == 1 || char.IsDigit(before[^1]),
                "?" => before is not ("?" or "!") && !BeginsQuestion() && !StartsAsRequest() && !_tokens.Exists(token => LexicalWords.QuestionSigns.Contains(token.Text)),
                "." => _isAboutWriting && before != ".",
                _ => _tokens[^1].Text == "-",
            };
            if (isMeant)
            {
                break;
            }

            _tokens.RemoveAt(_tokens.Count - 1);
        }

        return _tokens.Count < count;
    }

    private bool StripLast(string[][] phrases, bool needsStop)
    {
        foreach (var phrase in phrases)
        {
            var start = _tokens.Count - phrase.Length;
            if (start > 0 && Stands(phrase, start) && (_tokens[start - 1].Text is "." or "?" or "!" or "," or "-" || (!needsStop && !LexicalWords.BeforeObject.Contains(_tokens[start - 1].Text))))
            {
                _tokens.RemoveRange(start, phrase.Length);
                if (_tokens[^1].Text is "," or "-")
                {
                    _tokens.RemoveAt(_tokens.Count - 1);
                }

                return true;
            }
        }

        return false;
    }

    /// <returns>Whether what is left was an indirect question.</returns>
    private bool StripStart()
    {
        var isIndirect = false;
        bool isChanged;
        do
        {
            var asked = StripFirst(LexicalWords.Indirect, IsQuestion);
            isIndirect |= asked;
            var tokens = this;
            isChanged = asked
                || StripFirst(LexicalWords.Greetings, at => tokens.IsQuestion(at) || LexicalWords.Auxiliaries.Contains(tokens._tokens[at].Text) || tokens.IsOrder(at) || tokens.StartsAny(LexicalWords.Indirect, at) || tokens.StartsAny(LexicalWords.Requesting, at) || tokens.StartsAny(LexicalWords.Politeness, at))
                || StripFirst(LexicalWords.Politeness, _ => true)
                || StripFirst(LexicalWords.Requesting, at => tokens.IsOrder(at) || tokens.StartsAny(LexicalWords.Politeness, at));
        }
        while (isChanged);

        if (_tokens.Count > 2 && !_isAboutWriting && _tokens[0].Text is "write" && _tokens[1].Text is "me" && _tokens[2].Text is "a")
        {
            _tokens.RemoveAt(1);
        }

        return isIndirect;
    }

    /// <param name="mayFollow">What must stand behind the phrase and its stop, if there is one.</param>
    private bool StripFirst(string[][] phrases, Func<int, bool> mayFollow)
    {
        foreach (var phrase in phrases)
        {
            if (_tokens.Count <= phrase.Length || !Stands(phrase, 0))
            {
                continue;
            }

            var next = phrase.Length;
            while (next < _tokens.Count - 1 && _tokens[next] is { IsVerbatim: false, Text: "," or "!" or "." or "-" })
            {
                next++;
            }

            if (mayFollow(next))
            {
                _tokens.RemoveRange(0, next);
                return true;
            }
        }

        return false;
    }

    /// <summary>"What the capital of France is" becomes "what is the capital of France".</summary>
    private void MoveCopula()
    {
        var to = _tokens.Count > 2 && _tokens[0].Text == "how" && LexicalWords.Measures.Contains(_tokens[1].Text) ? 2 : 1;
        if (_tokens.Count > to + 1 && LexicalWords.Copulas.Contains(_tokens[^1].Text) && !LexicalWords.Copulas.Contains(_tokens[to].Text) && (to == 2 || _tokens[0].Text != "how"))
        {
            var copula = _tokens[^1];
            _tokens.RemoveAt(_tokens.Count - 1);
            _tokens.Insert(to, copula);
        }
    }

    private void StripInside()
    {
        for (var i = 0; i + MinHowTo <= _tokens.Count; i++)
        {
            if (_tokens[i].Text == "how" && _tokens[i + 1].Text is "do" or "can" && _tokens[i + 2].Text == "i")
            {
                _tokens.RemoveAt(i + 2);
                _tokens[i + 1] = new LexicalToken("to", "to", false);
            }
        }

        for (var i = _tokens.Count - 2; i > 0; i--)
        {
            if (IsEmptyArticle(i) || IsEmptyComma(i))
            {
                _tokens.RemoveAt(i);
            }
        }
    }

    private bool IsEmptyArticle(int at)
    {
        var isMade = LexicalWords.Makers.Contains(_tokens[at - 1].Text);
        if (_tokens[at] is { IsVerbatim: false, Text: "a" })
        {
            return isMade && IsPlainWord(at + 1);
        }

        if (isMade || _tokens[at] is not { IsVerbatim: false, IsName: false, Text: "the" })
        {
            return false;
        }

        // "What is the time" is not "what is time"; "what is the capital of" is "what is capital of".
        for (var i = at + 1; i < _tokens.Count && i <= at + MaxToOf && IsPlainWord(i); i++)
        {
            if (i > at + 1 && _tokens[i].Text is "of" or "between")
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Before the last of a list, and before a question: "in Python, how ...".</summary>
    private bool IsEmptyComma(int at)
    {
        if (_tokens[at] is not { IsVerbatim: false, Text: "," })
        {
            return false;
        }

        // Of single words only: in "Ann, my boss, and Bob" the comma tells whether the boss is Ann.
        var isList = _tokens[at + 1].Text is "and" or "or";
        if (isList && at > 2 && _tokens[at - 2].Text == ",")
        {
            return true;
        }

        return !isList && _tokens[at + 1].Text is "how" or "what" or "why" && !LexicalWords.Questions.Contains(_tokens[0].Text);
    }

    private bool IsPlainWord(int at) => _tokens[at] is { IsVerbatim: false, IsName: false } token && token.Text.Length > 1 && token.Text.All(char.IsLetter) && token.Text is not ("few" or "little" or "lot" or "bit");

    private bool IsQuestion(int at) => at < _tokens.Count && !_tokens[at].IsVerbatim && (LexicalWords.Questions.Contains(_tokens[at].Text) || (at == 0 && LexicalWords.Auxiliaries.Contains(_tokens[at].Text)));

    /// <summary>With its question word in the first or second place: "in which", "por qué".</summary>
    private bool BeginsQuestion() => IsQuestion(0) || IsQuestion(1);

    private bool IsOrder(int at = 0) => at < _tokens.Count && !_tokens[at].IsVerbatim && LexicalWords.Requests.Contains(_tokens[at].Text);

    private bool StartsAsRequest() =>
        IsOrder() || StartsAny(LexicalWords.Indirect, 0) || StartsAny(LexicalWords.Requesting, 0) || StartsAny(LexicalWords.Politeness, 0) || StartsAny(LexicalWords.Greetings, 0);

    private bool StartsAny(string[][] phrases, int at)
    {
        foreach (var phrase in phrases)
        {
            if (Stands(phrase, at))
            {
                return true;
            }
        }

        return false;
    }

    private bool Stands(string[] phrase, int at)
    {
        for (var i = 0; i < phrase.Length; i++)
        {
            if (at + i >= _tokens.Count || _tokens[at + i].IsVerbatim || _tokens[at + i].Text != phrase[i])
            {
                return false;
            }
        }

        return true;
    }
}
