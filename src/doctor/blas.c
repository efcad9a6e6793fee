/* doctor: what computes. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <strings.h>

#include "doctor/blas_kernels.h"
#include "doctor/checks.h"
#include "polysweep/print.h"

/* ---- the kernel of OpenBLAS ---- */

static doctor_vectors offered(const psw_machine *m)
{
    return m->avx512 ? DOCTOR_VECTORS_AVX512 : m->avx2 ? DOCTOR_VECTORS_AVX2 : DOCTOR_VECTORS_OLD;
}

static const char *words(doctor_vectors v)
{
    return v == DOCTOR_VECTORS_AVX512 ? "AVX-512" : v == DOCTOR_VECTORS_AVX2 ? "AVX2" : "no AVX2";
}

/* What every processor of the launch can do. */
static doctor_vectors shared_vectors(const doctor_facts *f)
{
    doctor_vectors least = offered(&f->places[0].machine);
    for (int i = 1; i < f->ranks; i++) {
        doctor_vectors own = offered(&f->places[i].machine);
        least = own < least ? own : least;
    }
    return least;
}

/* A kernel that is forced is one for all processors; where OpenBLAS chooses, each can have its own. */
static doctor_vectors possible(const doctor_facts *f, const psw_machine *m)
{
    return f->variables.coretype ? shared_vectors(f) : offered(m);
}

static bool below(const doctor_facts *f, const psw_machine *m)
{
    return doctor_blas_below(m->blas_kernel, possible(f, m));
}

static void fix_kernel(const doctor_facts *f, const psw_machine *m, doctor_report *r)
{
    const char *forced = f->variables.coretype, *better = doctor_blas_kernel_for(possible(f, m));
    bool tried = forced && strcasecmp(forced, better) == 0;
    if (tried && !below(f, &f->places[0].machine))
        doctor_fix(r, "`mpirun -x OPENBLAS_CORETYPE ...`, or set it in a profile of that node: it is set on %s alone",
                   f->places[0].machine.host);
    else if (tried || !strstr(m->blas_config, "DYNAMIC_ARCH"))
        doctor_fix(r, "`cmake -DPOLYSWEEP_CBLAS=NAME ...` with a newer OpenBLAS, or one made with DYNAMIC_ARCH=1");
    else if (forced)
        doctor_fix(
            r, "`export OPENBLAS_CORETYPE=%s`, or `unset OPENBLAS_CORETYPE` where this OpenBLAS knows the processor",
            better);
    else
        doctor_fix(r, "`export OPENBLAS_CORETYPE=%s`: this OpenBLAS does not know the processor", better);
}

/* Half the vectors is slow, less is a kernel that is not made for this processor. */
static void print_below(const doctor_facts *f, const psw_machine *m, doctor_report *r)
{
    doctor_vectors has = doctor_blas_vectors(m->blas_kernel);
    char forced[128] = "";
    if (f->variables.coretype)
        psw_format(forced, sizeof forced, ", as OPENBLAS_CORETYPE=%s says", f->variables.coretype);
    (has == DOCTOR_VECTORS_AVX2 ? doctor_warn : doctor_bad)(r, "blas", "kernel %s (%s) on a processor with %s, on %s%s",
                                                            m->blas_kernel, words(has), words(offered(m)), m->host,
                                                            forced);
    fix_kernel(f, m, r);
}

static void check_vectors(const doctor_facts *f, doctor_report *r)
{
    const psw_machine *here = &f->places[0].machine;
    for (int i = 0; i < f->ranks; i++)
        if (below(f, &f->places[i].machine)) {
            print_below(f, &f->places[i].machine, r);
            return;
        }
    if (f->variables.coretype)
        doctor_fine(r, "blas", "kernel %s (OPENBLAS_CORETYPE=%s)", here->blas_kernel, f->variables.coretype);
    else
        doctor_fine(r, "blas", "kernel %s", here->blas_kernel);
}

static void check_blocks(const doctor_facts *f, doctor_report *r)
{
    const char *l2_size = f->variables.l2_size;
    if (!l2_size) return;
    doctor_warn(r, "blas", "OPENBLAS_L2_SIZE=%s changes the blocks of products, and with them speed and bits", l2_size);
    doctor_fix(r, "`unset OPENBLAS_L2_SIZE`");
}

