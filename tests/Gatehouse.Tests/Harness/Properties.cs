using FsCheck;
using FsCheck.Fluent;

namespace Gatehouse.Tests.Harness;

internal static class Properties
{
    /// <summary>Checks a property on many generated values, the same ones in every run.</summary>
    public static void Hold<T>(Gen<T> values, Action<T> check, int count = 300) =>
        Prop.ForAll(values.ToArbitrary(), check).Check(Config.QuickThrowOnFailure.WithQuietOnSuccess(true).WithMaxTest(count).WithReplay(20261120, 0x9e3779b97f4a7c15));
}
