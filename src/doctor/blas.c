/* doctor: what computes. */
#include <string.h>

#include "doctor/inside.h"
#include "polysweep/print.h"

/* ---- the kernel of OpenBLAS ---- */

typedef enum width { UNKNOWN, NARROW, WIDE_256, WIDE_512 } width;

static const struct {
    const char *name;
    width width;
} kernels[] = {{"SkylakeX", WIDE_512},     {"Cooperlake", WIDE_512}, {"SapphireRapids", WIDE_512},
               {"Sapphirerapids", WIDE_512}, {"Haswell", WIDE_256},  {"Zen", WIDE_256},
               {"Excavator", WIDE_256},    {"Sandybridge", NARROW},  {"Bulldozer", NARROW},
               {"Piledriver", NARROW},     {"Steamroller", NARROW},  {"Nehalem", NARROW},
               {"Prescott", NARROW},       {"Core2", NARROW},        {"Penryn", NARROW},
               {"Dunnington", NARROW},     {"Atom", NARROW},         {"Barcelona", NARROW},
               {"Bobcat", NARROW},         {"Opteron", NARROW},      {"Opteron_SSE3", NARROW},
               {"Athlon", NARROW},         {"Katmai", NARROW},       {"Coppermine", NARROW},
               {"Northwood", NARROW},      {"Banias", NARROW},       {"Nano", NARROW}};

static width width_of(const char *kernel)
{
    for (size_t i = 0; i < sizeof kernels / sizeof *kernels; i++)
        if (strcmp(kernels[i].name, kernel) == 0) return kernels[i].width;
    return UNKNOWN;
}

static width offered(const psw_machine *m)
{
    return m->avx512 ? WIDE_512 : m->avx2 ? WIDE_256 : NARROW;
}

static const char *vectors(width w)
{
    return w == WIDE_512 ? "AVX-512" : w == WIDE_256 ? "AVX2" : "no AVX2";
}

static void check_forced(const psw_facts *f, psw_report *r)
{
    const psw_variables *v = &f->variables;
    if (v->coretype) {
        psw_doctor_warn(r, "blas", "OPENBLAS_CORETYPE=%s forces the kernel", v->coretype);
        psw_doctor_mend(r, "`unset OPENBLAS_CORETYPE`");
    }
    if (v->l2_size) {
        psw_doctor_warn(r, "blas", "OPENBLAS_L2_SIZE=%s changes the blocks of products, and with them speed and bits",
                        v->l2_size);
        psw_doctor_mend(r, "`unset OPENBLAS_L2_SIZE`");
    }
}

/* Half the vectors is slow, less is a library that is not made for this processor. */
static bool check_width(const psw_facts *f, const psw_machine *m, psw_report *r)
{
    width has = width_of(m->blas_kernel), may = offered(m);
    if (has == UNKNOWN || has >= may) return false;
    (may == WIDE_512 && has == WIDE_256 ? psw_doctor_warn : psw_doctor_bad)(
        r, "blas", "kernel %s (%s) on a processor with %s, on %s", m->blas_kernel, vectors(has), vectors(may), m->host);
    if (f->variables.coretype)
        psw_doctor_mend(r, "`unset OPENBLAS_CORETYPE`");
    else
        psw_doctor_mend(r, "`cmake -DPOLYSWEEP_CBLAS=NAME ...` with a newer OpenBLAS, or one made with DYNAMIC_ARCH=1");
    return true;
}

static void check_same(const psw_facts *f, psw_report *r)
{
    const psw_machine *first = &f->places[0].machine;
    for (int i = 1; i < f->ranks; i++) {
        const psw_machine *m = &f->places[i].machine;
        if (strcmp(m->blas_kernel, first->blas_kernel) == 0) continue;
        psw_doctor_warn(r, "blas",
                        "kernel %s on %s, %s on %s: numbers agree within the tolerances of their columns, not bit for bit",
                        first->blas_kernel, first->host, m->blas_kernel, m->host);
        psw_doctor_mend(r, "`sbatch --constraint=FEATURE ...` for nodes of one kind, or `export OPENBLAS_CORETYPE=Haswell` "
                           "for the same bits at lower speed");
        return;
    }
}

static void check_kernel(const psw_facts *f, psw_report *r)
{
    const psw_machine *here = &f->places[0].machine;
    check_forced(f, r);
    if (!here->blas_kernel[0]) {
        psw_doctor_warn(r, "blas", "this CBLAS does not tell its kernel: bits of different builds cannot be compared");
        psw_doctor_mend(r, "`cmake -DPOLYSWEEP_CBLAS=openblas ...`");
        return;
    }
    bool below = false;
    for (int i = 0; i < f->ranks && !below; i++) below = check_width(f, &f->places[i].machine, r);
    if (!below) psw_doctor_fine(r, "blas", "kernel %s", here->blas_kernel);
    psw_doctor_fine(r, "blas", "%.*s", (int)strcspn(here->blas_config, ";"), here->blas_config);
    check_same(f, r);
}

