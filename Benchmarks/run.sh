#!/bin/sh
# Tunes the catalogue's kernels for one core and each target that this machine can run, then lets each meet the libraries people would pick instead.
# `run.sh --quick` only shows that everything works. PEERS names another folder for the libraries.
set -eu
cd "$(dirname "$0")/.."
bench=.build/release/tune-bench
cases=Benchmarks/catalogue.json5
peers=${PEERS:-.build-peers}
core=$(($(nproc) - 1))
quick=
[ "${1:-}" = --quick ] && quick=--quick

Benchmarks/setup-peers.sh "$peers"
[ -z "$quick" ] || $bench aa --count 1 --problem m=64,n=64,k=64
# Libraries are told once a process which instructions to use.
for target in cpu-avx512-vnni cpu-avx512 cpu-avx2; do
    taskset -c "$core" $bench kernels "$cases" --target $target --peers "$peers" $quick
done
