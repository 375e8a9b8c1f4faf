#!/bin/sh
# Fetches the vocabularies of OpenAI's tokenizers into a folder, from the npm package js-tiktoken (MIT), for metering.vocabularies.
#
#   tools/vocabularies.sh DIR
set -eu

version=1.0.21
[ $# -eq 1 ] || { echo 'usage: tools/vocabularies.sh DIR' >&2; exit 2; }
mkdir -p "$1"
target=$(cd "$1" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cd "$work"
npm pack --silent "js-tiktoken@$version" >/dev/null
tar -xzf "js-tiktoken-$version.tgz"
for name in o200k_base cl100k_base; do
  node -e 'process.stdout.write(JSON.stringify(require(process.argv[1])))' "$work/package/dist/ranks/$name.cjs" >"$target/$name.json"
done
echo "$target: o200k_base.json cl100k_base.json"
