#!/usr/bin/env bash
# Installs what the tests need, builds everything with warnings as errors, checks the formatting and runs all tests.
# Its last line is "N passed, N failed, N skipped"; it exits with 1 when anything failed.
#   ./test.sh              all of it
#   ./test.sh --no-format  without the formatting check, for a quick look
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

passed=0 failed=0 skipped=0
check_format=1
[[ "${1:-}" == --no-format ]] && check_format=

say() { printf '\n== %s\n' "$*"; }

finish() {
  printf '\n%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
  ((failed == 0)) && exit 0
  exit 1
}

# A step that is no test itself, but without which the tests say nothing.
must() {
  if ! "$@"; then
    echo "FAILED: $*" >&2
    failed=$((failed + 1))
    finish
  fi
}

install_packages() {
  local missing=() sudo=()
  ldconfig -p 2>/dev/null | grep -q 'libsqlite3\.so\.0' || missing+=(libsqlite3-0)
  command -v curl >/dev/null || missing+=(curl)
  command -v node >/dev/null || missing+=(nodejs)
  command -v npm >/dev/null || missing+=(npm)
  ((${#missing[@]})) || return 0
  if ! command -v apt-get >/dev/null; then
    echo "Install these first: ${missing[*]}" >&2
    return 1
  fi
  ((EUID == 0)) || sudo=(sudo)
  "${sudo[@]}" apt-get update -qq && "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${missing[@]}"
}

# Runs one xunit project and adds up what it reports.
run_project() {
  local name=$1 log summary
  shift
  log="$(mktemp)"
  say "$name"
  dotnet "tests/$name/bin/Release/net10.0/$name.dll" -noLogo -noColor "$@" 2>&1 | tee "$log" | grep -v -E '^  (Discover|Start|Finish)'
  summary="$(grep -E 'Total: [0-9]+, Errors: [0-9]+' "$log" | tail -n 1)"
  rm -f "$log"
  if [[ "$summary" =~ Total:\ ([0-9]+),\ Errors:\ ([0-9]+),\ Failed:\ ([0-9]+),\ Skipped:\ ([0-9]+) ]]; then
    local total=${BASH_REMATCH[1]} bad=$((BASH_REMATCH[2] + BASH_REMATCH[3])) skip=${BASH_REMATCH[4]}
    failed=$((failed + bad))
    skipped=$((skipped + skip))
    passed=$((passed + total - BASH_REMATCH[3] - skip))
    ((total > 0)) && return
  fi
  echo "FAILED: $name ran no test" >&2
  failed=$((failed + 1))
}

# The official SDKs against the running gateway.
run_clients() {
  local log last
  log="$(mktemp)"
  say "clients"
  tests/clients/run.sh | tee "$log"
  last="$(tail -n 1 "$log")"
  rm -f "$log"
  if [[ "$last" =~ ^clients:\ ([0-9]+)\ passed,\ ([0-9]+)\ failed,\ ([0-9]+)\ skipped ]]; then
    passed=$((passed + BASH_REMATCH[1]))
    failed=$((failed + BASH_REMATCH[2]))
    skipped=$((skipped + BASH_REMATCH[3]))
  else
    echo "FAILED: the client tests did not finish" >&2
    failed=$((failed + 1))
  fi
}

must install_packages
say "restore"
must dotnet restore Gatehouse.slnx --locked-mode --verbosity quiet
say "build"
must dotnet build Gatehouse.slnx --configuration Release --no-restore --nologo --verbosity quiet
if [[ -n "$check_format" ]]; then
  say "format"
  must dotnet format Gatehouse.slnx --verify-no-changes --no-restore
fi

say "corpus of the expression language"
must tests/Gatehouse.Expressions.Tests/corpus/prepare.sh
run_project Gatehouse.Expressions.Tests
run_project Gatehouse.Protocols.Tests
run_project Gatehouse.Tests
run_clients
finish
