using Gatehouse.Routing.Semantic;
using Gatehouse.Tests.Harness;

namespace Gatehouse.Tests.Routing.Semantic;

/// <summary>Embeddings of a scripted provider, on a clock that is set by hand.</summary>
public sealed class EmbeddingIndexTests
{
    private static readonly IReadOnlyList<string>[] Branches = [["invoice", "refund"], ["python", "javascript"]];

    private readonly ManualTime _time = new();
    private readonly Embedder _embedder = new();

    [Fact]
    public async Task The_nearest_example_decides()
    {
        var index = Index();
        var choice = await index.ChooseAsync("money back", Token);
        Assert.Equal((0, SemanticChoice.ByEmbedding, null), (choice.Branch, choice.Method, choice.Fallback));
        Assert.InRange(choice.Score, 0.99, 1.01);
        Assert.Equal(1, (await index.ChooseAsync("a program", Token)).Branch);
        Assert.Null((await index.ChooseAsync("weather", Token)).Branch);
        Assert.Null((await index.ChooseAsync("nowhere", Token)).Branch);
        Assert.Null((await index.ChooseAsync("", Token)).Branch);
    }

    [Fact]
    public async Task Examples_are_fetched_once_and_texts_are_remembered()
    {
        var index = Index();
        for (var i = 0; i < 5; i++)
        {
            _ = await index.ChooseAsync("money back", Token);
        }

        Assert.Equal(["invoice|refund|python|javascript", "money back"], _embedder.Calls);
        for (var i = 0; i < 1100; i++)
        {
            _ = await index.ChooseAsync($"weather {i}", Token);
        }

        _ = await index.ChooseAsync("money back", Token);
        Assert.Equal(2, _embedder.Calls.Count(call => call == "money back"));
    }

    [Fact]
    public async Task Without_an_answer_the_words_decide_and_the_examples_are_asked_for_again_later()
    {
        var index = Index();
        _embedder.Fails = true;
        var choice = await index.ChooseAsync("the javascript and python", Token);
        Assert.Equal((1, SemanticChoice.Lexically, "no embeddings"), (choice.Branch, choice.Method, choice.Fallback));
        _embedder.Fails = false;
        Assert.Equal(SemanticChoice.Lexically, (await index.ChooseAsync("a program", Token)).Method);
        _time.Advance(TimeSpan.FromSeconds(16));
        Assert.Equal(SemanticChoice.ByEmbedding, (await index.ChooseAsync("a program", Token)).Method);
    }

    [Fact]
    public async Task An_exchange_does_not_wait_longer_than_the_timeout()
    {
        var index = Index();
        Assert.Equal(1, (await index.ChooseAsync("a program", Token)).Branch);
        var asked = _embedder.Hold();
        var waiting = index.ChooseAsync("the refund of an invoice", Token).AsTask();
        await asked;
        Assert.False(waiting.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(1.6));
        var choice = await waiting;
        Assert.Equal((0, SemanticChoice.Lexically, "no embeddings in time"), (choice.Branch, choice.Method, choice.Fallback));
    }

    [Fact]
    public async Task An_exchange_that_ends_takes_nobody_with_it()
    {
        var index = Index();
        using var gone = new CancellationTokenSource();
        var asked = _embedder.Hold();
        var waiting = index.ChooseAsync("a program", gone.Token).AsTask();
        await asked;
        await gone.CancelAsync();
        _ = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        _embedder.Release();
        Assert.Equal(1, (await index.ChooseAsync("a program", Token)).Branch);
        Assert.Equal(1, _embedder.Calls.Count(call => call.StartsWith("invoice", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Vectors_of_another_length_are_of_no_use()
    {
        var index = Index();
        var choice = await index.ChooseAsync("short", Token);
        Assert.Equal((SemanticChoice.Lexically, "no embeddings"), (choice.Method, choice.Fallback));
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private EmbeddingIndex Index() => new(Branches, _embedder, new LexicalIndex(Branches), _time);

    private sealed class Embedder : IEmbedder
    {
        private readonly List<string> _calls = [];
        private TaskCompletionSource? _asked;
        private TaskCompletionSource? _held;

        public bool Fails { get; set; }

        public IReadOnlyList<string> Calls => _calls;

        /// <summary>Answers nothing until it is released.</summary>
        /// <returns>Ends when something is asked.</returns>
        public Task Hold()
        {
            (_asked, _held) = (new(TaskCreationOptions.RunContinuationsAsynchronously), new(TaskCreationOptions.RunContinuationsAsynchronously));
            return _asked.Task;
        }

        public void Release() => _held!.SetResult();

        public async ValueTask<float[][]?> EmbedAsync(IReadOnlyList<string> texts, CancellationToken cancellationToken)
        {
            lock (_calls)
            {
                _calls.Add(string.Join('|', texts));
            }

            _ = _asked?.TrySetResult();
            if (_held is { } held)
            {
                await held.Task.WaitAsync(cancellationToken);
            }

            return Fails ? null : [.. texts.Select(VectorOf)];
        }

        private static float[] VectorOf(string text) => text switch
        {
            "invoice" or "refund" or "money back" => [1, 0, 0.01f],
            "python" or "javascript" or "a program" => [0, 1, 0],
            "nowhere" => [0, 0, 0],
            "short" => [1, 0],
            _ => [0, 0, 1],
        };
    }
}
