/* What doctor says of launches, processors and MPI libraries that are not at hand: from a healthy machine, one fact at
 * a time is made bad, and exactly that is found, with what to type. */
#include "unit/doctor_case.h"

static void all_kernels(machine *m, const char *kernel)
{
    for (int i = 0; i < RANKS; i++) TEXT(m->places[i].machine.blas_kernel, kernel);
}

static void avx2_only(machine *m)
{
    doctor_facts *f = healthy(m);
    EACH(m, machine.avx512, false);
    TEXT(f->build.tiles, "own kernel, AVX2");
}

/* ---- launch ---- */

static void test_worlds(void)
{
    machine m;
    doctor_facts *f = healthy(&m);
    expect_fine(&m, "4 ranks on 2 nodes: node0, node1");

    healthy(&m);
    f->ranks = 1;
    expect(&m, DOCTOR_BAD, "launch", "a world of one", "mpirun -n 4");

    healthy(&m);
    f->ranks = 1;
    f->launcher.step = true;
    TEXT(f->launcher.slurm_mpi, "none");
    expect(&m, DOCTOR_BAD, "launch", "srun --mpi=none started 4 processes without PMIx", "srun --mpi=pmix -n 4");

    healthy(&m);
    f->ranks = 1;
    f->launcher.pmi = true;
    expect(&m, DOCTOR_BAD, "launch", "another MPI library", "ldd");

    healthy(&m);
    f->ranks = 1;
    f->launcher.open_mpi = true;
    f->mpi.open_mpi = false;
    expect(&m, DOCTOR_BAD, "launch", "another MPI library", "mpirun -n 4");

    healthy(&m);
    EACH(&m, machine.expected_ranks, 8);
    expect(&m, DOCTOR_WARN, "launch", "the launcher started 8", "mpirun -n 8");

    healthy(&m);
    EACH(&m, machine.expected_ranks, 0);
    expect_fine(&m, "4 ranks");

    healthy(&m);
    f->launcher.nodes = 3;
    TEXT(f->launcher.plm, "isolated");
    expect(&m, DOCTOR_WARN, "launch", "3 nodes", "unset OMPI_MCA_plm");
}

static void test_cores(void)
{
    machine m;
    doctor_facts *f = healthy(&m);
    EACH(&m, machine.cores_node, 1);
    expect(&m, DOCTOR_BAD, "cores", "2 ranks x 1 thread on the 1 core of node0", "mpirun -n 2");

    healthy(&m);
    all_on_one_node(&m);
    EACH(&m, machine.cores_node, 2);
    for (int i = 0; i < RANKS; i++) bind(&m, i, "0-1", 2);
    f->threads = 4;
    /* that they share cores follows, and is not told too */
    expect(&m, DOCTOR_BAD, "cores", "4 ranks x 4 threads on the 2 cores", "run.threads=2");

    healthy(&m);
    EACH(&m, machine.allowed.cores, 1.5);
    for (int i = 0; i < RANKS; i++) TEXT(m.places[i].machine.allowed.cores_from, "control group /cg");
    expect(&m, DOCTOR_BAD, "cores", "the time of 1.5 cores (limit of control group /cg)", "mpirun -n 2");

    /* fewer ranks would not help */
    healthy(&m);
    f->threads = 3;
    EACH(&m, machine.cores, 3);
    EACH(&m, machine.cores_node, 2);
    expect(&m, DOCTOR_BAD, "cores", "2 ranks x 3 threads on the 2 cores of node0",
           "`mpirun -n 2 --host node0:2,node1:2 --map-by ppr:1:node ...` with `--set run.threads=2`, or `--set "
           "run.threads=1`");
    healthy(&m);
    f->threads = 1;

    healthy(&m);
    f->threads = 4;
    expect(&m, DOCTOR_BAD, "cores", "has 4 threads and is bound to 1 core",
           "`mpirun -n 4 --host node0:2,node1:2 --map-by slot:PE=4 --bind-to core");

    healthy(&m);
    EACH(&m, machine.cores_node, 0);
    expect_fine(&m, "the number of cores of a node is unknown");
}

