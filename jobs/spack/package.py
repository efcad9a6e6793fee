"""Spack's recipe for polysweep. From a clone: analysis/doc/slurm.md says what to type."""

from spack.package import *


class Polysweep(CMakePackage):
    """Sweeps polynomial attention over degree, sequence length and width, brute force and beside its theory: one MPI
    job, one parallel HDF5 file."""

    # sources are a clone: `spack dev-build`, or `spack develop --path` in an environment
    version("main")
    version("0.5.0")

    license("BSD-3-Clause")

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
    depends_on("fftw@3.3: precision=float,double")
    depends_on("hwloc@2:")
    depends_on("libyaml")
    depends_on("random123", type="build")  # headers only

    def cmake_args(self):
        cc = self.spec["mpi"].mpicc
        return [
            self.define("MPI_C_COMPILER", cc),
            self.define("HDF5_ROOT", self.spec["hdf5"].prefix),
            self.define("RANDOM123_INCLUDE_DIR", self.spec["random123"].prefix.include),
            self.define_from_variant("POLYSWEEP_NATIVE", "native"),
            self.define_from_variant("POLYSWEEP_CBLAS", "cblas"),
            self.define_from_variant("POLYSWEEP_TILES", "tiles"),
            self.define_from_variant("BUILD_TESTING", "tests"),
            self.define("POLYSWEEP_MODULES", ""),  # Spack writes module files of its own
        ]

    @run_after("install")
    @on_package_attributes(run_tests=True)
    def check_help(self):
        Executable(self.prefix.bin.polysweep)("--version")
