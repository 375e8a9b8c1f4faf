using System.Text.Json;
using Gatehouse.Expressions.Checking;

namespace Gatehouse.Expressions.Tests.Conformance;

/// <summary>Runs one case. What is wrong is a text, nothing wrong is null.</summary>
internal static class CorpusRun
{
    public static string? Run(CorpusCase test)
    {
        var schema = new ExpressionSchema { Container = test.Container };
        Declare(schema, test);
        var values = Bind(schema, test);
        var compiled = ExpressionCompiler.Compile(test.Source, schema, null, new CompilerOptions { IsUnchecked = test.IsUnchecked });
        if (compiled.Expression is not { } expression)
        {
            return $"does not compile: {string.Join("; ", compiled.Errors)}";
        }

        var typed = test.Get("typedResult");
        if (typed?.GetProperty("deducedType") is { } deduced && CorpusValues.ReadType(deduced) is var type && expression.ResultType != type)
        {
            return $"is of type {expression.ResultType}, not {type}";
        }

        return test.IsCheckOnly ? null : Evaluate(test, expression, values, typed);
    }

    private static string? Evaluate(CorpusCase test, Expression expression, Values values, JsonElement? typed)
    {
        var result = expression.Evaluate(values);
        if (test.Get("evalError") is not null)
        {
            // Implementations word their errors as they like: the corpus asks for an error.
            return result.IsError ? null : $"gives {result.Value}, not an error";
        }

        if (result.IsError)
        {
            return $"fails: {result.Error}";
        }

        // simple.proto: "If none of these are set, the default is to expect a boolean true".
        var expected = test.Get("value") is { } value ? CorpusValues.ReadValue(value)
            : typed is { } both ? CorpusValues.ReadValue(both.GetProperty("result"))
            : CelValue.From(true);
        return CorpusValues.AreSame(expected, result.Value) ? null : $"gives {result.Value}, not {expected}";
    }

    public static void Declare(ExpressionSchema schema, CorpusCase test)
    {
        foreach (var declaration in test.Get("typeEnv")?.EnumerateArray() ?? default)
        {
            var name = declaration.GetProperty("name").GetString()!;
            if (declaration.TryGetProperty("ident", out var variable))
            {
                schema.Declare(name, CorpusValues.ReadType(variable.GetProperty("type")));
                continue;
            }

            foreach (var overload in declaration.GetProperty("function").GetProperty("overloads").EnumerateArray())
            {
                CelType[] parameters = [.. CorpusValues.Items(overload, "params").Select(CorpusValues.ReadType)];
                schema.DeclareFunction(new Overload(name, isMember: false, CorpusValues.ReadType(overload.GetProperty("resultType")), parameters));
            }
        }
    }

    private static Values Bind(ExpressionSchema schema, CorpusCase test)
    {
        var values = new Values();
        if (test.Get("bindings") is not { } bindings)
        {
            return values;
        }

        foreach (var binding in bindings.EnumerateObject())
        {
            var slot = schema.Find(binding.Name)?.Slot ?? schema.Declare(binding.Name, CelType.Dyn);
            values.Set(slot, CorpusValues.ReadValue(binding.Value.GetProperty("value")));
        }

        return values;
    }
}
