# Sourced by jobs/quickstart.sh and tests/run.sh: what a machine must have, and how the program is built on it.
#
# With root or sudo on Debian or Ubuntu, what is missing is installed, and nothing else. Without, everything must be
# there already (modules, Spack, your own builds); what is not is named. Variables that are honoured:
#   POLYSWEEP_INSTALL=no    install no system packages, only look for what is needed
#   POLYSWEEP_CBLAS=blis    another CBLAS than openblas, by its pkg-config or library name
#   PYTHON=...              the Python that the virtual environment is made from
#   CC, HDF5_ROOT, CMAKE_PREFIX_PATH, ...   as CMake understands them
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() { printf '== %s\n' "$*" >&2; }

fail() { # exit code, lines
    local code=$1
    shift
    printf '%s\n' "$@" >&2
    exit "$code"
}

# Debian package | how it shows that it is there, installed from wherever | what it is
needs_build='
gcc                     command -v "${CC:-cc}"                       a C11 compiler
libc6-dev               has_header stdio.h                           headers of the C library
cmake                   command -v cmake                             CMake 3.22 or newer
make                    command -v make                              make
pkg-config              command -v pkg-config                        pkg-config
libopenmpi-dev          command -v mpicc                             MPI: the compiler wrapper mpicc
openmpi-bin             command -v mpirun                            MPI: mpirun
libhdf5-openmpi-dev     has_parallel_hdf5                            HDF5 built with that MPI: h5pcc on PATH, or HDF5_ROOT
zlib1g-dev              has_header zlib.h                            zlib, which HDF5 has, too
libopenblas-serial-dev  [ -n "${POLYSWEEP_CBLAS:-}" ] || pkg-config --exists openblas  OpenBLAS, or another CBLAS named in POLYSWEEP_CBLAS
libyaml-dev             pkg-config --exists yaml-0.1                 libyaml
python3-venv            find_python                                  Python 3.10 or newer with venv, or PYTHON
'
# What the program can be built without: it says what it cannot do then.
wants_build='
libfftw3-dev            pkg-config --exists fftw3 fftw3f             FFTW 3 in double and single precision
libhwloc-dev            pkg-config --exists hwloc                    hwloc
'
needs_tests='
hdf5-tools              command -v h5dump                            h5dump
netcdf-bin              command -v ncdump                            ncdump
procps                  command -v pgrep                             pgrep
'
# Tests that lack these are skipped.
wants_tests='
slurm-wlm               PATH=$PATH:/usr/sbin command -v slurmctld    Slurm: tests start one of their own, as root
munge                   PATH=$PATH:/usr/sbin command -v munged       MUNGE, by which Slurm knows its users
libsimgrid-dev          command -v smpirun && has_header smpi/mpi.h  SimGrid, which simulates ranks by the thousand
gcc-aarch64-linux-gnu   command -v aarch64-linux-gnu-gcc             a compiler for AArch64, whose bits are compared
libc6-dev-arm64-cross   [ -e /usr/aarch64-linux-gnu/lib/libc.a ]     its C library
qemu-user               command -v qemu-aarch64                      QEMU, which runs what it makes
chromium                command -v chromium                          Chromium, which shows the page to its tests
'
# of tests/run.sh all: the analysis package with the libraries of the distribution, the oldest that it runs with
wants_libraries='
python3-h5py        /usr/bin/python3 -c "import h5py"                h5py of the distribution
python3-h5netcdf    /usr/bin/python3 -c "import h5netcdf"            h5netcdf of the distribution
python3-scipy       /usr/bin/python3 -c "import scipy"               SciPy and NumPy of the distribution
python3-xarray      /usr/bin/python3 -c "import xarray"              xarray of the distribution
python3-pandas      /usr/bin/python3 -c "import pandas"              pandas of the distribution
python3-matplotlib  /usr/bin/python3 -c "import matplotlib"          matplotlib of the distribution
python3-jinja2      /usr/bin/python3 -c "import jinja2"              Jinja2 of the distribution
python3-pytest      /usr/bin/python3 -c "import pytest"              pytest of the distribution
'
# of the other builds that tests/run.sh knows: needed by those alone
needs_sanitize=''
needs_mpich='
mpich                   command -v mpiexec.mpich                     MPICH: mpiexec.mpich
libmpich-dev            command -v mpicc.mpich                       MPICH: the compiler wrapper mpicc.mpich
libhdf5-mpich-dev       command -v h5pcc.mpich                       HDF5 built with MPICH: h5pcc.mpich
'
needs_blis='
libblis-serial-dev      has_library blis                             BLIS
'

has_header() { # searched as the compiler does, and below CMAKE_PREFIX_PATH
    local flags=() place
    while IFS= read -r -d ':' place; do
        [ -n "$place" ] && flags+=(-I "$place/include")
    done <<<"${CMAKE_PREFIX_PATH:-}:"
    printf '#include <%s>\n' "$1" | "${CC:-cc}" "${flags[@]}" -E -x c - -o /dev/null
}

has_library() { echo 'int main(void) { return 0; }' | "${CC:-cc}" -x c - -o /dev/null "-l$1"; }

has_parallel_hdf5() { [ -n "${HDF5_ROOT:-}" ] || command -v h5pcc; }

