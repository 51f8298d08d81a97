#!/bin/sh
# What the predecessor's generated shell text does for one authority and its leaves, re-enacted to be measured. Its faults are
# kept (the authority's key in a temporary file, no proof, everything made anew): never use it for anything else.
#
# benches/predecessor.sh PROJECT FIELD
#   PROJECT  holds operator.txt (identity), operators (recipients), ca.json and one <host>/<name>.json (cfssl requests) per leaf,
#            <host>/host.pub; the files are written to PROJECT/certs
#   FIELD    jq, or sed: a jq that starts in no time
set -eu
project=$1
field=$2
certs=$project/certs
TMPDIR=$project
export TMPDIR

field() {
  case $field in
    jq) jq -r ".$1" ;;
    sed) sed "s/.*\"$1\":\"\\([^\"]*\\)\".*/\\1/; s/\\\\n/\\n/g" ;;
  esac
}

mkdir -p "$certs/ca"
json=$(cfssl gencert -initca "$project/ca.json" 2>/dev/null)
printf '%s' "$json" | field key | age -R "$project/operators" -o "$certs/ca/cluster.key.age"
printf '%s' "$json" | field cert >"$certs/ca/cluster.crt"

for request in "$project"/hosts/*/*.json; do
  host=$(basename "$(dirname "$request")")
  name=$certs/derived/$host/cluster-$(basename "$request" .json)
  key=$(mktemp)
  age -d -i "$project/operator.txt" "$certs/ca/cluster.key.age" >"$key"
  json=$(cfssl gencert -ca "$certs/ca/cluster.crt" -ca-key "$key" "$request" 2>/dev/null)
  mkdir -p "$(dirname "$name")"
  printf '%s' "$json" | field key |
    age -R "$project/operators" -R "$project/hosts/$host/host.pub" -o "$name.key.age"
  printf '%s' "$json" | field cert >"$name.crt"
done