static void fix_different(const doctor_facts *f, doctor_report *r)
{
    const char *shared = doctor_blas_kernel_for(shared_vectors(f));
    if (shared)
        doctor_fix(r,
                   "`sbatch --constraint=FEATURE ...` for nodes of one kind, or `export OPENBLAS_CORETYPE=%s` for the "
                   "same bits, on some at lower speed",
                   shared);
    else
        doctor_fix(r, "`sbatch --constraint=FEATURE ...` for nodes of one kind");
}

static void check_same(const doctor_facts *f, doctor_report *r)
{
    const psw_machine *first = &f->places[0].machine;
    for (int i = 1; i < f->ranks; i++) {
        const psw_machine *m = &f->places[i].machine;
        if (strcmp(m->blas_kernel, first->blas_kernel) == 0) continue;
        doctor_warn(r, "blas",
                    "kernel %s on %s, %s on %s: numbers agree within the tolerances of their columns, not bit for bit",
                    first->blas_kernel, first->host, m->blas_kernel, m->host);
        fix_different(f, r);
        return;
    }
}

static void check_kernel(const doctor_facts *f, doctor_report *r)
{
    const psw_machine *here = &f->places[0].machine;
    check_blocks(f, r);
    if (!here->blas_kernel[0]) {
        doctor_warn(r, "blas",
                    "this CBLAS does not say which kernel it uses: bits of different builds cannot be compared");
        doctor_fix(r, "`cmake -DPOLYSWEEP_CBLAS=openblas ...`");
        return;
    }
    check_vectors(f, r);
    doctor_fine(r, "blas", "%.*s", (int)strcspn(here->blas_config, ";"), here->blas_config);
    check_same(f, r);
}

/* ---- threads ---- */

/* Threads of the tile loop: their number is what run.threads says, whatever OMP_NUM_THREADS does. */
static void check_together(const doctor_facts *f, doctor_report *r)
{
    const doctor_variables *v = &f->variables;
    int threads = f->threads;
    if (v->omp_limit && atoi(v->omp_limit) < threads) {
        doctor_warn(r, "threads", "OMP_THREAD_LIMIT=%s: a rank gets no more threads, of run.threads=%d", v->omp_limit,
                    threads);
        doctor_fix(r, "`unset OMP_THREAD_LIMIT`");
    } else if (v->omp_dynamic && strcasecmp(v->omp_dynamic, "true") == 0) {
        doctor_warn(r, "threads", "OMP_DYNAMIC=true: a rank may get fewer threads than run.threads=%d", threads);
        doctor_fix(r, "`unset OMP_DYNAMIC`");
    } else if (v->omp_bind && (strcasecmp(v->omp_bind, "master") == 0 || strcasecmp(v->omp_bind, "primary") == 0)) {
        doctor_warn(r, "threads", "OMP_PROC_BIND=%s: all %d threads of a rank share one place", v->omp_bind, threads);
        doctor_fix(r, "`unset OMP_PROC_BIND`");
    } else {
        doctor_fine(r, "threads", "%d a rank (run.threads) share the tiles of row folds and the head", threads);
    }
}

static void check_threads(const doctor_facts *f, doctor_report *r)
{
    const psw_machine *m = &f->places[0].machine;
    bool own = strncmp(f->build.tiles, "own", 3) == 0;
    if (own && f->threads > 1 && f->build.threads) check_together(f, r);
    if (own && f->threads > 1 && !f->build.threads) {
        doctor_warn(r, "threads", "run.threads=%d, but this program was built without OpenMP, for one thread",
                    f->threads);
        doctor_fix(r, "`--set run.threads=1` and more ranks, or build with a compiler that has OpenMP");
        return;
    }
    if (m->blas_threads == 0) {
        doctor_fine(r, "threads", "the number that this BLAS starts is unknown; polysweep uses %d a rank", f->threads);
    } else if (m->blas_threads > f->threads) {
        doctor_warn(r, "threads", "BLAS starts %d threads a rank (OPENBLAS_NUM_THREADS %s), polysweep uses %d of them",
                    m->blas_threads, f->variables.blas_threads ? f->variables.blas_threads : "not set", f->threads);
        doctor_fix(r, "`export OPENBLAS_NUM_THREADS=%d OMP_NUM_THREADS=%d`", f->threads, f->threads);
    } else if (!own && f->threads > 1 && m->blas_parallel == 0) {
        doctor_warn(r, "threads", "run.threads=%d, but this BLAS is made for one thread", f->threads);
        doctor_fix(r, "`--set run.threads=1` and more ranks, or link a BLAS with threads");
    } else {
        doctor_fine(r, "threads", "%d a rank (run.threads), BLAS started with %d", f->threads, m->blas_threads);
    }
}

