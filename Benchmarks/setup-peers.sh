#!/bin/sh
# Installs the libraries that tuned kernels are compared with. Usage: setup-peers.sh FOLDER
# From Debian: OpenBLAS, BLIS, oneDNN; from PyPI: MKL, the newest OpenBLAS and oneDNN, and ggml, built from llama-cpp-python's source. What cannot be
# had is left out of the comparison.
set -eu
folder=${1:?usage: setup-peers.sh FOLDER}
here=$(dirname "$0")
[ -e "$folder/ready" ] && exit 0
mkdir -p "$folder"
"$here/../Support/setup.sh" libopenblas0-pthread libblis4-openmp libdnnl2 python3 python3-venv g++
python3 -m venv "$folder/venv"
pip="$folder/venv/bin/pip --disable-pip-version-check"
for package in mkl onednn scipy-openblas32; do
    $pip install -q "$package" || echo "setup-peers: $package cannot be installed; it is left out" >&2
done

# PyPI's oneDNN is built for SYCL and has no engine for this processor. The newest that has one comes with PaddlePaddle.
fetch_onednn() {
    $pip download -q --no-deps -d "$folder/wheels" paddlepaddle &&
        python3 -m zipfile -e "$folder"/wheels/paddlepaddle-*.whl "$folder/wheels" &&
        mkdir -p "$folder/onednn" && mv "$folder/wheels/paddle/libs/libdnnl.so.3" "$folder/onednn"
}
fetch_onednn || $pip install -q onednn-cpu-gomp -t "$folder/onednn" ||
    echo "setup-peers: oneDNN with an engine cannot be had; it is left out" >&2
rm -rf "$folder/wheels"

# Of llama-cpp-python only the part that computes.
build_ggml() {
    $pip install -q cmake ninja &&
        $pip download -q --no-deps --no-binary llama-cpp-python -d "$folder/source" llama-cpp-python &&
        tar -xzf "$folder"/source/llama_cpp_python-*.tar.gz -C "$folder/source" --strip-components 1 &&
        (
            export PATH="$(realpath "$folder")/venv/bin:$PATH"
            cmake -G Ninja -S "$folder/source/vendor/llama.cpp" -B "$folder/source/build" -DCMAKE_BUILD_TYPE=Release -DGGML_NATIVE=ON &&
                cmake --build "$folder/source/build" --target ggml-cpu
        ) >"$folder/log" 2>&1 &&
        mkdir -p "$folder/ggml" && find "$folder/source/build" -name 'libggml*.so*' -exec cp -a {} "$folder/ggml" \;
}
build_ggml || echo "setup-peers: ggml cannot be built (see $folder/log); it is left out" >&2
rm -rf "$folder/source"
touch "$folder/ready"
