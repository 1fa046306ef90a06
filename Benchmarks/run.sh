#!/bin/sh
# Tunes the catalogue's kernels for each target that this machine can run, then lets each meet the libraries people would pick instead.
# `run.sh --quick` only shows that everything works. PEERS names another folder for the libraries, TUNED another file for what was tuned, from which a
# second run takes it. BUDGET is the trials of each search.
set -eu
cd "$(dirname "$0")/.."
bench=.build/release/tune-bench
peers=${PEERS:-.build-peers}
tuned=${TUNED:-.build/tuned.json}
budget=${BUDGET:-100}
status=0
if [ "${1:-}" = --quick ]; then
    tuned=$(mktemp -u)
    $bench aa --count 1 --problem m=64,n=64,k=64
fi

Benchmarks/setup-peers.sh "$peers"
# Libraries are told once a process how many threads and which instructions to use.
for set in "cpu-avx512-vnni 1" "cpu-avx512 1" "cpu-avx512 2" "cpu-avx2 1"; do
    $bench kernels Benchmarks/catalogue.json5 --target "${set% *}" --threads "${set#* }" \
        --peers "$peers" --tuned "$tuned" --budget "$budget" "$@" || status=1
done
exit $status
