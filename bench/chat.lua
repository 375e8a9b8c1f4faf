-- What wrk sends, and its result as one JSON line (the last line of its output). Times are in microseconds.
-- Environment: BENCH_REQUEST (file with the body), BENCH_KEY, BENCH_CACHE_CONTROL (that header; none by default).

local file = assert(io.open(os.getenv("BENCH_REQUEST"), "rb"))
wrk.method = "POST"
wrk.body = file:read("*a")
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer " .. os.getenv("BENCH_KEY")
file:close()
wrk.headers["Cache-Control"] = os.getenv("BENCH_CACHE_CONTROL")

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '{"requests":%d,"seconds":%.3f,"p50_us":%d,"p99_us":%d,"not_2xx":%d,"broken":%d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50), latency:percentile(99),
    errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
