namespace Gatehouse.Tests.Routing.Semantic;

/// <summary>
/// Branches with examples, and queries that were written without a look at the index: labelled with their branch, or with <c>-</c> where
/// none is right: other subjects, and near misses that share words with a branch and not its meaning. Every second query is the set by which
/// the index was tuned, the others were held back.
/// </summary>
internal static class SemanticCases
{
    public static readonly (string Name, string[] Examples)[] Branches =
    [
        ("billing", [
            "I was charged twice for my subscription", "How do I get a refund for last month's invoice?", "My credit card was declined when paying",
            "Please send me a copy of my invoice", "Cancel my subscription and refund the payment", "Why is my bill higher than last month?",
            "Update the payment method on my account", "I want to downgrade my plan to the cheaper one", "There is an unknown charge on my statement",
            "When will my next payment be due?"]),
        ("code", [
            "Write a Python function that parses a CSV file", "Why does my code throw a NullPointerException?", "Refactor this class to use dependency injection",
            "Fix the bug in this JavaScript loop", "How do I write a unit test for this method?", "Explain this regular expression",
            "Convert this SQL query to an ORM call", "My Docker build fails with an import error", "Write a bash script that renames files", "Review this pull request for race conditions"]),
        ("translation", [
            "Translate this sentence into French", "How do you say good evening in Japanese?", "What is the German word for butterfly?",
            "Please translate the following email to Spanish", "Translate the text below into English", "What does 'gracias' mean in English?",
            "Give me the Italian translation of this paragraph", "How would a native speaker of Portuguese phrase this?", "Translate my resume to Chinese",
            "Is this Russian translation correct?"]),
        ("legal", [
            "Can my landlord evict me without notice?", "Review this non-disclosure agreement", "What is the statute of limitations for fraud?",
            "Draft a cease and desist letter", "Is a verbal contract legally binding?", "What are my rights if I am fired without cause?",
            "Does this clause limit my liability?", "How do I register a trademark?", "Can I sue my neighbour for property damage?", "What does the GDPR say about consent?"]),
        ("travel", [
            "Find me a cheap flight from Berlin to Lisbon", "Which hotels are near the Eiffel Tower?", "Plan a three day trip to Rome",
            "Do I need a visa to travel to Japan?", "What is the best time to visit Iceland?", "Book a train from Paris to Amsterdam",
            "Recommend a family friendly beach resort", "How much luggage can I take on the plane?", "What should I see in Kyoto in one day?", "Rent a car at the airport in Madrid"]),
        ("health", [
            "I have had a headache for three days", "What are the symptoms of the flu?", "Can I take ibuprofen with paracetamol?",
            "How can I lower my blood pressure?", "Is this rash something to worry about?", "What vaccines does my baby need?",
            "My knee hurts after running", "Which foods are rich in iron?", "How many hours of sleep do adults need?", "What are the side effects of antibiotics?"]),
    ];