/* ---- the build ---- */

static void check_tiles(const doctor_facts *f, doctor_report *r)
{
    const doctor_build *b = &f->build;
    const psw_machine *m = &f->places[0].machine;
    bool wide = m->avx512 ? strstr(b->tiles, "AVX-512") != NULL : strstr(b->tiles, "AVX") != NULL || !m->avx2;
    if (strcmp(b->target, b->best) != 0) {
        doctor_warn(
            r, "build",
            "kernels %s (%s), though this processor can run %s: POLYSWEEP_TARGET is set, or another rank cannot",
            b->target, b->tiles, b->best);
        doctor_fix(r, "`unset POLYSWEEP_TARGET`, or nodes of one kind");
    } else if (!wide) {
        doctor_warn(r, "build", "kernels %s (%s) on a processor with %s", b->target, b->tiles, words(offered(m)));
        doctor_fix(r, "`cmake --preset default && cmake --build --preset default`: kernels for every processor");
    } else {
        doctor_fine(r, "build", "kernels %s: %s", b->target, b->tiles);
    }
}

/* What the program can do without, and what it cannot do then. */
static void check_libraries(const doctor_facts *f, doctor_report *r)
{
    if (f->build.fftw && f->build.hwloc) doctor_fine(r, "libraries", "built with FFTW and hwloc");
    if (!f->build.fftw)
        doctor_fine(r, "libraries",
                    "built without FFTW: tensorsketch takes no r with a prime factor above 31; install it in both "
                    "precisions (libfftw3-dev) and build with -DPOLYSWEEP_FFTW=ON");
    if (!f->build.hwloc)
        doctor_fine(
            r, "libraries",
            "built without hwloc: cores are those that the kernel lists; where a container or a job may use but "
            "some of a node's, more may be counted than there are");
}

static void check_build(const doctor_facts *f, doctor_report *r)
{
    const char *again = "`cmake --preset default && cmake --build --preset default`, then build/polysweep";
    if (f->build.sanitized) {
        doctor_warn(r, "build", "polysweep " PSW_VERSION " with sanitizers: several times slower");
        doctor_fix(r, "%s", again);
    } else if (!f->build.optimised) {
        doctor_warn(r, "build", "polysweep " PSW_VERSION " without optimisation: many times slower");
        doctor_fix(r, "%s", again);
    } else {
        doctor_fine(r, "build", "polysweep " PSW_VERSION ", optimised");
    }
    check_libraries(f, r);
}

/* ---- the processor ---- */

/* Of the node whose ranks may have the least, which is what each rank of a run may have. */
static void check_memory(const doctor_facts *f, doctor_report *r)
{
    const doctor_place *least = NULL;
    char all[PSW_TEXT], each[PSW_TEXT];
    for (int i = 0; i < f->ranks; i++) {
        const doctor_place *p = &f->places[i];
        double share = p->machine.memory_bytes / p->node_size;
        if (share > 0 && (!least || share < least->machine.memory_bytes / least->node_size)) least = p;
    }
    if (!least) {
        doctor_fine(r, "memory", "unknown; `--set run.memory_per_rank=4Gi` sets what a rank may use");
        return;
    }
    const psw_allowance *allowed = &least->machine.allowed;
    psw_format_bytes(least->machine.memory_bytes, all);
    psw_format_bytes(least->machine.memory_bytes / least->node_size, each);
    doctor_fine(r, "memory", "%s on %s%s%s%s, %s for each of its ranks", all, least->machine.host,
                allowed->memory_bytes > 0 ? " (limit of " : "", allowed->memory_from,
                allowed->memory_bytes > 0 ? ")" : "", each);
}

