/* doctor: what computes. */
#include <string.h>

#include "doctor/checks.h"
#include "polysweep/print.h"

/* ---- the kernel of OpenBLAS ---- */

typedef enum width { UNKNOWN, NARROW, WIDE_256, WIDE_512 } width;

static const struct {
    const char *name;
    width width;
} kernels[] = {{"SkylakeX", WIDE_512},       {"Cooperlake", WIDE_512}, {"SapphireRapids", WIDE_512},
               {"Sapphirerapids", WIDE_512}, {"Haswell", WIDE_256},    {"Zen", WIDE_256},
               {"Excavator", WIDE_256},      {"Sandybridge", NARROW},  {"Bulldozer", NARROW},
               {"Piledriver", NARROW},       {"Steamroller", NARROW},  {"Nehalem", NARROW},
               {"Prescott", NARROW},         {"Core2", NARROW},        {"Penryn", NARROW},
               {"Dunnington", NARROW},       {"Atom", NARROW},         {"Barcelona", NARROW},
               {"Bobcat", NARROW},           {"Opteron", NARROW},      {"Opteron_SSE3", NARROW},
               {"Athlon", NARROW},           {"Katmai", NARROW},       {"Coppermine", NARROW},
               {"Northwood", NARROW},        {"Banias", NARROW},       {"Nano", NARROW}};

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

static void check_forced(const doctor_facts *f, doctor_report *r)
{
    const doctor_variables *v = &f->variables;
    if (v->coretype) {
        doctor_warn(r, "blas", "OPENBLAS_CORETYPE=%s forces the kernel", v->coretype);
        doctor_fix(r, "`unset OPENBLAS_CORETYPE`");
    }
    if (v->l2_size) {
        doctor_warn(r, "blas", "OPENBLAS_L2_SIZE=%s changes the blocks of products, and with them speed and bits",
                    v->l2_size);
        doctor_fix(r, "`unset OPENBLAS_L2_SIZE`");
    }
}

/* Half the vector width is slow, less is a library that is not made for this processor. */
static bool check_width(const doctor_facts *f, const psw_machine *m, doctor_report *r)
{
    width has = width_of(m->blas_kernel), may = offered(m);
    if (has == UNKNOWN || has >= may) return false;
    (may == WIDE_512 && has == WIDE_256 ? doctor_warn : doctor_bad)(
        r, "blas", "kernel %s (%s) on a processor with %s, on %s", m->blas_kernel, vectors(has), vectors(may), m->host);
    if (f->variables.coretype)
        doctor_fix(r, "`unset OPENBLAS_CORETYPE`");
    else
        doctor_fix(r, "`cmake -DPOLYSWEEP_CBLAS=NAME ...` with a newer OpenBLAS, or one made with DYNAMIC_ARCH=1");
    return true;
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
        doctor_fix(r, "`sbatch --constraint=FEATURE ...` for nodes of one kind, or `export OPENBLAS_CORETYPE=Haswell` "
                      "for the same bits at lower speed");
        return;
    }
}

static void check_kernel(const doctor_facts *f, doctor_report *r)
{
    const psw_machine *here = &f->places[0].machine;
    check_forced(f, r);
    if (!here->blas_kernel[0]) {
        doctor_warn(r, "blas",
                    "this CBLAS does not say which kernel it uses: bits of different builds cannot be compared");
        doctor_fix(r, "`cmake -DPOLYSWEEP_CBLAS=openblas ...`");
        return;
    }
    bool below = false;
    for (int i = 0; i < f->ranks && !below; i++) below = check_width(f, &f->places[i].machine, r);
    if (!below) doctor_fine(r, "blas", "kernel %s", here->blas_kernel);
    doctor_fine(r, "blas", "%.*s", (int)strcspn(here->blas_config, ";"), here->blas_config);
    check_same(f, r);
}

/* ---- threads ---- */

static void check_threads(const doctor_facts *f, doctor_report *r)
{
    const psw_machine *m = &f->places[0].machine;
    if (m->blas_threads == 0) {
        doctor_fine(r, "threads", "the number that this BLAS starts is unknown; polysweep uses %d a rank", f->threads);
    } else if (m->blas_threads > f->threads) {
        doctor_warn(r, "threads", "BLAS starts %d threads a rank (OPENBLAS_NUM_THREADS %s), polysweep uses %d of them",
                    m->blas_threads, f->variables.blas_threads ? f->variables.blas_threads : "not set", f->threads);
        doctor_fix(r, "`export OPENBLAS_NUM_THREADS=%d OMP_NUM_THREADS=%d`", f->threads, f->threads);
    } else if (f->threads > 1 && m->blas_parallel == 0) {
        doctor_warn(r, "threads", "run.threads=%d, but this BLAS is made for one thread", f->threads);
        doctor_fix(r, "`--set run.threads=1` and more ranks, or link a BLAS with threads");
    } else {
        doctor_fine(r, "threads", "%d a rank (run.threads), BLAS started with %d", f->threads, m->blas_threads);
    }
}

/* ---- the build ---- */

static void check_tiles(const doctor_facts *f, doctor_report *r)
{
    const char *tiles = f->build.tiles;
    bool own = strncmp(tiles, "BLAS", 4) != 0, wide = strstr(tiles, "AVX-512") || strstr(tiles, "AVX2");
    const psw_machine *m = &f->places[0].machine;
    if (m->avx2 && !wide) {
        doctor_warn(r, "build", "built without the vector instructions of this processor (%s; %s)", vectors(offered(m)),
                    tiles);
        doctor_fix(r, "`cmake --preset default && cmake --build --preset default`%s",
                   own ? ", or, where one build serves many processors, `cmake --preset cluster ...`"
                       : ", unless one build has to serve many processors");
    } else if (m->avx512 && own && !strstr(tiles, "AVX-512")) {
        doctor_warn(r, "build", "built for AVX2 (%s) on a processor with AVX-512", tiles);
        doctor_fix(r, "`cmake --preset default && cmake --build --preset default` on a node like this one");
    } else {
        doctor_fine(r, "build", "tiles: %s", tiles);
    }
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
}

/* ---- the processor ---- */

static void check_machine(const doctor_facts *f, doctor_report *r)
{
    const doctor_place *here = &f->places[0];
    char all[PSW_TEXT], each[PSW_TEXT];
    doctor_fine(r, "cpu", "%s, %s", here->machine.cpu[0] ? here->machine.cpu : "name unknown",
                vectors(offered(&here->machine)));
    psw_format_bytes(here->machine.memory_bytes, all);
    psw_format_bytes(here->machine.memory_bytes / here->node_size, each);
    if (here->machine.memory_bytes > 0)
        doctor_fine(r, "memory", "%s on this node, %s for each of its ranks", all, each);
    else
        doctor_fine(r, "memory", "unknown; `--set run.memory_per_rank=4Gi` sets what a rank may use");
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
    check_build(f, r);
    check_tiles(f, r);
    check_kernel(f, r);
    check_threads(f, r);
}
