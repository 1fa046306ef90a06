#!/bin/sh
# Tunes sgemm 512³ for one core and each target that this machine can run, then times the winner against OpenBLAS made for the same
# instructions. `run.sh --quick` only shows that everything works.
set -eu
cd "$(dirname "$0")/.."
bin=.build/release
problem=m=512,n=512,k=512
budget=150
quick=
[ "${1:-}" = --quick ] && { quick=--quick; budget=4; }
# Meant for other OpenBLAS cores; it would only slow the peer down.
unset OPENBLAS_L2_SIZE

# A daemon of its own on the core that is measured: it sees one core, so that only single-threaded configurations are valid.
core=$(($(nproc) - 1))
folder=$(mktemp -d)
export TUNERD_SOCKET="$folder/s"
taskset -c "$core" $bin/tunerd --socket "$TUNERD_SOCKET" --state-dir "$folder/state" --log-level warning &
daemon=$!
trap 'kill $daemon 2>/dev/null; wait $daemon 2>/dev/null; rm -rf "$folder"' EXIT
until $bin/tunectl status >/dev/null 2>&1; do
    kill -0 $daemon || exit 1
    sleep 0.1
done

bench() { # target, core that OpenBLAS must take itself to be
    $bin/tunectl tune sgemm --target "$1" --problem $problem --budget $budget >"$folder/tune" 2>&1 || {
        echo "bench: cannot tune for $1: $(tail -n 1 "$folder/tune")"
        return 0
    }
    configuration=$($bin/tunectl lookup sgemm --target "$1" --problem $problem --json |
        tr -d ' \n' | sed -n 's/.*"configuration":{\([^}]*\)}.*/\1/p' | tr -d '"' | tr : =)
    OPENBLAS_CORETYPE=$2 taskset -c "$core" $bin/tune-bench --target "$1" --problem $problem --configuration "$configuration" $quick
}
[ -z "$quick" ] || $bin/tune-bench aa --count 1 --problem m=64,n=64,k=64
bench cpu-avx2 Haswell
bench cpu-avx512 SkylakeX
