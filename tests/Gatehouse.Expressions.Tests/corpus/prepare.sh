#!/bin/sh
# Installs the corpus and writes its cases to where the tests look for them.
set -eu
cd "$(dirname "$0")"
installed=node_modules/.installed-package-lock.json
if ! cmp -s package-lock.json "$installed"; then
  npm ci --loglevel=error >&2
  cp package-lock.json "$installed"
fi
node export.mjs ../obj/cel-spec.json
