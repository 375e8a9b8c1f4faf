# Sourced by the run.sh of each rig, in the repository's root: the folder of a run, and starting, watching and ending its processes.

work=$(mktemp -d)
results=$work/results.jsonl
bench=bench/Gatehouse.Bench/bin/Release/net10.0/Gatehouse.Bench.dll
gateway=src/Gatehouse/bin/Release/net10.0/Gatehouse.dll

say() { printf '%s\n' "$*" >&2; }

fail() {
  say "FAILED: $*"
  exit 1
}

started=() # pids of what this script started and has to end

# start NAME COMMAND... : runs it in the background, output in $work/NAME.log; its pid in $started_pid
start() {
  local name=$1
  shift
  "$@" >"$work/$name.log" 2>&1 &
  started_pid=$!
  started+=("$started_pid")
}

# The shell's own jobs are asked, not the system: the number of a process that ended may be another's by now.
is_running() { jobs -rp | grep -qx "$1"; }

# stop PID : asks, waits up to 10 s, insists
stop() {
  is_running "$1" || return 0
  kill "$1"
  for _ in $(seq 100); do
    is_running "$1" || return 0
    sleep 0.1
  done
  kill -KILL "$1" 2>/dev/null || true
}

clean_up() {
  local status=$?
  trap - EXIT
  for pid in "${started[@]}"; do stop "$pid"; done
  if ((status != 0)); then
    for log in "$work"/*.log; do
      [[ -s $log ]] && say "--- ${log##*/}" && tail -n 20 "$log" >&2
    done
  fi
  rm -rf "$work"
  exit "$status"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

# wait_for SECONDS PID COMMAND... : until the command succeeds; fails when time is up or the process is gone
wait_for() {
  local deadline=$((SECONDS + $1)) pid=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    is_running "$pid" || fail "process $pid ended while waiting for: $*"
    ((SECONDS < deadline)) || fail "timed out waiting for: $*"
    sleep 0.1
  done
}

random_hex() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }

# Below the range of outgoing ports, so that no connection of the run can take it first.
free_port() {
  local port
  for port in $(shuf -i 20000-32000 -n 50); do
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port"; return; }
  done
  fail "no free port"
}

# cpu_microseconds PID : user and system time of all threads, those that ended included (proc(5): fields 14 and 15)
cpu_microseconds() {
  local stat
  stat=$(<"/proc/$1/stat")
  read -ra stat <<<"${stat##*) }" # the name in field 2 may hold spaces; what follows it starts with field 3
  echo $(((stat[11] + stat[12]) * (1000000 / ticks_per_second)))
}
ticks_per_second=$(getconf CLK_TCK)

# memory_kb PID VmRSS|VmHWM
memory_kb() { awk -v field="$2:" '$1 == field { print $2 }' "/proc/$1/status"; }
