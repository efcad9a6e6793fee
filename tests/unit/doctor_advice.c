/* What doctor says of threads and of messages between nodes that are not at hand. */
#include "unit/doctor_case.h"

/* What to do about threads is one thing, whatever is wrong with them: a build without threads gets one. */
static void test_threads_of_none(void)
{
    machine m;
    doctor_facts *f = healthy(&m);
    f->threads = 2, f->build.threads = false;
    doctor_report r = judged(&m);
    ptrdiff_t said = 0;
    for (ptrdiff_t i = 0; i < r.count; i++) {
        const char *fix = r.list[i].fix;
        CHECK(fix[0] == '\0' || strstr(fix, "run.threads=1"), "%s: type %s", r.list[i].text, fix);
        said += fix[0] != '\0';
    }
    CHECK(said == 2, "%td findings", said); /* two threads on one core, two threads of a build of one */

    healthy(&m);
    all_on_one_node(&m);
    EACH(&m, machine.cores_node, 2);
    f->threads = 4, f->build.threads = false;
    r = judged(&m);
    bool found = false;
    for (ptrdiff_t i = 0; i < r.count; i++)
        if (r.list[i].grade == DOCTOR_BAD)
            found |= strstr(r.list[i].fix, "`mpirun -n 2 ...` with `--set run.threads=1`, or `polysweep run") != NULL;
    CHECK(found, "as many ranks as cores, a thread each");
}

/* Ranks of several threads are bound to as many cores. */
static void test_binding_of_threads(void)
{
    machine m;
    doctor_facts *f = healthy(&m);
    f->threads = 4;
    for (int i = 0; i < RANKS; i++) bind(&m, i, "0-63", 64);
    expect(&m, DOCTOR_WARN, "binding", "4 ranks are not bound to cores",
           "`mpirun -n 4 --host node0:2,node1:2 --map-by slot:PE=4 --bind-to core ...`, or `srun --cpu-bind=cores "
           "--cpus-per-task=4 ...`");
    for (int i = 0; i < RANKS; i++) bind(&m, i, "0-3", 4);
    expect(&m, DOCTOR_BAD, "binding", "ranks 0 and 1 on node0 share cores", "--map-by slot:PE=4 --bind-to core");
}

/* Threads of the tile loop, and what OpenMP's variables make of them. */
static void test_threads_of_tiles(void)
{
    machine m;
    doctor_facts *f = healthy(&m);
    f->threads = 2;
    EACH(&m, machine.blas_parallel, 0);
    for (int i = 0; i < RANKS; i++) bind(&m, i, i % 2 ? "2-3" : "0-1", 2);
    expect_fine(&m, "2 a rank (run.threads) share the tiles");
    f->variables.omp_limit = "1";
    expect(&m, DOCTOR_WARN, "threads", "OMP_THREAD_LIMIT=1", "unset OMP_THREAD_LIMIT");
    f->variables.omp_limit = "2", f->variables.omp_dynamic = "TRUE";
    expect(&m, DOCTOR_WARN, "threads", "OMP_DYNAMIC", "unset OMP_DYNAMIC");
    f->variables.omp_dynamic = "false", f->variables.omp_bind = "master";
    expect(&m, DOCTOR_WARN, "threads", "share one place", "unset OMP_PROC_BIND");
    f->variables.omp_bind = "close";
    expect_fine(&m, "2 a rank (run.threads) share the tiles");
    f->build.threads = false;
    expect(&m, DOCTOR_WARN, "threads", "built without OpenMP", "run.threads=1");
    TEXT(f->build.tiles, "BLAS");
    EACH(&m, machine.avx2, false);
    EACH(&m, machine.avx512, false);
    expect(&m, DOCTOR_WARN, "threads", "made for one thread", "run.threads=1");
}

static void test_messages_between_nodes(void)
{
    machine m;
    doctor_facts *f = healthy(&m);
    f->mpi.latency_s = 2e-6, f->mpi.byte_s = 1e-10;
    expect_fine(&m, "2 us and 10 GB/s between the nodes node0 and node1");
    for (int i = 2; i < RANKS; i++) TEXT(m.places[i].machine.cpu, "another one");
    expect_fine(&m, "2 kinds: 1 x a processor, 1 x another one");
    f->mpi.byte_s = 1e-7;
    expect(&m, DOCTOR_WARN, "messages", "0.01 GB/s between the nodes node0 and node1, less than plain Ethernet",
           "btl_tcp_if_include");
    f->mpi.latency_s = NAN, f->mpi.byte_s = NAN;
    expect_fine(&m, "GB/s between ranks 0 and 1 of a node");
}

/* It is said with what would help, and is nothing to fix. */
static void test_counters(void)
{
    machine m;
    doctor_facts *f = healthy(&m);
    TEXT(f->counters.cycles_from, "perf_event_open");
    expect_fine(&m, "of points: perf_event_open");
    TEXT(f->counters.energy_why, "energy_uj: Permission denied");
    TEXT(f->counters.energy_fix, "as root: `chmod a+r FILES`");
    expect_fine(&m, "not in results: energy_uj: Permission denied; to have it, as root: `chmod a+r FILES`");
}

int main(void)
{
    test_threads_of_none();
    test_binding_of_threads();
    test_threads_of_tiles();
    test_messages_between_nodes();
    test_counters();
    return test_end();
}