/* A run begins half a second earlier where its machine is known. */
/* A column that stays NaN is no problem of a run. */
static void check_counter(doctor_report *r, const char *topic, const char *from, const char *why, const char *fix)
{
    if (*from)
        doctor_fine(r, topic, "of points: %s", from);
    else
        doctor_fine(r, topic, "not in results: %s%s%s", *why ? why : "unknown", *fix ? "; to have it, " : "", fix);
}

static void check_kept(const doctor_facts *f, doctor_report *r)
{
    if (!f->kept.path[0])
        doctor_fine(r, "speeds",
                    "each launch measures this machine, in half a second: neither XDG_CACHE_HOME nor HOME "
                    "names a place to keep them");
    else if (isnan(f->kept.age_s))
        doctor_fine(r, "speeds",
                    "none of such launches here are kept yet; the next run measures them, in half a second, "
                    "and keeps them in %s",
                    f->kept.path);
    else if (f->kept.busy)
        doctor_fine(r, "speeds",
                    "of this machine, measured %.0f minutes ago while other processes used it, in %s: they may be too "
                    "slow, and count for ten minutes; --calibrate of run renews them",
                    f->kept.age_s / 60, f->kept.path);
    else
        doctor_fine(r, "speeds", "of this machine, measured %.0f hours ago, in %s; --calibrate of run renews them",
                    f->kept.age_s / 3600, f->kept.path);
}

static bool first_of_kind(const doctor_facts *f, int rank)
{
    if (f->places[rank].node_rank > 0) return false;
    for (int i = 0; i < rank; i++)
        if (strcmp(f->places[i].machine.cpu, f->places[rank].machine.cpu) == 0) return false;
    return true;
}

/* Nodes with different processors, as many kinds as there is room for. */
static void check_kinds(const doctor_facts *f, doctor_report *r)
{
    char list[512] = "";
    int kinds = 0;
    for (int i = 0; i < f->ranks; i++) {
        int nodes = 0;
        if (!first_of_kind(f, i)) continue;
        for (int k = i; k < f->ranks; k++)
            nodes += f->places[k].node_rank == 0 && strcmp(f->places[k].machine.cpu, f->places[i].machine.cpu) == 0;
        size_t length = strlen(list);
        psw_format(list + length, sizeof list - length, "%s%d x %s", kinds++ > 0 ? ", " : "", nodes,
                   f->places[i].machine.cpu);
    }
    if (kinds > 1)
        doctor_fine(r, "nodes", "%d kinds: %s; a run measures each, and the faster ones get the longest points", kinds,
                    list);
}

static void check_machine(const doctor_facts *f, doctor_report *r)
{
    const doctor_place *here = &f->places[0];
    doctor_fine(r, "cpu", "%s, %s", here->machine.cpu[0] ? here->machine.cpu : "name unknown",
                words(offered(&here->machine)));
    check_kinds(f, r);
    check_memory(f, r);
    if (f->clock_s < 1e-6) {
        doctor_fine(r, "clock", "steps of %.0f ns", 1e9 * f->clock_s);
    } else {
        doctor_warn(r, "clock", "steps of %.3g us: too coarse for short points", 1e6 * f->clock_s);
        doctor_fix(r, "`cat /sys/devices/system/clocksource/clocksource0/current_clocksource`; it should be tsc");
    }
}

void doctor_check_blas(const doctor_facts *f, doctor_report *r)
{
    check_machine(f, r);
    check_counter(r, "cycles", f->counters.cycles_from, f->counters.cycles_why, f->counters.cycles_fix);
    check_counter(r, "energy", f->counters.energy_from, f->counters.energy_why, f->counters.energy_fix);
    check_kept(f, r);
    check_build(f, r);
    check_tiles(f, r);
    check_kernel(f, r);
    check_threads(f, r);
}
