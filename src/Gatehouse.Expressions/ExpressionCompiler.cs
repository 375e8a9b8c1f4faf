using Gatehouse.Expressions.Checking;
using Gatehouse.Expressions.Compilation;
using Gatehouse.Expressions.Syntax;

namespace Gatehouse.Expressions;

/// <summary>Turns sources of the Common Expression Language into expressions. No source, however hostile, makes it throw or overflow.</summary>
public static class ExpressionCompiler
{
    /// <summary>Compiles an expression of any type.</summary>
    public static CompilationResult Compile(string source, ExpressionSchema schema, ExpressionLimits? limits = null) =>
        Compile(source, schema, limits, new CompilerOptions());

    /// <summary>Compiles an expression that is true or false; another type is an error.</summary>
    public static CompilationResult CompileCondition(string source, ExpressionSchema schema, ExpressionLimits? limits = null) =>
        Compile(source, schema, limits, new CompilerOptions { IsCondition = true });

    internal static CompilationResult Compile(string source, ExpressionSchema schema, ExpressionLimits? limits, CompilerOptions options)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(schema);
        limits ??= ExpressionLimits.Default;
        if (source.Length > limits.MaxSourceLength)
        {
            return Failure(new ExpressionError($"the expression has more than {limits.MaxSourceLength} characters", 1, 1));
        }

        var parser = new Parser(source, Math.Clamp(limits.MaxDepth, 1, ExpressionLimits.HighestDepth));
        if (parser.Parse() is not { } tree)
        {
            return Failure(parser.Error!);
        }

        var checker = new Checker(source, schema, options.IsUnchecked);
        var type = checker.CheckAll(tree);
        if (options.IsCondition && checker.Errors.Count == 0 && type != CelType.Bool && !type.IsDyn)
        {
            checker.Fail($"a condition is true or false, not {type}; compare it with something", tree.Offset);
        }

        if (checker.Errors.Count > 0)
        {
            return new CompilationResult(null, checker.Errors);
        }

        var compiler = new NodeCompiler(limits, options.Folds, checker.Fail);
        var expression = compiler.Compile(source, tree, type, checker.LocalCount);
        return checker.Errors.Count > 0 ? new CompilationResult(null, checker.Errors) : new CompilationResult(expression, []);
    }

    private static CompilationResult Failure(ExpressionError error) => new(null, [error]);
}

/// <summary>What only the corpus and the tests turn on or off.</summary>
internal sealed record CompilerOptions
{
    public bool IsCondition { get; init; }

    /// <summary>Leaves what the checker would refuse to the evaluation.</summary>
    public bool IsUnchecked { get; init; }

    /// <summary>Calculates what has no variables while compiling.</summary>
    public bool Folds { get; init; } = true;
}
