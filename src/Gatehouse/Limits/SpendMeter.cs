using Gatehouse.Pipeline;

namespace Gatehouse.Limits;

/// <summary>
/// Watches what a stream costs while it runs, and ends it when it has cost what there is: a budget is passed by one frame, not by one answer. Of
/// most frames it asks for no more than a comparison.
/// </summary>
/// <param name="share">Nano-USD that are taken at a time when more is needed, if there is as much.</param>
internal sealed class SpendMeter(LimitReservation reservation, long share)
{
    /// <summary>As the cost of what was delivered is made: <see cref="Metering.CostMeter"/>.</summary>
    private const double BytesPerToken = Metering.CostMeter.BytesPerToken;

    private double _before;
    private double _inputCost;
    private double _perByte;
    private long _fromByte;
    private long _coveredBytes = long.MaxValue;
    private bool _isInputTold;

    /// <summary>Another target is asked: what the one before it has delivered stays paid.</summary>
    /// <param name="inputCost">Nano-USD for the input.</param>
    /// <param name="perToken">Nano-USD for a token of output.</param>
    /// <param name="textBytes">Delivered so far.</param>
    /// <param name="paid">Nano-USD for answers that were taken back: of them nothing is counted as delivered any more.</param>
    public void Begin(long inputCost, double perToken, long textBytes, long paid)
    {
        _before = textBytes > _fromByte ? CostAt(textBytes) : Math.Max(_before, paid);

        (_inputCost, _perByte, _fromByte, _isInputTold) = (inputCost, perToken / BytesPerToken, textBytes, false);
        Cover();
    }

    /// <summary>To be asked after each frame.</summary>
    /// <returns>Why the stream has to end; null when it goes on.</returns>
    public GatewayError? Check(Exchange exchange)
    {
        if (!_isInputTold && exchange.Usage is { InputTokens: not null } usage)
        {
            // Anthropic tells it at the start.
            _isInputTold = true;
            if (LikelyUse.CostOf(exchange, exchange.Target!, usage with { OutputTokens = 0, ReasoningTokens = null }) is { } told)
            {
                _inputCost = told;
                Cover();
            }
        }

        return exchange.Facts.TextBytes <= _coveredBytes ? null : Extend(exchange.Facts.TextBytes);
    }

    private GatewayError? Extend(long textBytes)
    {
        var needed = (long)Math.Ceiling(CostAt(textBytes)) - reservation.Held;
        if (needed > 0 && reservation.TryExtend(needed, Math.Max(needed, share), withOverdraft: true, out var refusal) == 0)
        {
            return new GatewayError(
                GatewayErrorCode.BudgetExceeded,
                $"The budget '{refusal!.Rule.Label}' of {LimitRefusal.Usd(refusal.Most)} is used up: the answer ends here.");
        }

        Cover();
        return null;
    }

    private double CostAt(long textBytes) => _before + _inputCost + ((textBytes - _fromByte) * _perByte);

    private void Cover() => _coveredBytes = _perByte <= 0 ? long.MaxValue : _fromByte + (long)Math.Max(0, Math.Min(1e15, (reservation.Held - _before - _inputCost) / _perByte));
}
