#!/bin/sh
# How long the schema takes for a large fleet, and how much memory: benches/eval.sh [hosts] [certificates per host].
# Needs nix-instantiate and GNU time (or the time of the shell, without the memory). Prints one line.
set -eu
hosts=${1:-100}
certificates=${2:-10}
root=$(cd "$(dirname "$0")/.." && pwd)
figures=$(mktemp)
trap 'rm -f "$figures"' EXIT

set -- nix-instantiate --eval --strict --json --store dummy:// \
  --expr '{ root, hosts, certificates }:
    import (/. + root + "/benches/eval.nix") {
      hosts = builtins.fromJSON hosts;
      certificates = builtins.fromJSON certificates;
    }' \
  --argstr root "$root" --argstr hosts "$hosts" --argstr certificates "$certificates"

bytes=$(env time -f '%e s, %M kB' -o "$figures" "$@" | wc -c)
echo "$hosts hosts with $certificates certificates each: $(cat "$figures"), a manifest of $bytes bytes"
