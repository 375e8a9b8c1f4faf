#!/usr/bin/env bash
# Runs a gateway over targets that fail, checks every answer, and prints Markdown to stdout, progress to stderr. See README.md.
#   bench/chaos/run.sh [--seed N] [--requests N] [--rate N] [--scenarios "NAME ..."] [--portkey] [--write FILE]
# Defaults: seed 1, 20000 requests for the scenarios with bursts, 400 a second, all scenarios, Gatehouse alone. --write puts the report
# into FILE between the markers "<!-- results -->" and "<!-- end of results -->".
set -euo pipefail
cd "$(dirname "$0")/../.."

seed=1 requests=20000 rate=400 portkey= write=
scenarios="healthy two balanced three outage-refused outage-stalled slow"
while (($#)); do
  case $1 in
    --seed) seed=${2:?--seed needs a number}; shift ;;
    --requests) requests=${2:?--requests needs a number}; shift ;;
    --rate) rate=${2:?--rate needs a number}; shift ;;
    --scenarios) scenarios=${2:?--scenarios needs names}; shift ;;
    --portkey) portkey=1 ;;
    --write) write=${2:?--write needs a file}; shift ;;
    *) sed -n '2,5s/^# //p' bench/chaos/run.sh >&2; exit 2 ;;
  esac
  shift
done
[[ -z $write ]] || grep -q '^<!-- end of results -->$' "$write" || { echo "$write has no markers for the results" >&2; exit 2; }

. bench/processes.sh
CHAOS_KEY=gh_chaos$(random_hex)
CHAOS_ADMIN_TOKEN=$(random_hex)
CHAOS_PORT_A=$(free_port)
CHAOS_PORT_B=$(free_port)
CHAOS_PORT_C=$(free_port)
export CHAOS_KEY CHAOS_ADMIN_TOKEN CHAOS_PORT_A CHAOS_PORT_B CHAOS_PORT_C

build() {
  say "building"
  dotnet build -c Release -v quiet --nologo bench/Gatehouse.Bench >&2
  dotnet build -c Release -v quiet --nologo src/Gatehouse >&2
}

# chaos SCENARIO GATEWAY OPTION... : one scenario, with the upstreams and the client in one process; its result is a line of $results
chaos() {
  local scenario=$1 name=$2
  shift 2
  say "$scenario, $name"
  timeout 400 dotnet "$bench" chaos --scenario "$scenario" --gateway "$name" --seed "$seed" --requests "$requests" --rate "$rate" \
    --ports "$CHAOS_PORT_A,$CHAOS_PORT_B,$CHAOS_PORT_C" --results "$results" "$@"
}

# A new process for each scenario: none starts with what another has taught the gateway.
run_gatehouse() {
  local scenario=$1 log=$work/gatehouse-$1.log url admin
  start "gatehouse-$scenario" dotnet "$gateway" serve --config bench/chaos/gatehouse.yaml --data "$work/data-$scenario"
  wait_for 60 "$started_pid" grep -q '^ready: ' "$log"
  url=$(sed -nE 's/^ready: (http:[^ ]+) .*/\1/p' "$log")
  admin=$(sed -nE 's/^ready: .*\(admin (http:[^ )]+)\).*/\1/p' "$log")
  chaos "$scenario" gatehouse --url "$url" --key "$CHAOS_KEY" \
    --admin "$admin" --admin-token "$CHAOS_ADMIN_TOKEN" || fail "$scenario, gatehouse"
  stop "$started_pid"
  rm -rf "$work/data-$scenario"
}

# run_portkey SCENARIO NAME RETRIES : its configuration comes with each request (GatewayUnderTest.cs)
run_portkey() {
  local port
  port=$(free_port)
  # It listens on all interfaces and knows no keys of its own; it only ever forwards to where a request says.
  start "$2-$1" env NODE_ENV=production node .build/chaos/node_modules/@portkey-ai/gateway/build/start-server.js --headless "--port=$port"
  wait_for 20 "$started_pid" curl -fsS -m 2 "http://127.0.0.1:$port/"
  # What is only compared with does not void the run: its row is missing then.
  chaos "$1" "$2" --url "http://127.0.0.1:$port" --retries "$3" || say "no result: $1, $2"
  stop "$started_pid"
}

install_portkey() {
  say "installing Portkey's gateway"
  mkdir -p .build/chaos
  cp bench/chaos/package.json bench/chaos/package-lock.json .build/chaos/
  npm ci --prefix .build/chaos --no-audit --no-fund >&2
}

print_run() {
  local revision processor compared=
  revision=$(git rev-parse --short HEAD 2>/dev/null || echo unknown)
  [[ -z $(git status --porcelain 2>/dev/null) ]] || revision+=", with changes"
  processor=$(lscpu | sed -n 's/^Model name: *//p' | head -n 1)
  [[ -z $portkey ]] || compared="; Portkey's gateway $(sed -nE 's/.*gateway": "([^"]+)".*/\1/p' bench/chaos/package.json), Node.js $(node --version)"
  cat <<EOF
- Date: $(date -u '+%Y-%m-%d %H:%M UTC'), revision $revision
- Machine: $processor, $(nproc) cores, Linux $(uname -r), load average $(cut -d' ' -f1 /proc/loadavg) at the start
- Options: seed $seed, $requests requests, $rate a second$compared
EOF
  awk -v cores="$(nproc)" '$1 > cores { exit 1 }' /proc/loadavg || cat <<EOF
- **The machine was busy with other work**: times, and whatever depends on time limits, say little; where the healthy run has failures, so do the others for the same reason
EOF
}

build
[[ -z $portkey ]] || install_portkey
description=$(print_run)
for scenario in $scenarios; do run_gatehouse "$scenario"; done
if [[ -n $portkey ]]; then
  for scenario in $scenarios; do
    # It has no strategy that looks at latency: this would be "two" again.
    [[ $scenario == balanced ]] || run_portkey "$scenario" portkey 0
  done
  [[ " $scenarios " != *" two "* ]] || run_portkey two "portkey, 2 retries" 2
fi

{
  printf '%s\n\n' "$description"
  dotnet "$bench" chaos-report --results "$results"
} >"$work/report.md"
cat "$work/report.md"
if [[ -n $write ]]; then
  # Only a whole report replaces the last one.
  awk -v report="$work/report.md" '
    /^<!-- end of results -->$/ { skip = 0 }
    !skip { print }
    /^<!-- results -->$/ { skip = 1; while ((getline line < report) > 0) print line }
  ' "$write" >"$work/written.md"
  cp "$work/written.md" "$write"
fi
