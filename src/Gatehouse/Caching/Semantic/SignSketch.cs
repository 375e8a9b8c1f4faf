using System.Buffers;
using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace Gatehouse.Caching.Semantic;

/// <summary>
/// 1,024 bits of a vector: the signs of its coordinates after a rotation. Two vectors at an angle a differ in a share a/pi of their bits
/// (Goemans and Williamson 1995; Charikar 2002), so that few differing bits tell near ones without looking at the vectors. The rotation is three rounds of
/// random signs and a Hadamard transform, as in Andoni et al. 2015 ("Practical and Optimal LSH for Angular Distance"): it is what makes the
/// share hold for any vectors, also for those with few coordinates.
/// </summary>
internal sealed class SignSketch
{
    public const int Bits = 1024;

    /// <summary>Numbers of 64 bits in a sketch.</summary>
    public const int Words = Bits / 64;

    private const int Rounds = 3;

    /// <summary>The number of differing bits is binomial; a pair exactly at the threshold is lost once in 3.5 million (one-sided).</summary>
    private const double StandardDeviations = 5;

    /// <summary>Coordinates so close to zero that rounding decides over their sign.</summary>
    private const int Rounding = 4;

    private readonly int _size;
    private readonly float[] _signs;

    /// <param name="dimensions">Of the vectors.</param>
    public SignSketch(int dimensions)
    {
        _size = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(Bits, dimensions));
        _signs = new float[_size * Rounds];
        var state = 0x9E3779B97F4A7C15UL;
        for (var i = 0; i < _signs.Length; i++)
        {
            // SplitMix64: the same signs in every process, so that sketches could be kept.
            state += 0x9E3779B97F4A7C15UL;
            var mixed = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9UL;
            mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBUL;
            _signs[i] = (mixed >> 63) == 0 ? 1 : -1;
        }
    }

    /// <summary>Differing bits up to which two vectors may have this cosine.</summary>
    public static int MaxDistance(float cosine)
    {
        var share = Math.Acos(Math.Clamp(cosine, -1f, 1f)) / Math.PI;
        return (int)Math.Min(Bits, (Bits * share) + (StandardDeviations * Math.Sqrt(Bits * share * (1 - share))) + Rounding);
    }

    /// <summary>Differing bits of two sketches.</summary>
    public static int Distance(ReadOnlySpan<ulong> a, ReadOnlySpan<ulong> b) => (int)TensorPrimitives.HammingBitDistance(a, b);

    /// <param name="vector">Of any length but zero.</param>
    /// <param name="sketch"><see cref="Words"/> numbers.</param>
    public void Write(ReadOnlySpan<float> vector, Span<ulong> sketch)
    {
        var rented = ArrayPool<float>.Shared.Rent(_size);
        var values = rented.AsSpan(0, _size);
        vector.CopyTo(values);
        values[vector.Length..].Clear();
        for (var round = 0; round < Rounds; round++)
        {
            TensorPrimitives.Multiply(values, _signs.AsSpan(round * _size, _size), values);
            Hadamard(values);
        }

        for (var word = 0; word < Words; word++)
        {
            var bits = 0UL;
            var signs = values.Slice(word * 64, 64);
            for (var i = 0; i < signs.Length; i++)
            {
                bits |= (signs[i] < 0 ? 1UL : 0) << i;
            }

            sketch[word] = bits;
        }

        ArrayPool<float>.Shared.Return(rented);
    }

    /// <summary>Without the factor that keeps the length: only signs are looked at.</summary>
    private static void Hadamard(Span<float> values)
    {
        for (var half = values.Length / 2; half >= 1; half /= 2)
        {
            for (var start = 0; start < values.Length; start += half * 2)
            {
                Butterfly(values.Slice(start, half), values.Slice(start + half, half));
            }
        }
    }

    private static void Butterfly(Span<float> a, Span<float> b)
    {
        if (a.Length >= Vector<float>.Count)
        {
            var wideA = MemoryMarshal.Cast<float, Vector<float>>(a);
            var wideB = MemoryMarshal.Cast<float, Vector<float>>(b);
            for (var i = 0; i < wideA.Length; i++)
            {
                (wideA[i], wideB[i]) = (wideA[i] + wideB[i], wideA[i] - wideB[i]);
            }
        }
        else
        {
            for (var i = 0; i < a.Length; i++)
            {
                (a[i], b[i]) = (a[i] + b[i], a[i] - b[i]);
            }
        }
    }
}
