using System.Buffers;
using System.Diagnostics;
using Gatehouse.Caching;
using Gatehouse.Catalog;
using Gatehouse.Configuration;
using Gatehouse.Identity;
using Gatehouse.Ledger;
using Gatehouse.Limits;
using Gatehouse.Limits.Queue;
using Gatehouse.Protocols.Chat;
using Gatehouse.Protocols.Dialects.OpenAi;
using Gatehouse.Routing;
using Gatehouse.Routing.Traits;
using Gatehouse.Runs;
using Gatehouse.Telemetry;
using Gatehouse.Upstream.Translation;

namespace Gatehouse.Pipeline;

/// <summary>
/// One governed call, from its first header to its ledger row. The ingress fills in what is asked, each step adds what it found, and
/// the recorder writes it down.
/// </summary>
internal sealed class Exchange(ExchangeKind kind, Operation operation, HttpContext http, Snapshot snapshot, TimeProvider time)
{
    private const int MaxErrorMessage = 2000;
    /// <summary>Of a request's body, names and marks included.</summary>
    private const int BytesPerToken = 5;


    public ExchangeTimings Timings = new(time);

    private RequestTraits? _traits;
    private long _bodyBytes;

    public string Id { get; } = Pipeline.Id.New("exc", time.GetUtcNow());

    public DateTimeOffset StartedAt { get; } = time.GetUtcNow();

    public ExchangeKind Kind { get; } = kind;

    /// <summary>What is asked for: chat, embeddings, ...</summary>
    public Operation Operation { get; } = operation;

    public HttpContext Http { get; } = http;

    /// <summary>The configuration that this exchange lives by, to its end.</summary>
    public Snapshot Snapshot { get; } = snapshot;

    /// <summary>The answer to the caller.</summary>
    public CallerResponse Response { get; } = new(http);

    /// <summary>The span of this exchange; null when traces are not exported.</summary>
    public Activity? Activity { get; init; }

    /// <summary>Trace context from the caller, or a new one.</summary>
    public required TraceContext Trace { get; init; }

    /// <summary>The task that this exchange belongs to: by the head of the request, then by its body.</summary>
    public required string Run { get; set; }

    public RunSource RunSource { get; init; }

    /// <summary>Its place in the run, while it is counted there; set by step 3.</summary>
    public RunPlace? Place { get; set; }

    /// <summary>Id of the run's first exchange; null when it is this one, or not known.</summary>
    public string? RunFirst { get; set; }

    public ExchangePhase Phase { get; set; }

    /// <summary>Who calls; set by step 1.</summary>
    public ApiKey? Key { get; set; }

    /// <summary>Who pays; set by step 1.</summary>
    public Payer Payer { get; set; } = Payer.Nobody;

    /// <summary>The end user for whom it is done; null when nobody says.</summary>
    public string? User { get; set; }

    /// <summary>Id of the exchange in whose course this one was made; null when nobody says.</summary>
    public string? Parent { get; set; }

    /// <summary>The request; set by the ingress.</summary>
    public ModelRequest Request { get; set; } = ModelRequest.None;

    /// <summary>What the request says of itself, read when it is first asked for; the body must be there still.</summary>
    public RequestTraits Traits => _traits ??= RequestTraits.Of(Operation, Request);

    public bool HasTraits => _traits is not null;

    /// <summary>Tokens of input, estimated: well where somebody has asked for the traits, else roughly from the length of the body.</summary>
    public long InputEstimate => _traits?.InputTokens ?? Math.Max(1, _bodyBytes / BytesPerToken);

    /// <summary>Where the exchange may go; set by step 2.</summary>
    public RouteModel? Route { get; set; }

    /// <summary>Which targets of the route the exchange may go to; null for all.</summary>
    public Func<Target, bool>? Permits { get; set; }

    /// <summary>What is set aside for it; set by step 3 when there are limits.</summary>
    public LimitReservation? Reservation { get; set; }

    /// <summary>Ends a stream that costs more than there is; set by step 6 when there is a budget.</summary>
    public SpendMeter? Meter { get; set; }

    /// <summary>What it has used of its limits; set by step 8.</summary>
    public IReadOnlyList<LimitCharge> Charges { get; set; } = [];

    /// <summary>Its slot among those that run; set by step 3 when there is a limit.</summary>
    public AdmissionTicket? Ticket { get; set; }

    /// <summary>How far it has come on its route; set by step 6.</summary>
    public RouteWalk? Walk { get; set; }

    /// <summary>Where it went; set by step 6.</summary>
    public Target? Target { get; set; }

    /// <summary>The target's own name of the model; before there is a target, what the caller wrote.</summary>
    public string Model => Target?.Model ?? Request.Model;

    public List<Attempt> Attempts { get; } = new(1);

    /// <summary>The answer of the target; set by step 6.</summary>
    public HeldAnswer? Answer { get; set; }

    /// <summary>Keeps the answer for later calls; null for those that are not to be kept.</summary>
    public IAnswerKeeper? AnswerKeeper { get; set; }

