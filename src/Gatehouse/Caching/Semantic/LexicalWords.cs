using System.Collections.Frozen;

namespace Gatehouse.Caching.Semantic;

/// <summary>The words that a lexical form knows. Whatever is not here is compared as it is written.</summary>
internal static class LexicalWords
{
    /// <summary>Begin a question, also after "tell me".</summary>
    public static readonly FrozenSet<string> Questions = Set(
        """
        what who whom whose where when why how which
        was wer wen wem wo wann warum wieso wie welche welcher welches wieviel
        que quoi qui quel quelle quels quelles où quand comment pourquoi combien
        qué quién quiénes dónde cuándo cómo cuál cuáles cuánto cuántos cuánta cuántas
        cosa chi dove quando come perché quale quali quanto quanti quanta quante
        quem onde qual quais quantos quantas
        wat wie waar wanneer waarom hoe welk
        """);

    /// <summary>Begin a question that is answered by yes or no.</summary>
    public static readonly FrozenSet<string> Auxiliaries = Set(
        "is are was were am do does did can could will would shall should may might must has have had ist sind war kann est sont es son è sono");

    /// <summary>What an assistant is asked to do: "can you explain" is "explain", but "can you swim" is no order.</summary>
    public static readonly FrozenSet<string> Requests = Set(
        """
        tell explain give show write help list describe translate summarize find make create provide generate compare define calculate compute convert recommend
        suggest check fix rewrite review solve draft name outline teach count sort extract classify correct proofread analyze remind share compose
        """);

    /// <summary>How a text is written is what it is about: nothing inside it is changed.</summary>
    public static readonly FrozenSet<string> AboutWriting = Set(
        """
        spell spelled spelling misspelled misspelling typo typos letter letters character characters syllable syllables vowel vowels consonant consonants rhyme rhymes rhyming
        uppercase lowercase capitalize capitalise capitalized capitalised capitalization proofread grammar grammatical grammatically punctuation comma commas apostrophe
        pronounce pronounced pronunciation anagram palindrome palindromes acronym reverse reversed repeat echo encode decode base64 hash md5 sha256 regex translate translated
        translation rewrite rephrase paraphrase correct correctly word words string strings phrase sentence contraction article articles synonym synonyms say said buchstabiere
        buchstaben übersetze übersetzen wort wörter traduis traduire traduisez mot mots traduce traducir palabra traduci tradurre parola traduza traduzir palavra vertaal woord
        """);

    /// <summary>Names where they have a capital letter, and other words where they have none.</summary>
    public static readonly FrozenSet<string> NamesByCase = Set(
        """
        polish turkey china march may august apple amazon windows oracle java go rust swift python shell target gap visa mercury mars jordan chad georgia rose will mark bill
        grant frank jack orange nice reading bath cork mobile buffalo phoenix ruby sage slack teams word excel access outlook edge safari chrome spark hive flask spring node react
        angular ember julia dart crystal elm meta alphabet square stripe subway caterpillar dove tide fox pandora job mass lent catholic earth sun moon cuba guinea panama
        titan saturn pluto venus atlas hunter baker smith cook young king brown white black green gray long short rich poor hope faith grace joy dawn summer autumn
        signal zoom discord notion unity unreal blender docker puppet chef salt jenkins storm kite swallow opera brave eagle galaxy surface quest switch wire
        """);

    /// <summary>Names where all of their letters are capital ones.</summary>
    public static readonly FrozenSet<string> AcronymsByCase = Set(
        """
        us it who aids or in me pa ma la id am is as at so no do be by an if on to up we my he era pet cat ram rom sad tan sin cos arm aim ups gas fed can and not all any
        has had may mad mat bad bar base basic care case cobra cap car dare date fast gap gem go hash he hop lamp lisp mass mice nice nut pin pop ship sim solid sole swift wasp what
        """);

    /// <summary>Questions in writing without spaces do not begin with their question word.</summary>
    public static readonly FrozenSet<string> QuestionSigns = Set("什 谁 哪 怎 吗 几 何 誰 か 呢");

    public static readonly FrozenSet<string> Copulas = Set("is are was were ist sind war waren");

    /// <summary>A "please" behind them is what the text is about: "what is the Polish for please".</summary>
    public static readonly FrozenSet<string> BeforeObject = Set("a an the of for to with by and or is are as mean means use using write like call called than not");

    public static readonly FrozenSet<string> Measures = Set("old big tall long far deep high large fast heavy hot cold wide expensive");

    /// <summary>After them an article says nothing: "write a poem", "write poem".</summary>
    public static readonly FrozenSet<string> Makers = Set("write create make generate compose draft build design");

    private static readonly FrozenDictionary<string, string> Replacements = Pairs(
        """
        colour color colours colors favourite favorite behaviour behavior neighbour neighbor honour honor summarise summarize organise organize analyse analyze optimise optimize
        recognise recognize realise realize organisation organization travelling traveling cancelled canceled modelling modeling visualise visualize categorise categorize
        prioritise prioritize customise customize minimise minimize maximise maximize defence defense aluminium aluminum grey gray theatre theater centre center
        two 2 three 3 four 4 five 5 six 6 seven 7 eight 8 nine 9 ten 10 eleven 11 twelve 12 percent % an a
        seperate separate definately definitely recieve receive recieved received occured occurred untill until wich which teh the adress address goverment government
        enviroment environment begining beginning beleive believe neccessary necessary necesary necessary tommorow tomorrow tommorrow tomorrow acheive achieve
        accomodate accommodate comittee committee wierd weird diffrence difference diference difference diffrent different exampel example langauge language lenght length
        explane explain writting writing programing programming algorithim algorithm algoritm algorithm improtant important becuase because becasue because thier their
        freind friend knowlege knowledge buisness business popluation population resturant restaurant restaraunt restaurant recomend recommend reccomend recommend
        funtion function fucntion function databse database pythn python javscript javascript explian explain desribe describe
        """);

