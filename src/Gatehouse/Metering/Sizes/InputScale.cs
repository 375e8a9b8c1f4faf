namespace Gatehouse.Metering.Sizes;

/// <summary>
/// Learns how many tokens a provider counts for one that is estimated here. Before the first report of a model it is what its
/// <see cref="TokenizerFamily"/> counts. Thread-safe, without locks; nothing is allocated after the first call of a model.
/// </summary>
internal sealed class InputScale
{
    public const int MaxModels = 4096;

    /// <summary>A report that is further from the estimate than this tells of something else: media, a prompt of the provider's own.</summary>
    private const float Least = 0.25f;

    private const float Most = 4;

    /// <summary>Each report moves the ratio by a share of the difference: the first by a half, the later ones by less, and at last by a sixteenth.</summary>
    private const int FirstDivisor = 2;

    private const int LastDivisor = 16;

    /// <summary>In tokens: a call of this size weighs half of a large one, as its frame of fixed size says little about the scale.</summary>
    private const float HalfWeight = 500;

    private const int MaxNameLength = 256;

    private static readonly Func<string, Ratio> NewRatio = model => new Ratio(TokenizerFamily.Of(model));

    private readonly Recent<string, Ratio> _models = new(MaxModels);

    /// <param name="model">The provider's name of it.</param>
    /// <param name="estimatedTokens">0 or more.</param>
    /// <param name="usesTools">For tools some providers add a prompt of their own.</param>
    /// <returns>Tokens that the provider will count, as far as is known; 0 or more.</returns>
    public long Tokens(string model, long estimatedTokens, bool usesTools = false)
    {
        // To find the family takes longer than to find what was found before.
        var learned = model.Length <= MaxNameLength ? _models.FindOrAdd(model, NewRatio) : NewRatio(model);
        return Math.Max(0, (long)Math.Round((double)estimatedTokens * learned.Value) + FrameOf(learned.Family, usesTools));
    }

    /// <param name="model">As for <see cref="Tokens"/>.</param>
    /// <param name="estimatedTokens">Not calibrated.</param>
    /// <param name="reportedTokens">The whole input, with what was read from and written to caches.</param>
    /// <param name="usesTools">As for <see cref="Tokens"/>.</param>
    public void Learn(string model, long estimatedTokens, long reportedTokens, bool usesTools = false)
    {
        if (estimatedTokens > 0 && reportedTokens > 0 && model.Length <= MaxNameLength)
        {
            var learned = _models.FindOrAdd(model, NewRatio);
            var ratio = (float)(reportedTokens - FrameOf(learned.Family, usesTools)) / estimatedTokens;
            learned.Move(Math.Clamp(ratio, Least, Most), weight: estimatedTokens / (estimatedTokens + HalfWeight));
        }
    }

    private static int FrameOf(TokenizerFamily family, bool usesTools) => family.Frame + (usesTools ? family.ToolFrame : 0);

    private sealed class Ratio(TokenizerFamily family)
    {
        /// <summary>The ratio's bits, and above them the divisor: both change at once.</summary>
        private long _state = Pack(family.Ratio, FirstDivisor);

        public TokenizerFamily Family => family;

        public float Value => BitConverter.Int32BitsToSingle((int)Volatile.Read(ref _state));

        public void Move(float to, float weight)
        {
            var before = Volatile.Read(ref _state);
            while (true)
            {
                var (value, divisor) = (BitConverter.Int32BitsToSingle((int)before), (int)(before >> 32));
                var after = Pack(value + ((to - value) * weight / divisor), Math.Min(divisor + 1, LastDivisor));
                var found = Interlocked.CompareExchange(ref _state, after, before);
                if (found == before)
                {
                    return;
                }

                before = found;
            }
        }

        private static long Pack(float value, int divisor) => ((long)divisor << 32) | (uint)BitConverter.SingleToInt32Bits(value);
    }
}