    /// <summary>Parameters that the target that was tried last could not be told.</summary>
    public IReadOnlyList<string> Dropped { get; set; } = [];

    /// <summary>What the answer says of itself.</summary>
    public AnswerFacts Facts { get; set; } = new OpenAiAnswerFacts();

    public Usage? Usage => Facts.Usage;

    /// <summary>What its cost was made of: as told, or as far as it is known what was delivered; set by step 8.</summary>
    public Usage? SettledUsage { get; set; }

    /// <summary>For what the provider took it.</summary>
    public ServiceTier ServiceTier { get; set; }

    /// <summary>Null when it is not known, for want of a price or of usage; set by step 8.</summary>
    public long? CostNanoUsd { get; set; }

    /// <summary>The cost was made of what was delivered, as the provider did not report all of the usage.</summary>
    public bool IsCostEstimated { get; set; }

    /// <summary>What caches of the gateway had to say; set by step 5.</summary>
    public CacheStatus Cache { get; set; }

    /// <summary>What its answer is to the cache; null when nothing is.</summary>
    public CacheClaim? Claim { get; set; }

    /// <summary>What a hit would have cost; null for what is none, and where it is not known.</summary>
    public long? SavedNanoUsd { get; set; }

    /// <summary>What the provider's own cache saved, less what it cost to write to it; null where it is not known.</summary>
    public long? PromptCacheSavedNanoUsd { get; set; }

    public ExchangeOutcome Outcome { get; set; }

    /// <summary>Bytes of the answer's body that the caller gets, or got before it left or the target broke off.</summary>
    public long DeliveredBytes { get; set; }

    public GatewayError? Error { get; set; }

    /// <summary>HTTP status towards the caller; for one that left before it had the whole answer, 499 as nginx has it.</summary>
    public int Status => Outcome == ExchangeOutcome.Cancelled ? 499
        : Response.HasStarted ? Response.Status
        : Error?.Status ?? StatusCodes.Status500InternalServerError;

    /// <summary>The phase in which <see cref="Error"/> arose.</summary>
    public ExchangePhase ErrorPhase { get; set; }

    /// <summary>For the record: the target's own words about its failure have reached the caller.</summary>
    /// <param name="what">Happened, for when it had no words of its own.</param>
    /// <param name="kind">What its words say of who is at fault; null where they were read before, or say nothing.</param>
    public void MarkFailed(string what, FailureKind? kind = null)
    {
        Outcome = ExchangeOutcome.Failed;
        Error = new GatewayError(GatewayErrorCode.UpstreamError, Facts.ErrorMessage is { Length: <= MaxErrorMessage } message ? message : $"{Target!.Name} {what}.")
        {
            Failure = kind ?? Error?.Failure,
        };
    }

    /// <summary>The request can be sent to another target: nobody has seen anything of an answer.</summary>
    public bool CanBeSentAgain => Request.CanBeSentAgain && !Response.HasStarted && !ClientLeft;

    /// <summary>Id of the exchange of which this is a copy for a second target: nobody gets its answer.</summary>
    public string? ShadowOf { get; init; }

    /// <summary>After such a failure another attempt can be made. There may be none any more when it is asked for.</summary>
    public bool CanGoElsewhere(FailureKind kind) => Walk?.CanAdvance(kind) == true;

    /// <summary>A streamed answer that may go on at another target; set when it begins, on routes that have it so.</summary>
    public JoinedStream? Joined { get; set; }

    /// <summary>The answer has begun, and what has been said of it can be handed to another target.</summary>
    public bool CanBeContinued => Joined is { CanContinue: true } && !ClientLeft;

    /// <summary>Of the gateway that serves it; null for one that nobody stops.</summary>
    public GatewayLifetime? Lifetime { get; init; }

    /// <summary>Fires when exchanges have to end for the gateway's own end.</summary>
    public CancellationToken GatewayEnded => Lifetime?.Ended ?? CancellationToken.None;

    /// <summary>There is nobody to answer any more. The server tells of it a moment after a read of the body has failed for it.</summary>
    public bool ClientLeft
    {
        get => field || Http.RequestAborted.IsCancellationRequested;
        set;
    }

    /// <summary>What is written with the exchange's row, or not at all.</summary>
    public List<ICompanionRow> Companions { get; } = [];

    /// <summary>Puts another body in place of the caller's, whose buffers go back to the server.</summary>
    public void ReplaceBody(OpenAiRequestEnvelope envelope, ReadOnlySequence<byte> body)
    {
        if (!Request.OwnsBody)
        {
            Http.Request.BodyReader.AdvanceTo(Request.Body.End);
        }

        Request.Replace(envelope, body);
    }

    /// <summary>Gives the buffers of the request body back to the server: it will not be sent again.</summary>
    public void ReleaseBody()
    {
        if (!Request.Body.IsEmpty)
        {
            _bodyBytes = Request.Body.Length;
            if (!Request.OwnsBody)
            {
                Http.Request.BodyReader.AdvanceTo(Request.Body.End);
            }

            Request.DropBody();
        }
    }
}
