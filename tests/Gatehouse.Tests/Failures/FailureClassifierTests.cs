using System.Text;
using Gatehouse.Pipeline;
using Gatehouse.Upstream.Failures;

namespace Gatehouse.Tests.Failures;

/// <summary>Bodies as the providers' pages and issue trackers have them; what was recorded is in <see cref="RecordedFailureTests"/>.</summary>
public sealed class FailureClassifierTests
{
    /// <summary>A body of JSON, its quotes written as apostrophes.</summary>
    private static byte[] Json(string body) => Encoding.UTF8.GetBytes(body.Replace('\'', '"'));

    [Theory]
    [InlineData(400, "InvalidRequest")]
    [InlineData(401, "Auth")]
    [InlineData(402, "Billing")]
    [InlineData(403, "Auth")]
    [InlineData(404, "ModelNotFound")]
    [InlineData(405, "InvalidRequest")]
    [InlineData(408, "Timeout")]
    [InlineData(409, "ServerError")]
    [InlineData(410, "ModelNotFound")]
    [InlineData(413, "ContextLength")]
    [InlineData(415, "InvalidRequest")]
    [InlineData(422, "InvalidRequest")]
    [InlineData(424, "ServerError")]
    [InlineData(429, "RateLimited")]
    [InlineData(446, "ContentRefused")]
    [InlineData(451, "ContentRefused")]
    [InlineData(498, "Overloaded")]
    [InlineData(499, "ServerError")]
    [InlineData(500, "ServerError")]
    [InlineData(501, "Unsupported")]
    [InlineData(502, "ServerError")]
    [InlineData(503, "Overloaded")]
    [InlineData(504, "Timeout")]
    [InlineData(524, "Timeout")]
    [InlineData(529, "Overloaded")]
    [InlineData(302, "ServerError")]
    public void Without_a_body_the_status_decides(int status, string kind)
    {
        foreach (var body in new[] { "", "<html><body>404 page not found: insufficient_quota</body></html>", "upstream connect error", "null", "[]", "{}", "{\"error\":null}", "\uFEFF {}" })
        {
            Assert.Equal(kind, FailureClassifier.Of(status, Encoding.UTF8.GetBytes(body)).ToString());
        }
    }

