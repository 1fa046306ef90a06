#!/bin/sh
# Tunes sgemm 512³ for each target that this machine can run, then times the winner against OpenBLAS made for the same instructions.
# `run.sh --quick` only shows that everything works.
set -eu
cd "$(dirname "$0")/.."
bin=.build/release
problem=m=512,n=512,k=512
budget=200
quick=
core=$(($(nproc) - 1))
[ "${1:-}" = --quick ] && { quick=--quick; budget=4; }
# Caches of other BLAS sizes would only slow the peer down.
unset OPENBLAS_L2_SIZE

bench() { # target, core that OpenBLAS must take itself to be
    $bin/tunectl targets --json | tr -d ' \n' | grep -q "\"name\":\"$1\",\"runnable\":true" || {
        echo "bench: this machine cannot run $1"
        return
    }
    $bin/tunectl tune sgemm --standalone --target "$1" --problem $problem --budget $budget >/dev/null
    configuration=$($bin/tunectl lookup sgemm --standalone --target "$1" --problem $problem --json |
        tr -d ' \n' | sed -n 's/.*"configuration":{\([^}]*\)}.*/\1/p' | tr -d '"' | tr : =)
    OPENBLAS_CORETYPE=$2 taskset -c "$core" $bin/tune-bench --target "$1" --problem $problem --configuration "$configuration" $quick
}
bench cpu-avx2 Haswell
bench cpu-avx512 SkylakeX