static void test_binding(void)
{
    machine m;
    healthy(&m);
    bind(&m, 3, "0", 1);
    expect(&m, DOCTOR_BAD, "binding", "ranks 2 and 3 on node1 share cores", "--bind-to core");

    healthy(&m);
    all_on_one_node(&m);
    for (int i = 0; i < RANKS; i++) bind(&m, i, (const char *[]){"0-3", "4-7", "8-11", "0-3"}[i], 4);
    TEXT(m.places[3].machine.binding, "64-67");
    /* hardware threads of their own, but of one core; no neighbours */
    expect(&m, DOCTOR_BAD, "binding", "ranks 0 and 3 on node0 share cores (hardware threads 0-3 and 64-67)",
           "nomultithread");

    healthy(&m);
    for (int i = 0; i < RANKS; i++) bind(&m, i, "0-63", 64);
    expect(&m, DOCTOR_WARN, "binding", "4 ranks are not bound to cores: they may run on any core of node0, node1",
           "`mpirun -n 4 --host node0:2,node1:2 --bind-to core ...`");

    healthy(&m);
    for (int i = 0; i < 2; i++) bind(&m, i, "0-63", 64);
    TEXT(m.places[3].hosts, " --hostfile mine");
    expect(&m, DOCTOR_WARN, "binding", "they may run on any core of node0", "`mpirun -n 4 --hostfile mine --bind-to");

    healthy(&m);
    for (int i = 0; i < 2; i++) bind(&m, i, "0-63", 64);
    m.facts.launcher.job = true; /* mpirun knows its hosts */
    expect(&m, DOCTOR_WARN, "binding", "they may run on any core of node0", "`mpirun -n 4 --bind-to core");

    healthy(&m);
    expect_fine(&m, "rank 3 is bound to 1 of the 64 cores of node1 (hardware threads 1,65)");
    for (int i = 0; i < RANKS; i++) bind(&m, i, "0", 1);
    all_on_one_node(&m);
    EACH(&m, machine.cores_node, 1);
    EACH(&m, node, rank);
    EACH(&m, node_rank, 0);
    EACH(&m, node_size, 1);
    expect_fine(&m, "rank 0 may run on every core of node0 (1; hardware thread 0)");

    healthy(&m);
    for (int i = 0; i < RANKS; i++) bind(&m, i, "", 0);
    expect_fine(&m, "rank 0 on node0: unknown");
}

/* ---- what computes ---- */

/* OpenBLAS chose for itself: one that does not know the processor is told what to take. */
static void test_kernel(void)
{
    machine m;
    doctor_facts *f = healthy(&m);
    all_kernels(&m, "Haswell");
    expect(&m, DOCTOR_WARN, "blas", "Haswell (AVX2) on a processor with AVX-512",
           "`export OPENBLAS_CORETYPE=SkylakeX`");

    healthy(&m);
    all_kernels(&m, "Zen");
    expect(&m, DOCTOR_WARN, "blas", "Zen (AVX2) on a processor with AVX-512", "`export OPENBLAS_CORETYPE=SkylakeX`");

    healthy(&m);
    all_kernels(&m, "Prescott");
    expect(&m, DOCTOR_BAD, "blas", "kernel Prescott (no AVX2)", "`export OPENBLAS_CORETYPE=SkylakeX`");

    avx2_only(&m);
    all_kernels(&m, "Prescott");
    expect(&m, DOCTOR_BAD, "blas", "on a processor with AVX2", "`export OPENBLAS_CORETYPE=Haswell`");

    avx2_only(&m);
    all_kernels(&m, "Zen");
    expect_fine(&m, "kernel Zen");

    healthy(&m);
    all_kernels(&m, "NEOVERSEN1");
    expect_fine(&m, "kernel NEOVERSEN1");

    healthy(&m);
    all_kernels(&m, "Nehalem");
    for (int i = 0; i < RANKS; i++) TEXT(m.places[i].machine.blas_config, "OpenBLAS 0.3.21 Nehalem");
    expect(&m, DOCTOR_BAD, "blas", "kernel Nehalem (no AVX2)", "DYNAMIC_ARCH=1");

    healthy(&m);
    f->variables.l2_size = "512";
    expect(&m, DOCTOR_WARN, "blas", "OPENBLAS_L2_SIZE=512", "unset OPENBLAS_L2_SIZE");

    healthy(&m);
    m.places[0].machine.blas_kernel[0] = '\0';
    expect(&m, DOCTOR_WARN, "blas", "does not say which kernel", "openblas");
}

/* OPENBLAS_CORETYPE is as good as the kernel that comes of it: who has followed the advice hears no more of it. */
static void test_forced_kernel(void)
{
    machine m;
    doctor_facts *f = healthy(&m);
    f->variables.coretype = "SkylakeX";
    expect_fine(&m, "kernel SkylakeX (OPENBLAS_CORETYPE=SkylakeX)");

    avx2_only(&m);
    f->variables.coretype = "Haswell";
    all_kernels(&m, "Haswell");
    expect_fine(&m, "kernel Haswell");

    healthy(&m);
    f->variables.coretype = "Haswell";
    all_kernels(&m, "Haswell");
    expect(&m, DOCTOR_WARN, "blas", "as OPENBLAS_CORETYPE=Haswell says",
           "`export OPENBLAS_CORETYPE=SkylakeX`, or `unset");

    /* one kernel for all: of two kinds of nodes the older decides */
    m.places[2].machine.avx512 = m.places[3].machine.avx512 = false;
    expect_fine(&m, "kernel Haswell");

    /* it is there, and OpenBLAS has no such kernel */
    healthy(&m);
    f->variables.coretype = "skylakex";
    all_kernels(&m, "Prescott");
    expect(&m, DOCTOR_BAD, "blas", "kernel Prescott", "with a newer OpenBLAS");
}