    [Theory]
    // OpenAI
    [InlineData(400, "ContextLength", "{'error':{'message':'This model\\u0027s maximum context length is 8192 tokens.','type':'invalid_request_error','param':'messages','code':'context_length_exceeded'}}")]
    [InlineData(400, "ContextLength", "{'error':{'message':'Your input exceeds the context window of this model.','type':'invalid_request_error','param':'input','code':null}}")]
    [InlineData(429, "Billing", "{'error':{'message':'You exceeded your current quota, please check your plan and billing details.','type':'insufficient_quota','param':null,'code':'insufficient_quota'}}")]
    [InlineData(400, "Billing", "{'error':{'code':'billing_hard_limit_reached','message':'Billing hard limit has been reached','param':null,'type':'invalid_request_error'}}")]
    [InlineData(401, "Billing", "{'error':{'message':'The OpenAI account associated with this API key has been deactivated.','type':'invalid_request_error','code':'account_deactivated'}}")]
    [InlineData(403, "Auth", "{'error':{'code':'unsupported_country_region_territory','message':'Country, region, or territory not supported','param':null,'type':'request_forbidden'}}")]
    [InlineData(429, "RateLimited", "{'error':{'message':'Rate limit reached for gpt-4o in organization org-x on tokens per min (TPM): Limit 30000, Used 29000, Requested 2000.','type':'tokens','param':null,'code':'rate_limit_exceeded'}}")]
    [InlineData(429, "ContextLength", "{'error':{'message':'Request too large for gpt-4o in organization org-x on tokens per min (TPM): Limit 30000, Requested 90000.','type':'tokens','param':null,'code':'rate_limit_exceeded'}}")]
    [InlineData(400, "ContentRefused", "{'error':{'code':'content_policy_violation','message':'Your request was rejected as a result of our safety system.','type':'image_generation_user_error'}}")]
    [InlineData(400, "ContentRefused", "{'error':{'message':'Invalid prompt: your prompt was flagged as potentially violating our usage policy.','type':'invalid_request_error','code':'invalid_prompt'}}")]
    [InlineData(503, "Overloaded", "{'error':{'message':'The engine is currently overloaded, please try again later','type':'server_error','code':null}}")]
    [InlineData(404, "InvalidRequest", "{'error':{'message':'Item with id \\u0027rs_1\\u0027 not found.','type':'invalid_request_error','param':'input','code':null}}")]
    [InlineData(403, "Unsupported", "{'error':{'message':'You are not allowed to request logprobs from this model','type':'invalid_request_error','param':null,'code':null}}")]
    [InlineData(424, "InvalidRequest", "{'error':{'message':'Error retrieving tool list from MCP server: \\u0027x\\u0027. Http status code: 404 (Not Found)','type':'external_connector_error','param':'tools','code':'http_error'}}")]
    [InlineData(403, "ModelNotFound", "{'error':{'message':'Project `p` does not have access to model `gpt-4o`','type':'invalid_request_error','param':null,'code':'model_not_found'}}")]
    // LiteLLM
    [InlineData(404, "ModelNotFound", "{'error':{'message':'x','type':'None','param':'None','code':'404'}}")]
    // Azure
    [InlineData(400, "ContentRefused", "{'error':{'message':'The response was filtered','type':null,'param':'prompt','code':'content_filter','status':400,'innererror':{'code':'ResponsibleAIPolicyViolation','content_filter_result':{'hate':{'filtered':true}}}}}")]
    [InlineData(400, "ContentRefused", "{'error':{'code':'400','innererror':{'code':'ResponsibleAIPolicyViolation'},'message':'x'}}")]
    [InlineData(429, "RateLimited", "{'error':{'code':'429','message':'Requests to the ChatCompletions_Create Operation have exceeded call rate limit of your current OpenAI S0 pricing tier.'}}")]
    [InlineData(403, "Auth", "{'error':{'code':'403','message':'Public access is disabled. Please configure private endpoint.'}}")]
    // Anthropic
    [InlineData(400, "Billing", "{'type':'error','error':{'type':'invalid_request_error','message':'Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing.'}}")]
    [InlineData(400, "ContextLength", "{'type':'error','error':{'type':'invalid_request_error','message':'prompt is too long: 214850 tokens > 200000 maximum'}}")]
    [InlineData(400, "ContextLength", "{'type':'error','error':{'type':'invalid_request_error','message':'input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000'}}")]
    [InlineData(400, "ContentRefused", "{'type':'error','error':{'type':'invalid_request_error','message':'Output blocked by content filtering policy'}}")]
    [InlineData(413, "ContextLength", "{'type':'error','error':{'type':'request_too_large','message':'Request exceeds the maximum size'}}")]
    [InlineData(429, "RateLimited", "{'type':'error','error':{'type':'rate_limit_error','message':'This request would exceed your organization\\u0027s rate limit of 30,000 input tokens per minute. Please reduce the prompt length'}}")]
    [InlineData(500, "ServerError", "{'type':'error','error':{'type':'api_error','message':'Internal server error'}}")]
    [InlineData(529, "Overloaded", "{'type':'error','error':{'type':'overloaded_error','message':'Overloaded'}}")]
    [InlineData(500, "Overloaded", "{'type':'error','error':{'type':'overloaded_error','message':'Overloaded'}}")]
    [InlineData(429, "Unsupported", "{'type':'error','error':{'type':'rate_limit_error','message':'Extra usage is required for long context requests.'}}")]
    // Gemini and Vertex
    [InlineData(403, "InvalidRequest", "{'error':{'code':403,'message':'x@y.iam.gserviceaccount.com does not have storage.objects.get access to the Google Cloud Storage object.','status':'PERMISSION_DENIED'}}")]
    [InlineData(400, "ContextLength", "{'error':{'code':400,'message':'The input token count (1196265) exceeds the maximum number of tokens allowed (1048575).','status':'INVALID_ARGUMENT'}}")]
    [InlineData(503, "Overloaded", "{'error':{'code':503,'message':'The model is overloaded. Please try again later.','status':'UNAVAILABLE'}}")]
    [InlineData(429, "RateLimited", "[{'error':{'code':429,'message':'Resource exhausted. Please try again later.','status':'RESOURCE_EXHAUSTED'}}]")]
    [InlineData(403, "Billing", "{'error':{'code':403,'message':'This API method requires billing to be enabled.','status':'PERMISSION_DENIED','details':[{'@type':'type.googleapis.com/google.rpc.ErrorInfo','reason':'BILLING_DISABLED'}]}}")]
    [InlineData(403, "InvalidRequest", "{'error':{'code':403,'message':'CachedContent not found (or permission denied)','status':'PERMISSION_DENIED'}}")]
    [InlineData(400, "Auth", "{'error':{'code':400,'message':'User location is not supported for the API use.','status':'FAILED_PRECONDITION'}}")]
    [InlineData(504, "Timeout", "{'error':{'code':504,'message':'Deadline expired before operation could complete.','status':'DEADLINE_EXCEEDED'}}")]
    // Cohere, Mistral, Groq, xAI, Ollama
    [InlineData(429, "RateLimited", "{'message':'You are using a Trial key, which is limited to 10 API calls / minute.'}")]
    [InlineData(400, "ContextLength", "{'object':'error','message':'Prompt contains 40000 tokens, too large for model with 32768 maximum context length','type':'invalid_request_error','code':'3051'}")]
    [InlineData(422, "InvalidRequest", "{'detail':[{'type':'missing','loc':['body','messages'],'msg':'Field required','input':{'code':'insufficient_quota','message':'prompt is too long'}}]}")]
    [InlineData(413, "ContextLength", "{'error':{'message':'Request too large for model `x` on tokens per minute (TPM): Limit 6000, Requested 9000','type':'tokens','code':'rate_limit_exceeded'}}")]
    [InlineData(400, "ContextLength", "{'error':{'message':'Please reduce the length of the messages or completion.','type':'invalid_request_error','param':'messages','code':'context_length_exceeded'}}")]
    [InlineData(400, "ModelNotFound", "{'error':{'message':'The model `mixtral-8x7b-32768` has been decommissioned and is no longer supported.','type':'invalid_request_error','code':'model_decommissioned'}}")]
    [InlineData(429, "Billing", "{'code':'Some resource has been exhausted','error':'Your team 1f has either used all available credits or reached its monthly spending limit.'}")]
    [InlineData(400, "ContextLength", "{'code':'Client specified an invalid argument','error':'This model\\u0027s maximum prompt length is 131072 but the request contains 537812 tokens.'}")]
    [InlineData(400, "Unsupported", "{'error':'registry.ollama.ai/library/gemma:latest does not support tools'}")]
    // OpenRouter
    [InlineData(400, "ContextLength", "{'error':{'message':'Provider returned error','code':400,'metadata':{'raw':'{\\\"error\\\":{\\\"message\\\":\\\"prompt is too long: 210000 tokens > 200000 maximum\\\"}}','provider_name':'Anthropic'}}}")]
    [InlineData(402, "Billing", "{'error':{'message':'This request requires more credits, or fewer max_tokens.','code':402}}")]
    [InlineData(403, "ContentRefused", "{'error':{'message':'openai/gpt-4 requires moderation on OpenAI. Your input was flagged for \\u0022violence\\u0022.','code':403,'metadata':{'reasons':['violence'],'flagged_input':'x'}}}")]
    [InlineData(400, "ModelNotFound", "{'error':{'message':'foo/bar is not a valid model ID','code':400}}")]
    [InlineData(404, "Unsupported", "{'error':{'message':'No endpoints found that support tool use.','code':404}}")]
    [InlineData(404, "ModelNotFound", "{'error':{'message':'No endpoints found for foo/bar.','code':404}}")]
    [InlineData(502, "RateLimited", "{'error':{'message':'Provider returned error','code':429}}")]
    // DeepSeek, Moonshot, DashScope, Z.ai, MiniMax, Volcengine, SiliconFlow, Fireworks, Together, Hugging Face
    [InlineData(402, "Billing", "{'error':{'message':'Insufficient Balance','type':'unknown_error','param':null,'code':'invalid_request_error'}}")]
    [InlineData(400, "ContentRefused", "{'error':{'message':'Content Exists Risk','type':'invalid_request_error','code':'invalid_request_error'}}")]
    [InlineData(429, "Overloaded", "{'error':{'message':'The engine is currently overloaded, please try again later','type':'engine_overloaded_error'}}")]
    [InlineData(429, "Billing", "{'error':{'message':'Your account org-1 is suspended due to insufficient balance','type':'exceeded_current_quota_error'}}")]
    [InlineData(429, "RateLimited", "{'error':{'code':'insufficient_quota','message':'You exceeded your current quota, please check your plan and billing details. For details, see: https://help.aliyun.com/zh/model-studio/error-code#token-limit','type':'insufficient_quota'}}")]
    [InlineData(400, "Billing", "{'error':{'code':'Arrearage','message':'Access denied, please make sure your account is in good standing.','type':'Arrearage'}}")]
    [InlineData(429, "Billing", "{'error':{'code':'1113','message':'Insufficient balance or no resource package. Please recharge.'}}")]
    [InlineData(400, "ContextLength", "{'error':{'code':'1261','message':'Prompt exceeds max length'}}")]
    [InlineData(400, "ContentRefused", "{'error':{'code':'InputTextSensitiveContentDetected','message':'The request failed because the input text may contain sensitive information.','type':'BadRequest'}}")]
    [InlineData(403, "Billing", "{'error':{'code':'AccountOverdueError','message':'The request failed because your account has an overdue balance.','type':'Forbidden'}}")]
    [InlineData(404, "ModelNotFound", "{'error':{'code':'InvalidEndpointOrModel.NotFound','message':'The model or endpoint x does not exist or you do not have access to it.','type':'NotFound'}}")]
    [InlineData(403, "Billing", "{'code':30001,'message':'Sorry, your account balance is insufficient','data':null}")]
    [InlineData(412, "Billing", "{'error':{'message':'Account x is suspended, possibly due to reaching the monthly spending limit or failure to pay past invoices.','code':'PRECONDITION_FAILED'}}")]
    [InlineData(400, "ModelNotFound", "{'error':{'message':'Unable to access non-serverless model x.','type':'invalid_request_error','param':null,'code':'model_not_available'}}")]
    [InlineData(400, "ModelNotFound", "{'error':{'message':'The requested model \\u0027x\\u0027 is not supported by any provider you have enabled.','type':'invalid_request_error','code':'model_not_supported'}}")]
    // vLLM, TGI, llama.cpp, LM Studio
    [InlineData(404, "ModelNotFound", "{'object':'error','message':'The model `x` does not exist.','type':'NotFoundError','param':null,'code':404}")]
    [InlineData(400, "ContextLength", "{'object':'error','message':'This model\\u0027s maximum context length is 2048 tokens. However, you requested 3000 tokens','type':'BadRequestError','code':400}")]
    [InlineData(422, "ContextLength", "{'error':'Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 5000','error_type':'validation'}")]
    [InlineData(424, "ServerError", "{'error':'Request failed during generation: Server error: CUDA out of memory','error_type':'generation'}")]
    [InlineData(400, "ContextLength", "{'error':'The number of tokens to keep from the initial prompt is greater than the context length.'}")]
    // A fault of a server stays one
    [InlineData(500, "ServerError", "{'error':{'message':'Invalid model: x','type':'invalid_request_error','code':'model_not_found'}}")]
    [InlineData(502, "ServerError", "{'error':{'message':'Provider returned error','code':400}}")]
    [InlineData(500, "ServerError", "{'error':{'code':'content_filter','message':'Your credit balance is too low'}}")]
    [InlineData(503, "Overloaded", "{'error':{'code':'insufficient_quota','type':'invalid_request_error'}}")]
    [InlineData(500, "ContextLength", "{'error':{'code':500,'message':'the request exceeds the available context size. try increasing the context size'}}")]
    [InlineData(500, "RateLimited", "{'error':{'code':'rate_limit_exceeded','message':'slow'}}")]
    public void Documented_errors_have_their_kind(int status, string kind, string body) =>
        Assert.Equal(kind, FailureClassifier.Of(status, Json(body)).ToString());

