namespace Gatehouse.Expressions.Tests;

/// <summary>A schema as the gateway will have one, and short ways to use it.</summary>
internal static class Conditions
{
    public static readonly ExpressionSchema Schema = MakeSchema();

    public static Expression Compile(string source, ExpressionLimits? limits = null)
    {
        var compiled = ExpressionCompiler.Compile(source, Schema, limits);
        Assert.True(compiled.Succeeded, string.Join("; ", compiled.Errors));
        return compiled.Expression;
    }

    public static ExpressionError Error(string source, ExpressionLimits? limits = null)
    {
        var compiled = ExpressionCompiler.Compile(source, Schema, limits);
        Assert.Null(compiled.Expression);
        return compiled.Errors[0];
    }

    public static EvaluationResult Evaluate(string source, ExpressionLimits? limits = null) => Compile(source, limits).Evaluate(Request());

    public static CelValue Value(string source)
    {
        var result = Evaluate(source);
        Assert.Null(result.Error);
        return result.Value;
    }

    public static bool IsTrue(string source) => Value(source).AsBool();

    /// <summary>A request of the team "research" for gpt-5.</summary>
    public static Values Request()
    {
        var values = new Values();
        foreach (var variable in Schema.Variables)
        {
            values.Set(variable.Slot, variable.Name switch
            {
                "request.model" => CelValue.From("gpt-5"),
                "request.path" => CelValue.From("/v1/chat/completions"),
                "request.size" => CelValue.From(20_000L),
                "request.max_tokens" => CelValue.From(1024L),
                "request.stream" => CelValue.From(false),
                "request.tools" => CelValue.From(CelList.Of(["search", "fetch"])),
                "principal.labels" => Map(("team", "research"), ("tier", "gold")),
                "request.headers" => Map(("x-region", "eu")),
                "time" => CelValue.From(new DateTimeOffset(2026, 3, 1, 12, 30, 0, TimeSpan.Zero)),
                "body" => CelValue.From(CelMap.Of([KeyValuePair.Create(CelValue.From("n"), CelValue.From(3L))])),
                _ => CelValue.Null,
            });
        }

        return values;
    }

    private static CelValue Map(params (string Key, string Value)[] entries) =>
        CelValue.From(CelMap.Of(entries.ToDictionary(e => e.Key, e => e.Value, StringComparer.Ordinal)));

    private static ExpressionSchema MakeSchema()
    {
        var schema = new ExpressionSchema();
        schema.Declare("request.model", CelType.String, "the model that is asked for");
        schema.Declare("request.path", CelType.String);
        schema.Declare("request.size", CelType.Int);
        schema.Declare("request.max_tokens", CelType.Int);
        schema.Declare("request.stream", CelType.Bool);
        schema.Declare("request.tools", CelType.ListOf(CelType.String));
        schema.Declare("request.headers", CelType.MapOf(CelType.String, CelType.String));
        schema.Declare("request.user", CelType.String);
        schema.Declare("principal.labels", CelType.MapOf(CelType.String, CelType.String));
        schema.Declare("time", CelType.Timestamp);
        schema.Declare("body", CelType.Dyn);
        return schema;
    }
}
