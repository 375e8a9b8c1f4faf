#!/usr/bin/env bash
# Measures direct, nginx and Gatehouse in one run and prints Markdown to stdout, progress to stderr. See README.md.
#   bench/run.sh [--without-gateway | --limits] [--write FILE]
# --limits measures what limits cost, and nothing else.
# Environment: DURATION (s per measurement, 8), ROUNDS (3), STREAMS (streams per measurement, 8000), FRAME_DELAY (ms, 0),
#   IDLE_STREAMS (as many as file descriptors allow, at most 10000; 0 skips), QUICK=1 (a smoke test: small values for all of these).
set -euo pipefail
cd "$(dirname "$0")/.."
PATH=$PATH:/usr/sbin # where Debian puts nginx, for root only

targets=(direct nginx gatehouse)
only=
write=
while (($#)); do
  case $1 in
    --without-gateway) targets=(direct nginx) ;;
    --limits) targets=(gatehouse) only=limits ;;
    --write) write=${2:?--write needs a file}; shift ;;
    *) sed -n '2,6s/^# //p' bench/run.sh >&2; exit 2 ;;
  esac
  shift
done

# The hard limit holds for each process; a proxy needs two descriptors per stream over HTTP/1.1, and some of its own.
descriptors=$(ulimit -Hn)
[[ $descriptors == unlimited ]] && descriptors=1048576
ulimit -n "$descriptors"
idle_limit=$(((descriptors - 400) / 2))
((idle_limit > 10000)) && idle_limit=10000

if [[ ${QUICK:-} == 1 ]]; then
  : "${DURATION:=2}" "${ROUNDS:=1}" "${STREAMS:=320}" "${IDLE_STREAMS:=1000}"
fi
: "${DURATION:=8}" "${ROUNDS:=3}" "${STREAMS:=8000}" "${IDLE_STREAMS:=$idle_limit}" "${FRAME_DELAY:=0}"
((IDLE_STREAMS <= idle_limit)) || { echo "IDLE_STREAMS: at most $idle_limit with $descriptors file descriptors" >&2; exit 2; }

. bench/processes.sh
BENCH_KEY=gh_bench$(random_hex)
BENCH_LIMITED_KEY=gh_bench$(random_hex)
BENCH_ADMIN_TOKEN=$(random_hex)
BENCH_REQUEST=bench/request.json
export BENCH_KEY BENCH_LIMITED_KEY BENCH_ADMIN_TOKEN BENCH_REQUEST

declare -A url pid # of each target; the pid is that of the process whose CPU and memory count