    [Theory]
    [InlineData(429, "RateLimited", "ThrottlingException:http://internal.amazon.com/coral/com.amazon.bedrock/", "Too many tokens, please wait before trying again.")]
    [InlineData(429, "Overloaded", "ModelNotReadyException", "The model is not ready for inference")]
    [InlineData(503, "Overloaded", "ServiceUnavailableException", "Bedrock is unable to process your request.")]
    [InlineData(408, "Timeout", "ModelTimeoutException", "x")]
    [InlineData(424, "ServerError", "ModelErrorException", "x")]
    [InlineData(400, "RateLimited", "ServiceQuotaExceededException", "x")]
    [InlineData(400, "RateLimited", "com.amazon.coral.availability#ThrottlingException", "Rate exceeded")]
    [InlineData(400, "Auth", "ExpiredTokenException", "x")]
    [InlineData(403, "Auth", "AccessDeniedException", "x")]
    [InlineData(404, "ModelNotFound", "ResourceNotFoundException", "x")]
    [InlineData(400, "InvalidRequest", "ValidationException", "x")]
    [InlineData(400, "ContextLength", "ValidationException", "Input is too long for requested model.")]
    public void The_type_of_an_AWS_error_stands_in_a_header(int status, string kind, string type, string message) =>
        Assert.Equal(kind, FailureClassifier.Of(status, Json($"{{'message':'{message}'}}"), type).ToString());

