#!/bin/sh
# How long the schema takes for a large fleet, and how much memory:
#   benches/eval.sh [hosts] [certificates per host]
#   benches/eval.sh cluster [workers]
# Needs nix-instantiate and GNU time. Prints one line.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
figures=$(mktemp)
trap 'rm -f "$figures"' EXIT

if [ "${1:-}" = cluster ]; then
  workers=${2:-1000}
  what="a cluster of $workers workers"
  expression="import (/. + root + \"/benches/eval-cluster.nix\") { workers = $workers; }"
else
  hosts=${1:-100}
  certificates=${2:-10}
  what="$hosts hosts with $certificates certificates each"
  expression="import (/. + root + \"/benches/eval.nix\") { hosts = $hosts; certificates = $certificates; }"
fi

bytes=$(env time -f '%e s (%U + %S s of processor time), %M kB' -o "$figures" \
  nix-instantiate --eval --strict --json --store dummy:// --expr "{ root }: $expression" --argstr root "$root" | wc -c)
echo "$what: $(cat "$figures"), a manifest of $bytes bytes"