install_tools() {
  local packages=() sudo=()
  command -v wrk >/dev/null || packages+=(wrk)
  command -v nginx >/dev/null || packages+=(nginx-light)
  command -v curl >/dev/null || packages+=(curl)
  ((${#packages[@]})) || return 0
  ((EUID == 0)) || sudo=(sudo)
  say "installing ${packages[*]}"
  # nginx is only used as a program here: its service must not start and take port 80.
  "${sudo[@]}" apt-get update -qq >&2
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq --no-install-recommends "${packages[@]}" >&2
}

build() {
  say "building"
  dotnet build -c Release -v quiet --nologo bench/Gatehouse.Bench >&2
  [[ " ${targets[*]} " != *" gatehouse "* ]] || dotnet build -c Release -v quiet --nologo src/Gatehouse >&2
}

start_mock() {
  start mock dotnet "$bench" mock --listen 127.0.0.1:0 --frame-delay "$FRAME_DELAY"
  pid[direct]=$started_pid
  wait_for 20 "$started_pid" grep -q '^ready: ' "$work/mock.log"
  url[direct]=$(sed -n 's/^ready: //p' "$work/mock.log")
  export BENCH_MOCK_URL=${url[direct]}
}

start_nginx() {
  local port
  port=$(free_port)
  mkdir "$work/nginx"
  sed "s/@NGINX_PORT@/$port/; s/@MOCK@/${url[direct]#http://}/" bench/nginx.conf >"$work/nginx/nginx.conf"
  # Started as root, the worker would become a user who cannot enter the temporary folder.
  ((EUID != 0)) || sed -i '1i user root;' "$work/nginx/nginx.conf"
  start nginx nginx -e stderr -p "$work/nginx" -c nginx.conf
  url[nginx]=http://127.0.0.1:$port
  wait_for 10 "$started_pid" curl -fsS -m 2 "${url[nginx]}/healthz"
  pid[nginx]=$(pgrep -P "$started_pid") # the one worker
}

start_gateway() {
  # A new data folder and process each time: the idle phase must not inherit the memory of the load.
  start "gatehouse$1" dotnet "$gateway" serve --config bench/gatehouse.yaml --data "$work/data$1"
  pid[gatehouse]=$started_pid
  local log=$work/gatehouse$1.log
  wait_for 60 "$started_pid" grep -q '^ready: ' "$log"
  url[gatehouse]=$(sed -nE 's/^ready: (http:[^ ]+) .*/\1/p' "$log")
  admin_url=$(sed -nE 's/^ready: .*\(admin (http:[^ )]+)\).*/\1/p' "$log")
  wait_for 20 "$started_pid" curl -fsS -m 2 "${url[gatehouse]}/healthz"
  wait_for 20 "$started_pid" curl -fsS -m 2 "${url[gatehouse]}/readyz"
}

# The numbers mean nothing unless what they are said to include was on.
check_gateway_recorded() {
  local auth="Authorization: Bearer $BENCH_ADMIN_TOKEN"
  curl -fsS -m 5 -H "$auth" "$admin_url/api/v1/exchanges?limit=1" | grep -q '"exc_' || fail "the ledger holds no exchange"
  curl -fsS -m 5 -H "$auth" "$admin_url/metrics" | grep -q '^[a-z]' || fail "/metrics is empty"
}

endpoint() { echo "${url[$1]}/v1/chat/completions"; }

# load TARGET CONNECTIONS SECONDS : one line of JSON; anything but 2xx voids the run
load() {
  local output result
  output=$(timeout $(($3 + 20)) wrk -t1 -c"$2" -d"$3"s --timeout 5s --latency -s bench/chat.lua "$(endpoint "$1")") \
    || fail "wrk on $1: $output"
  result=$(tail -n 1 <<<"$output")
  [[ $result == *'"not_2xx":0,"broken":0'* ]] || fail "$1 with $2 connections did not always answer 2xx: $result"
  echo "$result"
}

# streams TARGET CONNECTIONS REQUESTS : one line of JSON
streams() {
  timeout 300 dotnet "$bench" ttft --url "$(endpoint "$1")" --key "$BENCH_KEY" --model mock/bench \
    --connections "$2" --requests "$3" || fail "streams on $1"
}

# .NET compiles hot code again after thousands of calls: measure none before that, in the mock or in the gateway.
warm_up() {
  say "warm-up: $1"
  local requests=0 result
  for _ in $(seq 60); do
    result=$(load "$1" 16 2)
    [[ $result =~ \"requests\":([0-9]+) ]] && ((requests += BASH_REMATCH[1])) || true
    ((requests < 20000)) || break
  done
  ((requests >= 20000)) || fail "only $requests warm-up requests in two minutes on $1"
  streams "$1" 16 600 >/dev/null
}

# measure KIND TARGET CONNECTIONS ROUND COMMAND... : the command's JSON with the target's CPU time, as a line of the results
measure() {
  local kind=$1 target=$2 connections=$3 round=$4 before after result labels
  shift 4
  say "round $round: $kind, $connections connection(s), $target"
  before=$(cpu_microseconds "${pid[$target]}")
  result=$("$@")
  after=$(cpu_microseconds "${pid[$target]}")
  labels="\"kind\":\"$kind\",\"target\":\"$target\",\"connections\":$connections,\"round\":$round"
  echo "{$labels,\"cpu_us\":$((after - before)),${result#\{}" >>"$results"
}

measure_load() {
  local round connections target
  for round in $(seq "$ROUNDS"); do
    for connections in 1 16 64; do
      for target in "${targets[@]}"; do
        measure requests "$target" "$connections" "$round" load "$target" "$connections" "$DURATION"
      done
    done
    for connections in 1 16; do
      for target in "${targets[@]}"; do
        measure streams "$target" "$connections" "$round" streams "$target" "$connections" "$STREAMS"
      done
    done
  done
}

# The gateway's CPU for the same call, named as target and as several routes.
ways=(target route-of-1 route-of-3 weighted-3 least-latency-3 sticky-3)
measure_routes() {
  local round way
  [[ -n ${pid[gatehouse]:-} ]] || return 0
  for way in "${ways[@]}"; do
    pid[$way]=${pid[gatehouse]} url[$way]=${url[gatehouse]}
    [[ $way == target ]] && cp bench/request.json "$work/$way.json" || sed "s|mock/bench|$way|" bench/request.json >"$work/$way.json"
  done
  for round in $(seq "$((ROUNDS * 2))"); do
    for way in "${ways[@]}"; do
      BENCH_REQUEST=$work/$way.json measure routes "$way" 16 "$round" load "$way" 16 "$((DURATION / 2 + 1))"
    done
  done
}

# What the exact cache gives and costs: hits, look-ups that find nothing good enough, and a route without a cache.
measure_cache() {
  local round connections
  [[ -n ${pid[gatehouse]:-} ]] || return 0
  for what in hit miss none; do pid[$what]=${pid[gatehouse]} url[$what]=${url[gatehouse]}; done
  sed "s|mock/bench|cached|" bench/request.json >"$work/cached.json"
  sed "s|mock/bench|route-of-1|" bench/request.json >"$work/uncached.json"
  for round in $(seq "$ROUNDS"); do
    for connections in 1 16 64; do
      BENCH_REQUEST=$work/cached.json measure cache hit "$connections" "$round" load hit "$connections" "$DURATION"
    done
    # One connection: equal requests at the same time would share one answer.
    BENCH_REQUEST=$work/cached.json BENCH_CACHE_CONTROL=max-age=0 measure cache miss 1 "$round" load miss 1 "$DURATION"
    BENCH_REQUEST=$work/uncached.json measure cache none 1 "$round" load none 1 "$DURATION"
  done
}

# The gateway's CPU for the same call by a key without limits and by one with four limits and a budget.
measure_limits() {
  local round way
  [[ -n ${pid[gatehouse]:-} ]] || return 0
  for way in unlimited limited; do pid[$way]=${pid[gatehouse]} url[$way]=${url[gatehouse]}; done
  # What only limits run has not been compiled yet.
  BENCH_KEY=$BENCH_LIMITED_KEY load gatehouse 16 "$((DURATION / 2 + 1))" >/dev/null
  for round in $(seq "$((ROUNDS * 2))"); do
    measure limits unlimited 16 "$round" load unlimited 16 "$((DURATION / 2 + 1))"
    BENCH_KEY=$BENCH_LIMITED_KEY measure limits limited 16 "$round" load limited 16 "$((DURATION / 2 + 1))"
  done
}

record_memory() {
  local target peak now
  for target in "${targets[@]}"; do
    peak=$(memory_kb "${pid[$target]}" VmHWM)
    now=$(memory_kb "${pid[$target]}" VmRSS)
    echo "{\"kind\":\"memory\",\"target\":\"$target\",\"peak_kb\":$peak,\"rss_kb\":$now}" >>"$results"
  done
}

# measure_idle TARGET MODEL
measure_idle() {
  local target=$1 before after peak line client in out
  say "idle: $IDLE_STREAMS streams, $target"
  before=$(memory_kb "${pid[$target]}" VmRSS)
  coproc idle_client {
    exec timeout 300 dotnet "$bench" idle --url "$(endpoint "$target")" --key "$BENCH_KEY" --model "$2" --streams "$IDLE_STREAMS"
  }
  client=$idle_client_PID
  started+=("$client")
  exec {out}<&"${idle_client[0]}" {in}>&"${idle_client[1]}" # bash closes its own copies as soon as the client ends
  read -r -t 130 line <&"$out" || fail "the idle streams on $target did not open"
  [[ $line == "{\"open\":$IDLE_STREAMS}" ]] || fail "idle streams on $target: $line"
  sleep 3 # what was needed only to open them may go
  after=$(memory_kb "${pid[$target]}" VmRSS)
  peak=$(memory_kb "${pid[$target]}" VmHWM)
  echo >&"$in"
  read -r -t 60 line <&"$out" || fail "the idle client on $target did not end"
  [[ $line == "{\"still_open\":$IDLE_STREAMS}" ]] || fail "idle streams on $target were closed: $line"
  exec {out}<&- {in}>&-
  wait "$client"
  local memory="\"before_kb\":$before,\"after_kb\":$after,\"peak_kb\":$peak"
  echo "{\"kind\":\"idle\",\"target\":\"$target\",\"open\":$IDLE_STREAMS,$memory}" >>"$results"
}

measure_all_idle() {
  ((IDLE_STREAMS > 0)) || return 0
  measure_idle nginx idle
  [[ -n ${pid[gatehouse]:-} ]] || return 0
  stop "${pid[gatehouse]}"
  start_gateway -idle
  streams gatehouse 1 200 >/dev/null
  measure_idle gatehouse mock/idle
}

print_machine() {
  local revision processor memory runtime wrk
  revision=$(git rev-parse --short HEAD 2>/dev/null || echo unknown)
  [[ -z $(git status --porcelain 2>/dev/null) ]] || revision+=", with changes"
  processor=$(lscpu | sed -n 's/^Model name: *//p' | head -n 1)
  memory=$(awk '/^MemTotal/ { printf "%.1f GB", $2 * 1024 / 1e9 }' /proc/meminfo)
  runtime=$(dotnet --list-runtimes | awk '/AspNetCore.App 10[.]/ { version = $2 } END { print version }')
  wrk=$( (wrk -v 2>&1 || true) | awk 'NR == 1 { print $2 }')
  cat <<EOF
# Performance

Written by \`bench/run.sh\`; [bench/README.md](../bench/README.md) says what is measured and how to read it.
Load generator, mock upstream and the measured process share the machine.

- Date: $(date -u '+%Y-%m-%d %H:%M UTC'), revision $revision
- Machine: $processor, $(nproc) cores, $memory, Linux $(uname -r), ledger on $(df --output=fstype "$work" | tail -n 1),
  load average $(cut -d' ' -f1 /proc/loadavg) at the start
- Versions: .NET $runtime, $(nginx -v 2>&1 | sed 's/.*: //'), wrk $wrk
- Options: $ROUNDS round(s), $DURATION s and $STREAMS streams per measurement, $FRAME_DELAY ms between frames
EOF
}

install_tools
build
if [[ $only == limits ]]; then
  start_mock
  start_gateway ""
  warm_up gatehouse
  measure_limits
  dotnet "$bench" report --results "$results"
  dotnet "$bench" limits --rounds 7
  exit 0
fi
machine=$(print_machine)
start_mock
start_nginx
[[ " ${targets[*]} " != *" gatehouse "* ]] || start_gateway ""
for target in "${targets[@]}"; do warm_up "$target"; done
measure_load
measure_routes
measure_limits
measure_cache
record_memory
[[ -z ${pid[gatehouse]:-} ]] || check_gateway_recorded
measure_all_idle

{
  printf '%s\n\n' "$machine"
  dotnet "$bench" report --results "$results"
  dotnet "$bench" translation --rounds 7
  dotnet "$bench" expressions --rounds 7
  dotnet "$bench" cache-key --rounds 7
  dotnet "$bench" limits --rounds 7
} >"$work/report.md"
cat "$work/report.md"
# Only a whole report replaces the last one.
[[ -z $write ]] || cp "$work/report.md" "$write"
