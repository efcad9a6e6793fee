"""Spack's recipe for polysweep, for Spack 1.0 and newer. From a clone:

    spack repo add jobs/spack/spack_repo/polysweep
    spack dev-build polysweep@main
"""

from spack_repo.builtin.build_systems.cmake import CMakePackage

from spack.package import *


class Polysweep(CMakePackage):
    """Sweeps polynomial attention over degree, sequence length and width, brute force and beside its theory: one MPI
    job, one parallel HDF5 file."""

    # sources are a clone: `spack dev-build`, or `spack develop --path` in an environment
    version("main")
    version("0.5.0")

    license("BSD-3-Clause")

    variant("fftw", default=True, description="TensorSketch of every size")
    variant("hwloc", default=True, description="Cores and bindings as hwloc knows them")
    variant("python", default=False, description="The analysis package and polysweep-report, beside the program")
    variant("native", default=False, description="Kernels for the building machine alone, instead of for every processor")
    variant("tests", default=False, description="Build the tests too")
    variant("cblas", default="openblas", values=("openblas", "blis"), multi=False, description="Products of matrices")
    variant("tiles", default="auto", values=("auto", "kernel", "blas"), multi=False,
            description="Products of tiles: the kernel of its own, or the CBLAS")

    depends_on("c", type="build")
    depends_on("cmake@3.22:", type="build")
    depends_on("pkgconfig", type="build")
    depends_on("mpi@3:")
    depends_on("hdf5@1.10.5: +mpi +hl +shared")
    depends_on("zlib-api")
    depends_on("openblas threads=none", when="cblas=openblas")  # ranks are the parallelism
    depends_on("blis threads=none +cblas", when="cblas=blis")
    depends_on("fftw@3.3: precision=float,double", when="+fftw")
    depends_on("hwloc@2:", when="+hwloc")
    depends_on("libyaml")

    with when("+python"):
        depends_on("python@3.10:", type="run")
        depends_on("py-numpy@1.24:", type="run")
        depends_on("py-scipy@1.10:", type="run")
        depends_on("py-h5py@3.7:", type="run")
        depends_on("py-h5netcdf@1.1:", type="run")
        depends_on("py-xarray@2023.1:", type="run")
        depends_on("py-pandas@1.5:", type="run")
        depends_on("py-matplotlib@3.6:", type="run")
        depends_on("py-jinja2@3.1:", type="run")

    def cmake_args(self):
        return [
            self.define("MPI_C_COMPILER", self.spec["mpi"].mpicc),
            self.define("HDF5_ROOT", self.spec["hdf5"].prefix),
            self.define("POLYSWEEP_FFTW", "ON" if self.spec.satisfies("+fftw") else "OFF"),
            self.define("POLYSWEEP_HWLOC", "ON" if self.spec.satisfies("+hwloc") else "OFF"),
            self.define_from_variant("POLYSWEEP_NATIVE", "native"),
            self.define_from_variant("POLYSWEEP_CBLAS", "cblas"),
            self.define_from_variant("POLYSWEEP_TILES", "tiles"),
            self.define_from_variant("BUILD_TESTING", "tests"),
            self.define("POLYSWEEP_MODULES", ""),  # Spack writes module files of its own
        ]

    @run_after("install")
    def install_report(self):
        if self.spec.satisfies("+python"):
            mkdirp(self.prefix.bin)
            with open(join_path(self.prefix.bin, "polysweep-report"), "w") as script:
                script.write('#!/bin/sh\nexec python3 -m polysweep.report "$@"\n')
            set_executable(join_path(self.prefix.bin, "polysweep-report"))

    def setup_run_environment(self, env):
        if self.spec.satisfies("+python"):
            env.prepend_path("PYTHONPATH", join_path(self.prefix, "share", "polysweep", "analysis"))

    @run_after("install")
    @on_package_attributes(run_tests=True)
    def check_version(self):
        Executable(self.prefix.bin.polysweep)("--version")