/* One finding for each node that differs, and one for bits. */
static void test_kernels_that_differ(void)
{
    machine m;
    doctor_facts *f = healthy(&m);
    TEXT(m.places[3].machine.blas_kernel, "Cooperlake");
    expect(&m, DOCTOR_WARN, "blas", "Cooperlake on node1", "`export OPENBLAS_CORETYPE=SkylakeX`");

    healthy(&m);
    for (int i = 2; i < RANKS; i++) {
        m.places[i].machine.avx512 = false;
        TEXT(m.places[i].machine.blas_kernel, "Zen");
    }
    expect(&m, DOCTOR_WARN, "blas", "Zen on node1",
           "--constraint=FEATURE ...` for nodes of one kind, or `export OPENBLAS_CORETYPE=Haswell`");

    healthy(&m);
    f->variables.coretype = "SkylakeX";
    for (int i = 2; i < RANKS; i++) TEXT(m.places[i].machine.blas_kernel, "Prescott");
    doctor_report r = judged(&m);
    CHECK(r.bad == 1, "%td bad", r.bad);
    for (ptrdiff_t i = 0; i < r.count; i++)
        if (r.list[i].grade == DOCTOR_BAD)
            CHECK(strstr(r.list[i].fix, "mpirun -x OPENBLAS_CORETYPE"), "%s", r.list[i].fix);
}

static void test_threads(void)
{
    machine m;
    doctor_facts *f = healthy(&m);
    EACH(&m, machine.blas_threads, 64);
    expect(&m, DOCTOR_WARN, "threads", "64 threads a rank", "OPENBLAS_NUM_THREADS=1");

    healthy(&m);
    EACH(&m, machine.blas_threads, 0);
    expect_fine(&m, "the number that this BLAS starts is unknown");
}

static void test_build(void)
{
    machine m;
    doctor_facts *f = healthy(&m);
    f->build.optimised = false;
    expect(&m, DOCTOR_WARN, "build", "without optimisation", "cmake --preset default");

    healthy(&m);
    f->build.sanitized = true;
    expect(&m, DOCTOR_WARN, "build", "sanitizers", "cmake --preset default");

    healthy(&m);
    TEXT(f->build.tiles, "own kernel, SSE2");
    expect(&m, DOCTOR_WARN, "build", "own kernel, SSE2", "kernels for every processor");

    healthy(&m);
    TEXT(f->build.tiles, "BLAS, the rest SSE2");
    expect(&m, DOCTOR_WARN, "build", "the rest SSE2", "kernels for every processor");

    healthy(&m);
    TEXT(f->build.tiles, "own kernel, AVX2");
    expect(&m, DOCTOR_WARN, "build", "on a processor with AVX-512", "kernels for every processor");

    f->build.target = "avx2";
    expect(&m, DOCTOR_WARN, "build", "can run avx512", "unset POLYSWEEP_TARGET");

    healthy(&m);
    f->clock_s = 4e-3;
    expect(&m, DOCTOR_WARN, "clock", "too coarse", "clocksource");

    healthy(&m);
    EACH(&m, machine.memory_bytes, 0);
    expect_fine(&m, "unknown; `--set run.memory_per_rank");
}

/* ---- MPI ---- */

static void test_library(void)
{
    machine m;
    doctor_facts *f = healthy(&m);
    f->mpi.built[1] = 0;
    expect(&m, DOCTOR_WARN, "mpi", "version 4.1 is running, the program was compiled with 4.0", "ldd");

    healthy(&m);
    f->mpi.built[0] = 5;
    expect(&m, DOCTOR_BAD, "mpi", "compiled with 5.1", "build again");

    healthy(&m);
    f->mpi.version[1] = f->mpi.built[1] = f->mpi.version[2] = 0;
    expect(&m, DOCTOR_BAD, "mpi", "before 4.0.1", "OMPI_MCA_io=romio321");

    healthy(&m);
    f->mpi.version[0] = f->mpi.built[0] = 3;
    expect(&m, DOCTOR_BAD, "mpi", "before 4.0.1", "OMPI_MCA_io=^ompio");

    healthy(&m);
    f->mpi.version[0] = f->mpi.built[0] = 3;
    TEXT(f->mpi.io, "romio314");
    expect_fine(&m, "Open MPI");

    healthy(&m);
    f->mpi.sharedfp[0] = '\0';
    expect(&m, DOCTOR_WARN, "mpi", "sharedfp", "unset OMPI_MCA_sharedfp");

    healthy(&m);
    TEXT(f->mpi.sharedfp, "lockedfile,sm");
    expect(&m, DOCTOR_WARN, "mpi", "lockedfile,sm", "unset");

    healthy(&m);
    TEXT(f->mpi.sharedfp, "^sm");
    expect(&m, DOCTOR_WARN, "mpi", "250 characters", "unset OMPI_MCA_sharedfp");

    healthy(&m);
    TEXT(f->mpi.sharedfp, "individual,smart");
    expect_fine(&m, "Open MPI");

    healthy(&m);
    f->mpi.sharedfp[0] = '\0';
    TEXT(f->mpi.io, "romio321");
    expect_fine(&m, "romio321");

    healthy(&m);
    f->mpi.open_mpi = false;
    f->mpi.sharedfp[0] = '\0';
    TEXT(f->mpi.name, "MPICH Version: 4.0.2");
    expect_fine(&m, "MPICH");
}

