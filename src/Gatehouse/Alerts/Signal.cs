using System.Threading.Channels;

namespace Gatehouse.Alerts;

/// <summary>Wakes up the one who waits. Set twice before that, it wakes once.</summary>
internal sealed class Signal
{
    private readonly Channel<bool> _channel = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    public void Set() => _channel.Writer.TryWrite(true);

    public async Task WaitAsync(CancellationToken cancellationToken) => _ = await _channel.Reader.ReadAsync(cancellationToken);
}
