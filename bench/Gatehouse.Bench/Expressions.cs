using Gatehouse.Expressions;

namespace Gatehouse.Bench;

/// <summary>What the evaluation of a condition costs: CPU time and allocated bytes of one of ten terms, all of which are looked at.</summary>
internal static class Expressions
{
    private const int Count = 200_000;

    private const string Condition = """
        request.model == "gpt-5" && request.size > 1000 && principal.labels["team"] == "research"
          && request.path.startsWith("/v1/") && request.dialect in ["openai", "anthropic", "gemini"]
          && has(principal.labels.tier) && !request.stream && request.max_tokens <= 4096
          && request.headers["x-region"] != "us" && size(request.tools) < 100
        """;

    public static void Run(Arguments arguments)
    {
        var rounds = arguments.Number("rounds");
        var variables = new Variables();
        var compiled = ExpressionCompiler.CompileCondition(Condition, variables.Schema);
        var expression = compiled.Expression ?? throw new BenchException(string.Join("; ", compiled.Errors));
        if (!expression.TryEvaluate(variables, out var value, out var error) || !value)
        {
            throw new BenchException($"The condition does not hold: {error}");
        }

        // The first calls are compiled in steps; what is measured is the last step.
        Evaluate(expression, variables);
        Evaluate(expression, variables);
        var (best, bytes) = (double.MaxValue, 0.0);
        for (var round = 0; round < rounds; round++)
        {
            var (cpu, allocated) = (Environment.CpuUsage.TotalTime, GC.GetAllocatedBytesForCurrentThread());
            Evaluate(expression, variables);
            best = Math.Min(best, (Environment.CpuUsage.TotalTime - cpu).TotalNanoseconds / Count);
            bytes = (GC.GetAllocatedBytesForCurrentThread() - allocated) / (double)Count;
        }

        Console.WriteLine($"""

            ## Expressions

            | condition | CPU ns | allocated bytes |
            |---|---:|---:|
            | 10 terms | {best:N0} | {bytes:N1} |
            """);
    }

    private static void Evaluate(Expression expression, Variables variables)
    {
        for (var i = 0; i < Count; i++)
        {
            expression.TryEvaluate(variables, out _, out _);
        }
    }

    private sealed class Variables : IVariables
    {
        private readonly CelValue[] _values;

        public Variables()
        {
            _values =
            [
                Declare("request.model", CelType.String, CelValue.From("gpt-5")),
                Declare("request.size", CelType.Int, CelValue.From(20_000L)),
                Declare("principal.labels", CelType.MapOf(CelType.String, CelType.String), Map(("team", "research"), ("tier", "gold"))),
                Declare("request.path", CelType.String, CelValue.From("/v1/chat/completions")),
                Declare("request.dialect", CelType.String, CelValue.From("gemini")),
                Declare("request.stream", CelType.Bool, CelValue.From(false)),
                Declare("request.max_tokens", CelType.Int, CelValue.From(1024L)),
                Declare("request.headers", CelType.MapOf(CelType.String, CelType.String), Map(("x-region", "eu"))),
                Declare("request.tools", CelType.ListOf(CelType.String), CelValue.From(CelList.Of(["search", "fetch"]))),
            ];
        }

        public ExpressionSchema Schema { get; } = new();

        public CelValue Read(int slot) => _values[slot];

        private CelValue Declare(string name, CelType type, CelValue value)
        {
            Schema.Declare(name, type);
            return value;
        }

        private static CelValue Map(params (string Key, string Value)[] entries) =>
            CelValue.From(CelMap.Of(entries.ToDictionary(e => e.Key, e => e.Value, StringComparer.Ordinal)));
    }
}
