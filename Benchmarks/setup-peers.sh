#!/bin/sh
# Installs the libraries that tuned kernels are compared with. Usage: setup-peers.sh FOLDER
# From Debian: OpenBLAS, BLIS, oneDNN; from PyPI: MKL, and oneDNN's newest release. What cannot be had is left out of the comparison.
set -eu
folder=${1:?usage: setup-peers.sh FOLDER}
here=$(dirname "$0")
[ -e "$folder/ready" ] && exit 0
mkdir -p "$folder"
"$here/../Support/setup.sh" libopenblas0-pthread libblis4-openmp libdnnl2 python3-venv
python3 -m venv "$folder/venv"
for package in mkl onednn; do
    "$folder/venv/bin/pip" install -q "$package" || echo "setup-peers: $package cannot be installed; it is left out" >&2
done
touch "$folder/ready"
