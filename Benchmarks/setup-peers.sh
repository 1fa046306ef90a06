#!/bin/sh
# Installs the libraries that tuned kernels are compared with. Usage: setup-peers.sh FOLDER
# From Debian: OpenBLAS, BLIS, oneDNN; from PyPI: MKL, the newest OpenBLAS and oneDNN, and ggml, built from llama-cpp-python's source. What cannot be had
# is left out of the comparison.
set -eu
folder=${1:?usage: setup-peers.sh FOLDER}
here=$(dirname "$0")
[ -e "$folder/ready" ] && exit 0
mkdir -p "$folder"
"$here/../Support/setup.sh" libopenblas0-pthread libblis4-openmp libdnnl2 python3-venv g++
python3 -m venv "$folder/venv"
for package in mkl onednn scipy-openblas32; do
    "$folder/venv/bin/pip" install -q "$package" || echo "setup-peers: $package cannot be installed; it is left out" >&2
done

# Of llama-cpp-python only the part that computes.
build_ggml() {
    "$folder/venv/bin/pip" install -q cmake ninja &&
        "$folder/venv/bin/pip" download -q --no-deps --no-binary llama-cpp-python -d "$folder/source" llama-cpp-python &&
        tar -xzf "$folder"/source/llama_cpp_python-*.tar.gz -C "$folder/source" --strip-components 1 &&
        PATH="$folder/venv/bin:$PATH" cmake -G Ninja -S "$folder/source/vendor/llama.cpp/ggml" -B "$folder/source/build" \
            -DCMAKE_BUILD_TYPE=Release -DGGML_NATIVE=ON >"$folder/source/log" &&
        PATH="$folder/venv/bin:$PATH" cmake --build "$folder/source/build" >>"$folder/source/log" &&
        mkdir -p "$folder/ggml" && find "$folder/source/build" -name 'libggml*.so*' -exec cp -a {} "$folder/ggml" \;
}
build_ggml || echo "setup-peers: ggml cannot be built; it is left out" >&2
touch "$folder/ready"
