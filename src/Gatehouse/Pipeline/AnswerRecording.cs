using System.Buffers;

namespace Gatehouse.Pipeline;

/// <summary>
/// What goes out to the caller, kept on the side up to a limit. What all recordings of the gateway hold at a time is limited as well; where
/// either is reached, the recording is given up, and what it held is free at once.
/// </summary>
internal sealed class AnswerRecording(int limit)
{
    private const long MostInAll = 256L << 20;
    private static long _inAll;

    private byte[] _bytes = [];
    private int _length;

    public bool IsGivenUp { get; private set; }

    public void Write(ReadOnlySpan<byte> bytes)
    {
        if (IsGivenUp)
        {
            return;
        }

        if (bytes.Length > limit - _length || !Reserve(_length + bytes.Length))
        {
            GiveUp();
            return;
        }

        bytes.CopyTo(_bytes.AsSpan(_length));
        _length += bytes.Length;
    }

    /// <summary>A copy of all that was written.</summary>
    public byte[] ToArray() => _bytes.AsSpan(0, _length).ToArray();

    public void GiveUp()
    {
        IsGivenUp = true;
        Free();
        (_bytes, _length) = ([], 0);
    }

    private bool Reserve(int length)
    {
        if (length <= _bytes.Length)
        {
            return true;
        }

        var larger = ArrayPool<byte>.Shared.Rent((int)Math.Min(Math.Max(length, 2L * _bytes.Length), Array.MaxLength));
        if (Interlocked.Add(ref _inAll, larger.Length) > MostInAll)
        {
            _ = Interlocked.Add(ref _inAll, -larger.Length);
            ArrayPool<byte>.Shared.Return(larger);
            return false;
        }

        _bytes.AsSpan(0, _length).CopyTo(larger);
        Free();
        _bytes = larger;
        return true;
    }

    private void Free()
    {
        if (_bytes.Length > 0)
        {
            _ = Interlocked.Add(ref _inAll, -_bytes.Length);
            ArrayPool<byte>.Shared.Return(_bytes);
        }
    }
}