    /// <summary><c>label: text</c>, one a line.</summary>
    public static readonly (string Label, string Text)[] Queries = [.. """
        billing: You charged me twice this month
        billing: I want a refund for my last invoice
        billing: my card was declined, what now?
        billing: Could you email me a copy of the invoice from March?
        billing: Please cancel my subscription
        billing: why did my bill go up
        billing: How can I change my payment method?
        billing: Downgrade me to the cheaper plan please
        billing: There's a charge on my credit card statement that I don't recognise
        billing: When is the next payment due
        billing: I need the invoices of the whole year for my accountant
        billing: The refund has not arrived on my account yet
        billing: I would like to switch from the monthly to the yearly subscription plan
        billing: Can I pay by bank transfer instead of credit card?
        billing: I was billed although I cancelled my subscription
        billing: The amount on the invoice is wrong
        billing: how do i get my money back
        billing: Remove my credit card from the account
        billing: Do you offer a discount on the annual plan?
        billing: My payment failed three times
        billing: Explain the charges on my latest bill
        code: Write a Python function which reads a CSV file
        code: my code throws a NullPointerException, why
        code: refactor this class please
        code: There's a bug in this JavaScript loop, fix it
        code: Write unit tests for the following method
        code: what does this regular expression match
        code: Convert this SQL query to LINQ
        code: Docker build fails with an error
        code: I need a bash script to rename all files in a folder
        code: Review my pull request
        code: How do I sort a dictionary by value in Python?
        code: This function leaks memory, can you find out where?
        code: Write a TypeScript interface for this JSON
        code: git rebase says there are conflicts, how do I resolve them?
        code: implement quicksort in rust
        code: Add logging to this Python script
        code: The unit test fails with an assertion error
        code: What is the time complexity of this loop?
        code: Optimise this SQL query, it is slow
        code: ImportError when I run my Python code in Docker
        translation: Translate this sentence to French please
        translation: how do you say thank you in Japanese
        translation: What's the German word for squirrel?
        translation: Translate the following email into Spanish
        translation: Please translate the text below to English
        translation: What does 'bonjour' mean in English?
        translation: I need an Italian translation of this paragraph
        translation: How would a native speaker say this in Portuguese?
        translation: translate my cv into Chinese
        translation: Is my Russian translation of this sentence correct?
        translation: Translate "where is the station" into Korean
        translation: what is the spanish word for umbrella
        translation: Put this letter into Polish
        translation: How do you say I love you in Dutch?
        translation: Can you translate a contract clause from German to English?
        translation: Translate the menu of this restaurant to English
        translation: Correct the French in my email
        translation: What is 'cheers' in Swedish?
        translation: Give me three ways to say goodbye in Italian
        translation: translate into german: the weather is nice today
        legal: Can a landlord evict a tenant without notice?
        legal: Please review this NDA agreement
        legal: statute of limitations for theft
        legal: Draft a cease-and-desist letter to a competitor
        legal: are verbal contracts legally binding
        legal: I was fired without cause, what are my rights?
        legal: Does this clause limit our liability?
        legal: how to register a trademark in Europe
        legal: Can I sue my employer for unpaid wages?
        legal: What does the GDPR require for consent to cookies?
        legal: My neighbour's tree damaged my property, can I sue?
        legal: Is this employment contract legally valid?
        legal: Review the liability clause in this contract
        legal: What rights do tenants have when the rent goes up?
        legal: How long is the notice period to terminate a lease?
        legal: Is it legal to record a phone call?
        legal: Write a letter to my landlord about the deposit
        legal: What is the difference between a patent and a trademark?
        legal: How do I file for divorce?
        legal: Is an electronic signature legally binding?
        travel: find a cheap flight from Munich to Lisbon
        travel: Which hotels are close to the Colosseum?
        travel: Plan a five day trip to Rome and Naples
        travel: Do Canadians need a visa for Japan?
        travel: best time to visit Norway
        travel: Book me a train from Paris to Lyon
        travel: Can you recommend a beach resort for a family?
        travel: How much luggage is allowed on the plane?
        travel: What should I see in Vienna in one day?
        travel: I want to rent a car at the airport in Lisbon
        travel: Plan a weekend trip to Prague
        travel: Cheap hotels in Amsterdam near the station
        travel: Is there a direct flight to Tokyo?
        travel: What are the must-see sights in Kyoto?
        travel: do i need a visa to travel to vietnam
        travel: Suggest a road trip through Scotland
        travel: Which airline has the cheapest flight to Madrid?
        travel: How do I get from the airport to the city centre of Rome?
        travel: What to pack for a trip to Iceland
        travel: Find a hotel with a pool in Barcelona
        health: I've had a headache for two days
        health: symptoms of the flu
        health: can i take ibuprofen together with aspirin
        health: How do I lower my blood pressure without pills?
        health: I have a rash on my arm, should I worry?
        health: Which vaccines does a six month old baby need?
        health: my knee hurts when I climb stairs
        health: What foods have a lot of iron?
        health: How many hours of sleep does a teenager need?
        health: side effects of antibiotics in children
        health: My back hurts after sitting all day
        health: What are the symptoms of diabetes?
        health: Is it safe to take paracetamol during pregnancy?
        health: How can I lower my cholesterol?
        health: I feel dizzy and have a fever
        health: Which vitamins help against a cold?
        health: I have had a cough for three weeks
        health: Is high blood pressure dangerous?
        health: What are the side effects of this vaccine?
        health: How much water should I drink a day?
        -: Tell me a joke
        -: Who won the world cup in 1998?
        -: Write a poem about autumn
        -: hello
        -: thanks!
        -: What is the meaning of life?
        -: Suggest a name for my cat
        -: How do I bake sourdough bread?
        -: Summarise the plot of Hamlet
        -: What is the tallest mountain on Earth?
        -: Recommend a good science fiction novel
        -: How does photosynthesis work?
        -: Draft a speech for my brother's wedding
        -: What is 15 percent of 240?
        -: Who painted the Mona Lisa?
        -: Explain quantum entanglement to a child
        -: How far away is the moon?
        -: Make a shopping list for a barbecue
        -: Write a haiku
        -: What are good questions for a job interview?
        -: Play some music
        -: Give me ideas for a birthday party
        -: What is the difference between weather and climate?
        -: How do I remove a wine stain from a carpet?
        -: Which team plays tonight?
        -: Help me to train for a marathon
        -: Write a product description for a lamp
        -: How do I grow tomatoes on a balcony?
        -: What is inflation?
        -: List the planets of the solar system
        -: How many calories does a banana have at the supermarket price?
        -: Charge my phone faster
        -: My phone does not charge any more
        -: Is the train of thought in this essay clear?
        -: What does the plane in this geometry problem look like?
        -: A python bit the zoo keeper
        -: Which python species is the largest snake?
        -: The class starts at nine, write a reminder for the students
        -: Write a story about a bill that becomes a law
        -: Bill Gates founded which company?
        -: Who wrote the book The Trip?
        -: Invite my neighbour to a party
        -: How do bees find their way?
        -: The flu season in my novel needs a better opening
        -: What is the plot of the film The Hangover?
        -: Write a review of this restaurant
        -: Review this essay for style
        -: Fix the grammar in this paragraph
        -: How many hours are in a leap year?
        -: What is the best time to plant roses?
        -: Find me a recipe with three eggs
        -: Do I need a new battery for my watch?
        -: Plan a birthday party for three days
        -: When will the next solar eclipse be?
        -: Why is the sky blue?
        -: Update the title of the presentation
        -: What is the symbol for iron in the periodic table?
        -: Explain the rules of chess
        -: Give me a summary of this article
        -: Who is the head of the family in the Godfather?
        -: Which word rhymes with orange?
        -: What is a good slogan for a coffee shop?
        -: Write a letter to Santa
        -: How do I tie a tie?
        -: What does a cell membrane do?
        -: Can I take photos in the museum?
        -: What should I wear in one day of hiking?
        -: What are the effects of the French revolution?
        -: Name a famous Italian painter
        -: How much does an elephant weigh?
        -: Which hotel is in the film The Shining?
        -: Describe the flight of an albatross
        -: Sort these names by length
        -: What is the capital of Portugal?
        -: Is the knee of this table leg strong enough?
        -: The plan is good, thank you
        -: Convert 10 miles to kilometres
        -: What is the statute of liberty made of?
        -: What does the fox say?
        -: Compose an email to my team about the meeting
        """.Split('\n').Select(line => line.Split(": ", 2)).Select(parts => (parts[0], parts[1]))];
}
