namespace Gatehouse.Tests.Harness;

/// <summary>Waits for a condition, not for a time: a generous limit only ends a test that would hang.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(5);

    public static Task TrueAsync(Func<bool> condition, string what) =>
        GetAsync(() => Task.FromResult(condition() ? (bool?)true : null), what);

    public static async Task<T> GetAsync<T>(Func<Task<T?>> get, string what)
        where T : struct
    {
        var time = TimeProvider.System;
        var started = time.GetTimestamp();
        while (true)
        {
            if (await get() is { } value)
            {
                return value;
            }

            Assert.True(time.GetElapsedTime(started) < Limit, $"Waited {Limit.TotalSeconds} s for {what}.");
            await Task.Delay(Interval, time, TestContext.Current.CancellationToken);
        }
    }
}