static void test_messages(void)
{
    machine m;
    doctor_facts *f = healthy(&m);
    f->mpi.talk.message_bytes_s = 3e9;
    TEXT(f->mpi.single_copy, "cma");
    expect(&m, DOCTOR_WARN, "messages", "vader by cma", "single_copy_mechanism=none");

    healthy(&m);
    f->mpi.talk.message_bytes_s = 3e9;
    TEXT(f->mpi.single_copy, "none");
    expect(&m, DOCTOR_WARN, "messages", "3 GB/s", "OMPI_MCA_btl");

    healthy(&m);
    f->mpi.talk.message_bytes_s = 3e9;
    f->mpi.open_mpi = false;
    expect(&m, DOCTOR_WARN, "messages", "3 GB/s", "mpiexec -bind-to core");

    healthy(&m);
    TEXT(f->mpi.single_copy, "cma");
    expect_fine(&m, "vader by cma");

    healthy(&m);
    f->mpi.talk = (psw_talk){NAN, NAN};
    expect_fine(&m, "4 ranks");
}

static void test_shared_memory(void)
{
    machine m;
    doctor_facts *f = healthy(&m);
    m.places[2].shared.semaphores_shut = 1;
    TEXT(m.places[2].shared.semaphore, "sem.OMPIO_x.h5");
    expect(&m, DOCTOR_WARN, "mpi", "on node1", "rm /dev/shm/sem.OMPIO_x.h5");

    healthy(&m);
    m.places[0].shared.semaphores_shut = 2;
    f->mpi.sharedfp[0] = '\0';
    /* would be asked: bad, beside the warning about sharedfp */
    CHECK(judged(&m).bad == 1, "a shut semaphore that would be asked is not bad");

    healthy(&m);
    m.places[0].shared.segments = 9;
    m.places[0].shared.segment_bytes = 1e9;
    expect(&m, DOCTOR_WARN, "memory", "9 segments", "rm -f /dev/shm/vader_segment");

    healthy(&m);
    m.places[0].shared.segments = 9;
    m.places[0].shared.segment_bytes = 1e6;
    expect_fine(&m, "rm -f /dev/shm/vader_segment");

    healthy(&m);
    m.places[0].shared.free_bytes = 1e6;
    expect(&m, DOCTOR_BAD, "memory", "/dev/shm of node0", "--shm-size");

    healthy(&m);
    m.places[0].shared.free_bytes = NAN;
    expect_fine(&m, "4 ranks");
}

/* Another MPI library hears nothing of Open MPI's settings, whatever the environment holds. */
static void test_other_library(void)
{
    machine m;
    doctor_facts *f = healthy(&m);
    TEXT(f->mpi.name, "MPICH Version: 4.0.2");
    f->mpi.open_mpi = false;
    f->launcher.nodes = 3;
    TEXT(f->launcher.plm, "isolated");
    TEXT(f->mpi.io, "romio321");
    m.places[0].shared.semaphores_shut = 2;
    f->mpi.talk.message_bytes_s = 1e9;
    f->attempt.trial.fcntl_error = 38;
    f->attempt.trial.wrong = 7;
    doctor_report r = judged(&m);
    for (ptrdiff_t i = 0; i < r.count; i++)
        CHECK(!strstr(r.list[i].text, "OMPI") && !strstr(r.list[i].fix, "OMPI"), "\"%s\": type \"%s\"", r.list[i].text,
              r.list[i].fix);
}

int main(void)
{
    test_worlds();
    test_cores();
    test_binding();
    test_kernel();
    test_forced_kernel();
    test_kernels_that_differ();
    test_threads();
    test_build();
    test_library();
    test_other_library();
    test_messages();
    test_shared_memory();
    return test_end();
}