    [Theory]
    [InlineData("Overloaded", "{'type':'error','error':{'type':'overloaded_error','message':'Overloaded'}}")]
    [InlineData("RateLimited", "{'type':'error','error':{'type':'rate_limit_error','message':'x'}}")]
    [InlineData("ServerError", "{'type':'error','error':{'type':'api_error','message':'x'}}")]
    [InlineData("InvalidRequest", "{'type':'error','error':{'type':'invalid_request_error','message':'x'}}")]
    [InlineData("Timeout", "{'type':'error','error':{'type':'timeout_error','message':'x'}}")]
    [InlineData("Billing", "{'type':'error','error':{'type':'billing_error','message':'x'}}")]
    [InlineData("Auth", "{'type':'error','error':{'type':'authentication_error','message':'x'}}")]
    [InlineData("ServerError", "{'error':{'message':'The server had an error while processing your request.','type':'server_error','param':null,'code':null}}")]
    [InlineData("RateLimited", "{'type':'error','code':'rate_limit_exceeded','message':'Rate limit reached','param':null,'sequence_number':3}")]
    [InlineData("ServerError", "{'type':'response.failed','response':{'status':'failed','error':{'code':'server_error','message':'x'},'metadata':{'code':'insufficient_quota'}}}")]
    [InlineData("RateLimited", "{'type':'response.failed','response':{'error':{'code':'rate_limit_exceeded','message':'x'},'instructions':'x'}}")]
    [InlineData("Overloaded", "{'error':{'code':503,'message':'x','status':'UNAVAILABLE'}}")]
    [InlineData("ServerError", "{'id':'gen-1','error':{'code':502,'message':'Provider disconnected'},'choices':[{'delta':{'content':'prompt is too long'},'finish_reason':'error'}]}")]
    [InlineData("InvalidRequest", "{'error':{'code':400,'message':'Token limit reached'}}")]
    [InlineData("Unsupported", "{'error':{'message':'Tool choice is required, but model did not call a tool','type':'invalid_request_error','code':'tool_use_failed','status_code':400}}")]
    [InlineData("ContentRefused", "{'error':{'message':'The response was filtered due to the prompt triggering Azure Content management policy.','code':null}}")]
    [InlineData("Billing", "{'id':'1','choices':null,'base_resp':{'status_code':1008,'status_msg':'insufficient balance'}}")]
    [InlineData("RateLimited", "{'base_resp':{'status_code':1002,'status_msg':'rate limit'}}")]
    [InlineData("ContextLength", "{'error':'prompt too long'}")]
    [InlineData("ServerError", "{'error':'an error was encountered while running the model'}")]
    [InlineData("ServerError", "'text'")]
    [InlineData("ServerError", "garbage")]
    [InlineData("ServerError", "")]
    public void An_error_in_a_stream_has_its_kind(string kind, string data) => Assert.Equal(kind, FailureClassifier.OfFrame(Json(data)).ToString());

