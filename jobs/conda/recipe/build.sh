#!/usr/bin/env bash
# Builds the program in conda's prefix: SRC_DIR, PREFIX and CPU_COUNT are conda's, CMAKE_ARGS its compilers'.
set -euo pipefail
# shellcheck disable=SC2086 # a list of words
cmake -S "$SRC_DIR" -B "$SRC_DIR/build-conda" ${CMAKE_ARGS:-} \
    -DCMAKE_BUILD_TYPE=Release -DCMAKE_INSTALL_PREFIX="$PREFIX" -DCMAKE_PREFIX_PATH="$PREFIX" -DCMAKE_INSTALL_LIBDIR=lib \
    -DHDF5_ROOT="${HDF5_ROOT:-$PREFIX}" -DPOLYSWEEP_FFTW=ON -DPOLYSWEEP_HWLOC=ON -DPOLYSWEEP_MODULES= -DBUILD_TESTING=OFF
cmake --build "$SRC_DIR/build-conda" --target polysweep polysweep_manual --parallel "${CPU_COUNT:-1}"
cmake --install "$SRC_DIR/build-conda"
