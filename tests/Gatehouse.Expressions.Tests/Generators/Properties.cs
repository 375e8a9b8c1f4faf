using System.Globalization;
using FsCheck;
using FsCheck.Fluent;

namespace Gatehouse.Expressions.Tests.Generators;

/// <summary>Checks a property on many generated values, the same ones in every run.</summary>
internal static class Properties
{
    private const string SeedVariable = "GATEHOUSE_TEST_SEED";

    /// <summary>Another seed looks at other values; a failure names the seed that found it.</summary>
    private static readonly ulong Seed = ulong.TryParse(Environment.GetEnvironmentVariable(SeedVariable), CultureInfo.InvariantCulture, out var seed) ? seed : 20261120;

    public static void Hold<T>(Gen<T> values, Action<T> check, int count = 500)
    {
        try
        {
            // The second number of a replay must be odd: it is the increment of the generator's sequence.
            Prop.ForAll(values.ToArbitrary(), check).Check(Config.QuickThrowOnFailure.WithQuietOnSuccess(true).WithMaxTest(count).WithReplay(Seed, 0x9e3779b97f4a7c15));
        }
        catch (Exception exception)
        {
            throw new InvalidOperationException($"{SeedVariable}={Seed} shows it again. {exception.Message}", exception);
        }
    }
}