    [Theory]
    [InlineData("RateLimited", "throttlingException")]
    [InlineData("Overloaded", "serviceUnavailableException")]
    [InlineData("ServerError", "internalServerException")]
    [InlineData("ServerError", "modelStreamErrorException")]
    [InlineData("InvalidRequest", "validationException")]
    public void An_exception_in_an_event_stream_has_its_kind(string kind, string type) =>
        Assert.Equal(kind, FailureClassifier.OfFrame(Json("{'message':'x'}"), type).ToString());

    /// <summary>A caller chooses what is quoted back; it must not be able to take a target away from others.</summary>
    [Theory]
    [InlineData("{'error':{'message':'Unknown parameter: \\u0027Your credit balance is too low\\u0027.','type':'invalid_request_error'}}")]
    [InlineData("{'error':{'message':'Your credit balance is too low: Extra inputs are not permitted','type':'invalid_request_error'}}")]
    [InlineData("{'error':{'message':'Invalid value: \\u0027API key not valid\\u0027'}}")]
    [InlineData("{'error':{'message':'Invalid value at x, \\u0022foo is not a valid model ID\\u0022'}}")]
    [InlineData("{'error':{'message':'x','failed_generation':'{}','input':{'code':'insufficient_quota'},'metadata':{'flagged_input':'API key not valid','raw':'API'}}}")]
    [InlineData("{'error':{'message':'x','param':'insufficient_quota'},'request':{'error':{'code':'insufficient_quota'}},'insufficient_quota':1}")]
    public void What_a_request_says_is_not_held_against_the_target(string body) =>
        Assert.Equal(FailureKind.InvalidRequest, FailureClassifier.Of(400, Json(body)));
}