    /// <summary>Without their apostrophe they are no other word.</summary>
    private static readonly FrozenDictionary<string, string> Contractions = Pairs(
        """
        whats what_is what's what_is whos who_is who's who_is wheres where_is where's where_is hows how_is how's how_is when's when_is why's why_is that's that_is thats that_is
        there's there_is theres there_is it's it_is he's he_is she's she_is i'm i_am im i_am you're you_are youre you_are we're we_are they're they_are theyre they_are what're what_are
        i've i_have ive i_have you've you_have we've we_have they've they_have i'd i_would you'd you_would i'll i_will you'll you_will we'll we_will they'll they_will
        don't do_not dont do_not doesn't does_not doesnt does_not didn't did_not didnt did_not isn't is_not isnt is_not aren't are_not arent are_not wasn't was_not wasnt was_not
        weren't were_not werent were_not won't will_not can't can_not cant can_not cannot can_not couldn't could_not couldnt could_not shouldn't should_not shouldnt should_not
        wouldn't would_not wouldnt would_not hasn't has_not hasnt has_not haven't have_not havent have_not hadn't had_not mustn't must_not
        """);

    /// <summary>Greetings, dropped where a question, an order or a stop follows.</summary>
    public static readonly string[][] Greetings = Phrases(
        """
        hi there|hello there|hey there|hi|hello|hey|good morning|good afternoon|good evening|greetings|excuse me|sorry|ok|okay|so|well|quick question|one question|i have a question
        |hallo|guten tag|guten morgen|hallo zusammen|entschuldigung|bonjour|salut|bonsoir|excusez-moi|hola|buenos días|buenas tardes|perdón|ciao|salve|buongiorno|scusa|scusi
        |olá|oi|bom dia|boa tarde|hoi|goedemorgen|goedendag|dag
        """);

    public static readonly string[][] Politeness = Phrases(
        "please|pls|plz|kindly|bitte|请 问|す み ま せ ん|s'il te plaît|s'il vous plaît|svp|stp|por favor|per favore|per piacere|alsjeblieft|alstublieft");

    /// <summary>Said before what is asked for; dropped where a question follows.</summary>
    public static readonly string[][] Indirect = Phrases(
        """
        tell me|let me know|i want to know|i would like to know|i would love to know|i need to know|i am wondering|i was wondering|i wonder|do you know|do you happen to know|any idea
        |does anyone know|can someone tell me|could someone tell me|can anyone tell me|can you tell me|could you tell me|would you tell me|can u tell me|i am curious
        |kannst du mir sagen|kannst du mir bitte sagen|können sie mir sagen|können sie mir bitte sagen|könntest du mir sagen|könnten sie mir sagen|sag mir|sagen sie mir|weißt du|wissen sie|ich möchte wissen|ich würde gerne wissen
        |peux-tu me dire|pouvez-vous me dire|pourrais-tu me dire|pourriez-vous me dire|dis-moi|dites-moi|sais-tu
        |puedes decirme|podrías decirme|puede decirme|podría decirme|me puedes decir|dime|sabes|puoi dirmi|potresti dirmi|può dirmi|dimmi|sai dirmi
        |pode me dizer|você pode me dizer|poderia me dizer|podes dizer-me|diga-me|me diga|sabe|kun je me vertellen|kunt u mij vertellen|kan je me vertellen|weet je|vertel me
        """);

    public static readonly string[][] Requesting = Phrases("can you|could you|would you|will you|can u|could u|can you help me|could you help me|help me|can you help me to|could you help me to|help me to");

    /// <summary>Said after a stop.</summary>
    public static readonly string[][] Thanks = Phrases(
        """
        thanks|thank you|thx|thanks a lot|many thanks|thank you very much|thank you so much|thanks so much|thanks in advance|thank you in advance|cheers|danke|vielen dank|danke schön|danke im voraus
        |merci|merci beaucoup|merci d'avance|gracias|muchas gracias|gracias de antemano|grazie|grazie mille|obrigado|obrigada|muito obrigado|bedankt|dank je|dank u|dank je wel|alvast bedankt|谢 谢
        """);

    /// <summary>What a word is compared as: words, separated by "_".</summary>
    /// <param name="isName">Names have one spelling: Earl Grey is not Earl Gray, and the film Seven is no number.</param>
    public static string Plain(string word, bool isName) => Contractions.TryGetValue(word, out var expanded) ? expanded : isName ? word : Replacements.GetValueOrDefault(word, word);

    private static FrozenSet<string> Set(string words) => Split(words).ToFrozenSet(StringComparer.Ordinal);

    private static FrozenDictionary<string, string> Pairs(string words) => Split(words).Chunk(2).ToFrozenDictionary(pair => pair[0], pair => pair[1], StringComparer.Ordinal);

    /// <summary>The longest first: "thank you very much" is not "thank you".</summary>
    private static string[][] Phrases(string phrases) => [.. phrases.Split('|').Select(Split).OrderByDescending(phrase => phrase.Length)];

    private static string[] Split(string words) => words.Split([' ', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries);
}
