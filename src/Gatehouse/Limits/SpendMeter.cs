using Gatehouse.Pipeline;
using Gatehouse.Protocols.Chat;

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
    private string? _tier;
    private Usage? _told;
    private Usage _input = new();

    /// <summary>Another target is asked: what the one before it has delivered stays paid.</summary>
    /// <param name="inputTokens">Estimated.</param>
    /// <param name="paid">Nano-USD for answers that were taken back: of them nothing is counted as delivered any more.</param>
    public void Begin(Exchange exchange, Target target, long inputTokens, long paid)
    {
        var textBytes = exchange.Facts.TextBytes;
        _before = textBytes > _fromByte ? CostAt(textBytes) : Math.Max(_before, paid);
        (_fromByte, _isInputTold, _tier) = (textBytes, false, exchange.Facts.ServiceTier);
        SetPrices(exchange, target, new Usage { InputTokens = inputTokens });
    }

    /// <summary>To be asked after each frame.</summary>
    /// <returns>Why the stream has to end; null when it goes on.</returns>
    public GatewayError? Check(Exchange exchange)
    {
        var facts = exchange.Facts;
        if (!_isInputTold && facts.Usage is { InputTokens: not null } usage)
        {
            // Anthropic tells it at the start.
            (_isInputTold, _tier) = (true, facts.ServiceTier);
            SetPrices(exchange, exchange.Target!, usage);
        }
        else if (!string.Equals(facts.ServiceTier, _tier, StringComparison.Ordinal))
        {
            // Priority costs double, flex half.
            _tier = facts.ServiceTier;
            SetPrices(exchange, exchange.Target!, _input);
        }

        // All has been said: what there is left to tell costs nothing.
        return facts.TextBytes <= _coveredBytes || facts.IsFinished ? null : Extend((long)Math.Ceiling(CostAt(facts.TextBytes)));
    }

    /// <summary>To be asked after each event of a session, in which the usage of each answer is told when it has ended.</summary>
    /// <returns>Why the session has to end; null when it goes on.</returns>
    public GatewayError? CheckTold(Exchange exchange)
    {
        if (exchange.Usage is not { } usage || ReferenceEquals(usage, _told))
        {
            return null;
        }

        _told = usage;
        return LikelyUse.CostOf(exchange, exchange.Target!, usage) is { } cost ? Extend(cost) : null;
    }

    /// <param name="cost">Nano-USD of all of it until now.</param>
    private GatewayError? Extend(long cost)
    {
        var needed = cost - reservation.Held;
        if (needed > 0 && reservation.TryExtend(needed, Math.Max(needed, share), withOverdraft: true, out var refusal) == 0)
        {
            return new GatewayError(
                GatewayErrorCode.BudgetExceeded,
                $"The budget '{refusal!.Rule.Label}' of {LimitRefusal.Usd(refusal.Most)} is used up: the answer ends here.");
        }

        Cover();
        return null;
    }

    /// <summary>The length of the input decides on the price of the output, too.</summary>
    private void SetPrices(Exchange exchange, Target target, Usage input)
    {
        const int Some = 1000;
        _input = input;
        if (LikelyUse.CostOf(exchange, target, input with { OutputTokens = 0, ReasoningTokens = null }) is { } inputCost)
        {
            var withSome = LikelyUse.CostOf(exchange, target, input with { OutputTokens = Some, ReasoningTokens = null }) ?? inputCost;
            (_inputCost, _perByte) = (inputCost, (withSome - inputCost) / (double)Some / BytesPerToken);
        }
        else
        {
            (_inputCost, _perByte) = (0, 0);
        }

        Cover();
    }

    private double CostAt(long textBytes) => _before + _inputCost + ((textBytes - _fromByte) * _perByte);

    private void Cover() => _coveredBytes = _perByte <= 0 ? long.MaxValue : _fromByte + (long)Math.Max(0, Math.Min(1e15, (reservation.Held - _before - _inputCost) / _perByte));
}
