// Kernels live in folders beside this file, each with its manifest.