python_fits() { "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))'; }

find_python() { # the system's own first: a private build on PATH may lack what wheels expect, but will do
    local candidate
    for candidate in ${PYTHON:+"$PYTHON"} /usr/bin/python3 python3; do
        python_fits "$candidate" 2>/dev/null && command -v "$candidate" && return
    done
    return 1
}

packages_of() { awk 'NF {print $1}' <<<"$1"; }

row_of() { grep "^$2 " <<<"$1"; } # table, package

is_there() { # table, package: by its probe
    local probe
    probe=$(row_of "$1" "$2" | awk -F '   *' '{print $2}')
    (eval "$probe") >/dev/null 2>&1
}

# The packages of a table that are not there: by dpkg's records where there is dpkg, else by their probes.
missing_packages() {
    local package
    for package in $(packages_of "$1"); do
        if command -v dpkg-query >/dev/null; then
            [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || echo "$package"
        else
            is_there "$1" "$package" || echo "$package"
        fi
    done
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

can_install() {
    [ "${POLYSWEEP_INSTALL:-yes}" != no ] && command -v apt-get >/dev/null || return 1
    [ "$(id -u)" = 0 ] && return
    command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [ -t 0 ]; } # a terminal can be asked for a password
}

apt_install() {
    as_root apt-get -qq -o DPkg::Lock::Timeout=300 update >/dev/null || say "apt-get update complained; trying on"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 \
        install -y --no-install-recommends "$@" >/dev/null
}

install_packages() { # table
    local missing package absent=()
    missing=$(missing_packages "$1" | tr '\n' ' ')
    [ -n "$missing" ] || return 0
    if can_install; then
        say "installing $missing"
        # shellcheck disable=SC2086 # a list of words
        apt_install $missing && return 0
        say "the installation failed; looking whether everything needed is there all the same"
    fi
    for package in $missing; do
        is_there "$1" "$package" || absent+=("$package")
    done
    [ "${#absent[@]}" = 0 ] || explain_absent "$1" "${absent[@]}"
}

install_wanted() { # table: what can be done without
    local missing
    missing=$(missing_packages "$1" | tr '\n' ' ')
    [ -n "$missing" ] && can_install || return 0
    say "installing $missing"
    # shellcheck disable=SC2086 # a list of words
    apt_install $missing || say "the installation failed; going on without"
}

explain_absent() { # table, packages
    local table=$1 package
    shift
    {
        echo "This machine lacks:"
        for package in "$@"; do
            row_of "$table" "$package" | awk -F '   *' '{printf "    %s\n", $3}'
        done
        echo "Load the modules that bring them (analysis/doc/slurm.md, \"Without root\"), or have someone with root type:"
        echo "    apt-get install --no-install-recommends $*"
        echo "Then run this again; what is already done is kept."
    } >&2
    exit 3
}

# The analysis package in a virtual environment at the source root; done again only when its requirements changed
# or the sources moved.
install_python() {
    local environment=$root/.venv want
    want="$root $(cksum <"$root/analysis/pyproject.toml")"
    [ -x "$environment/bin/python" ] && [ "$(cat "$environment/installed-for" 2>/dev/null)" = "$want" ] && return
    say "installing the analysis package into .venv"
    "$(find_python)" -m venv --clear "$environment" &&
        "$environment/bin/python" -m pip install --quiet --disable-pip-version-check -e "$root/analysis[test]" ||
        fail 3 "The Python packages of analysis/pyproject.toml could not be installed (pip's message is above)." \
            "Without network: make .venv where there is one, or point PIP_FIND_LINKS at a directory of wheels."
    echo "$want" >"$environment/installed-for"
}

build() { # directory, target, further arguments of CMake
    local directory=$1 target=$2
    shift 2
    say "building into ${directory#"$root"/}"
    mkdir -p "$directory"
    cmake --log-level=WARNING -S "$root" -B "$directory" \
        ${POLYSWEEP_CBLAS:+"-DPOLYSWEEP_CBLAS=$POLYSWEEP_CBLAS"} "$@" >/dev/null &&
        cmake --build "$directory" --target "$target" --parallel "$(nproc)" >"$directory/build.log" || {
        grep -sv '^\[' "$directory/build.log" >&2
        fail 3 "The program could not be built; the compiler's or CMake's message is above."
    }
}

# Processor cores this process may use: hardware threads share one core, a container may be given less.
cores() {
    local list part cpu count quota period
    list=$(awk '/^Cpus_allowed_list/ {print $2}' /proc/self/status)
    count=$(for part in ${list//,/ }; do
        for cpu in $(seq "${part%-*}" "${part#*-}"); do
            cat "/sys/devices/system/cpu/cpu$cpu/topology/thread_siblings_list" 2>/dev/null || echo "$cpu"
        done
    done | sort -u | wc -l)
    if read -r quota period 2>/dev/null </sys/fs/cgroup/cpu.max && [ "$quota" != max ]; then
        quota=$(((quota + period - 1) / period))
        [ "$quota" -ge "$count" ] || count=$quota
    fi
    echo "$count"
}

# OpenBLAS reads these two before main: they pin a kernel of another processor. Open MPI on one host: shared memory
# without the kernel's single copy (measured four times slower), no remote launcher to look for, root only if we are.
prepare_environment() {
    unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE
    export OPENBLAS_NUM_THREADS=${OPENBLAS_NUM_THREADS:-1}
    export OMPI_MCA_btl_vader_single_copy_mechanism=${OMPI_MCA_btl_vader_single_copy_mechanism:-none}
    [ -n "${SLURM_JOB_ID:-}" ] || export OMPI_MCA_plm=${OMPI_MCA_plm:-isolated}
    [ "$(id -u)" != 0 ] || export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
}

# On a processor that OpenBLAS does not know, its kernel of long ago is several times slower: the program says which to take.
choose_kernel() { # program
    local kernel
    kernel=$("$1" doctor 2>/dev/null | sed -n 's/.*`export OPENBLAS_CORETYPE=\([A-Za-z0-9]*\)`.*/\1/p') || true
    [ -z "$kernel" ] || export OPENBLAS_CORETYPE=$kernel
}