/* ---- threads ---- */

static void check_threads(const psw_facts *f, psw_report *r)
{
    const psw_machine *m = &f->places[0].machine;
    if (m->blas_threads == 0) {
        psw_doctor_fine(r, "threads", "unknown how many this BLAS starts; polysweep uses %d a rank", f->threads);
    } else if (m->blas_threads > f->threads) {
        psw_doctor_warn(r, "threads", "BLAS starts %d threads a rank (OPENBLAS_NUM_THREADS %s), polysweep uses %d of them",
                        m->blas_threads, f->variables.blas_threads ? f->variables.blas_threads : "not set", f->threads);
        psw_doctor_mend(r, "`export OPENBLAS_NUM_THREADS=%d OMP_NUM_THREADS=%d`", f->threads, f->threads);
    } else if (f->threads > 1 && m->blas_parallel == 0) {
        psw_doctor_warn(r, "threads", "run.threads=%d, but this BLAS is made for one thread", f->threads);
        psw_doctor_mend(r, "`--set run.threads=1` and more ranks, or link a BLAS with threads");
    } else {
        psw_doctor_fine(r, "threads", "%d a rank (run.threads), BLAS started with %d", f->threads, m->blas_threads);
    }
}

/* ---- the build ---- */

static void check_tiles(const psw_facts *f, psw_report *r)
{
    const char *tiles = f->build.tiles;
    bool own = strncmp(tiles, "BLAS", 4) != 0, wide = strstr(tiles, "AVX-512") || strstr(tiles, "AVX2");
    const psw_machine *m = &f->places[0].machine;
    if (m->avx2 && !wide) {
        psw_doctor_warn(r, "build", "made without the vectors of this processor (%s; %s)", vectors(offered(m)), tiles);
        psw_doctor_mend(r, "`cmake --preset default && cmake --build --preset default`%s",
                        own ? ", or, where one build serves many processors, `cmake --preset cluster ...`"
                            : ", unless one build has to serve many processors");
    } else if (m->avx512 && own && !strstr(tiles, "AVX-512")) {
        psw_doctor_warn(r, "build", "made for AVX2 (%s) on a processor with AVX-512", tiles);
        psw_doctor_mend(r, "`cmake --preset default && cmake --build --preset default` on a node like this one");
    } else {
        psw_doctor_fine(r, "build", "tiles: %s", tiles);
    }
}

static void check_build(const psw_facts *f, psw_report *r)
{
    const char *again = "`cmake --preset default && cmake --build --preset default`, then build/polysweep";
    if (f->build.sanitized) {
        psw_doctor_warn(r, "build", "polysweep " PSW_VERSION " with sanitizers: several times slower");
        psw_doctor_mend(r, "%s", again);
    } else if (!f->build.optimised) {
        psw_doctor_warn(r, "build", "polysweep " PSW_VERSION " without optimisation: many times slower");
        psw_doctor_mend(r, "%s", again);
    } else {
        psw_doctor_fine(r, "build", "polysweep " PSW_VERSION ", optimised");
    }
}

/* ---- the processor ---- */

static void check_machine(const psw_facts *f, psw_report *r)
{
    const psw_place *here = &f->places[0];
    char all[PSW_TEXT], each[PSW_TEXT];
    psw_doctor_fine(r, "cpu", "%s, %s", here->machine.cpu[0] ? here->machine.cpu : "name unknown",
                    vectors(offered(&here->machine)));
    psw_say_bytes(here->machine.memory_bytes, all);
    psw_say_bytes(here->machine.memory_bytes / here->node_size, each);
    if (here->machine.memory_bytes > 0)
        psw_doctor_fine(r, "memory", "%s on this node, %s for each of its ranks", all, each);
    else
        psw_doctor_fine(r, "memory", "unknown; `--set run.memory_per_rank=4Gi` says what a rank may use");
    if (f->clock_s < 1e-6) {
        psw_doctor_fine(r, "clock", "steps of %.0f ns", 1e9 * f->clock_s);
    } else {
        psw_doctor_warn(r, "clock", "steps of %.3g us: too coarse for short points", 1e6 * f->clock_s);
        psw_doctor_mend(r, "`cat /sys/devices/system/clocksource/clocksource0/current_clocksource`; it should be tsc");
    }
}

void psw_doctor_blas(const psw_facts *f, psw_report *r)
{
    check_machine(f, r);
    check_build(f, r);
    check_tiles(f, r);
    check_kernel(f, r);
    check_threads(f, r);
}
