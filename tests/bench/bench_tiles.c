/* bench_tiles_fp64_avx2, ... [n rounds most_d row]: where the time of exact attention goes, on one core. In
 * every round, in turns: the peak of fused multiply-adds (a loop in registers), BLAS's own 1024^3, products of tiles as
 * attention has them, whole passes at beta 4 (full, causal), and eleven degrees over both data sets, in one group and
 * one by one; or one row of the table alone, for a profile. Not a test: it prints medians, for a person to judge. Times
 * are of the processor, not of the wall, so that a busy machine disturbs less. */
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include "polysweep/lanes.h"
#include "polysweep/stats.h"
#include "polysweep/tile.h"
#include "unit/attend_source.h"

void psw_threads_set(int threads); /* polysweep/measure.h, which does not go with tile.h: both name a psw_part */

enum { MOST = 101, SIDE = 1024, STRIP = 96, LEAF = 512, CHAINS = 12, DEGREES = 11, LONGEST = 128 };

static double processor_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- what is measured: flops a second, or seconds ---- */

static psw_real *left, *right, *out, *packed; /* SIDE x SIDE each */
static volatile double sink;

static double peak_rate(ptrdiff_t unused)
{
    enum { TURNS = 1 << 20 };
    psw_lanes acc[CHAINS], one = acc[0] = (psw_lanes){0} + 1;
    psw_real x = left[SIDE + 1];
    (void)unused;
    for (int i = 0; i < CHAINS; i++) acc[i] = one * (psw_real)i;
    double start = processor_s();
    for (int t = 0; t < TURNS; t++)
#pragma GCC unroll 12
        for (int i = 0; i < CHAINS; i++) acc[i] = psw_lanes_fma(x, acc[i], one);
    double seconds = processor_s() - start;
    for (int i = 0; i < CHAINS; i++) sink = (double)acc[i][0];
    return 2.0 * CHAINS * (double)PSW_LANES * TURNS / seconds;
}

static double blas_rate(ptrdiff_t unused)
{
    double start = processor_s();
    (void)unused;
    psw_product_nn(psw_read(psw_rows_of(left, SIDE, SIDE)), psw_read(psw_rows_of(right, SIDE, SIDE)),
                   psw_rows_of(out, SIDE, SIDE));
    return 2.0 * SIDE * SIDE * SIDE / (processor_s() - start);
}

/* Of a strip: rows x inner times inner x cols, again and again. */
static double tile_rate(ptrdiff_t inner, ptrdiff_t cols, bool peaks)
{
    double peak[STRIP];
    int turns = (int)(4e8 / (double)(STRIP * inner * cols));
    psw_panels b = {packed, inner, cols};
    psw_panels_pack((psw_const_rows){right, inner, cols, SIDE}, b);
    double start = processor_s();
    for (int t = 0; t < turns; t++) {
        psw_const_rows a = {left, STRIP, inner, psw_stride(inner)};
        psw_rows c = {out, STRIP, cols, psw_stride(cols)};
        if (peaks)
            psw_panels_product_peaks(a, b, c, PSW_PEAK_MAGNITUDE, peak);
        else
            psw_panels_product(a, b, c);
    }
    return 2.0 * (double)(STRIP * inner * cols) * turns / (processor_s() - start);
}

static double scores_rate(ptrdiff_t d)
{
    return tile_rate(d, LEAF, false);
}

static double peaks_rate(ptrdiff_t d)
{
    return tile_rate(d, LEAF, true);
}

static double values_rate(ptrdiff_t d)
{
    return tile_rate(LEAF, d, false);
}

static psw_status drop(void *context, const psw_leaf *leaf)
{
    return context == NULL && leaf ? PSW_OK : PSW_BUG;
}

static psw_precision precision(void)
{
    return sizeof(psw_real) == 4 ? PSW_FP32 : PSW_FP64;
}

/* Seconds of one pass over `sets` data sets. */
static double pass_s(const psw_point *points, ptrdiff_t count, int sets)
{
    psw_group group = {points, count};
    psw_given given = {.sets = sets};
    const psw_engine *engine = psw_engine_of(precision());
    psw_arena arena;
    psw_attention *attention;
    if (psw_arena_create(engine->bytes(&group, NULL), &arena) != PSW_OK) return NAN;
    if (engine->prepare(&group, &given, &arena, &attention) != PSW_OK) return NAN;
    double start = processor_s();
    psw_status status = engine->pass(attention, (psw_watch){NULL, NULL}, drop, NULL);
    double seconds = processor_s() - start;
    engine->release(attention);
    psw_arena_destroy(&arena);
    return status == PSW_OK ? seconds : NAN;
}

static void shape(ptrdiff_t d)
{
    if (source.d != d) source_make(1, source.n, d, d, source.n / 2, false, false);
}

static double attend_rate(ptrdiff_t d, psw_mask mask)
{
    shape(d);
    psw_point p = point_of(PSW_EXACT, 4, mask, precision(), LEAF);
    double operations = 4 * (double)p.n * (double)p.n * (double)d;
    return operations * (mask == PSW_CAUSAL ? 0.5 : 1) / pass_s(&p, 1, 1);
}

static double full_rate(ptrdiff_t d)
{
    return attend_rate(d, PSW_FULL);
}

static double causal_rate(ptrdiff_t d)
{
    return attend_rate(d, PSW_CAUSAL);
}

/* Seconds of the degrees 2 .. 12 in one group over those of one by one. */
static double group_ratio(ptrdiff_t d)
{
    psw_point points[DEGREES];
    double alone = 0;
    shape(d);
    for (int i = 0; i < DEGREES; i++) points[i] = point_of(PSW_EXACT, 2 + i, PSW_FULL, precision(), LEAF);
    double together = pass_s(points, DEGREES, 2);
    for (int i = 0; i < DEGREES; i++) alone += pass_s(points + i, 1, 2);
    return together / alone;
}

/* ---- the table ---- */

static const struct {
    const char *what;
    double (*measure)(ptrdiff_t d);
    ptrdiff_t d;
    bool ratio; /* a number without unit; else flops a second */
} rows[] = {
    {"FMA peak, in registers", peak_rate, 0, false},     {"BLAS 1024^3", blas_rate, 0, false},
    {"scores of a tile", scores_rate, 64, false},        {"scores and their peaks", peaks_rate, 64, false},
    {"weights times values", values_rate, 64, false},    {"exact beta 4, full", full_rate, 64, false},
    {"exact beta 4, causal", causal_rate, 64, false},    {"scores of a tile", scores_rate, 128, false},
    {"scores and their peaks", peaks_rate, 128, false},  {"weights times values", values_rate, 128, false},
    {"exact beta 4, full", full_rate, 128, false},       {"exact beta 4, causal", causal_rate, 128, false},
    {"11 degrees over 11 alone", group_ratio, 64, true}, {"11 degrees over 11 alone", group_ratio, 128, true},
};
enum { ROWS = sizeof rows / sizeof *rows };

static void fill(void)
{
    psw_real **all[] = {&left, &right, &out, &packed};
    for (int m = 0; m < 4; m++) {
        psw_real *at = *all[m] = aligned_alloc(64, sizeof(psw_real) * SIDE * SIDE);
        for (ptrdiff_t i = 0; at && i < SIDE * SIDE; i++) at[i] = (psw_real)(i % 97) / 97;
    }
}

/* In every round each row once; only: one row, -1: all. */
static void measure(double seen[ROWS][MOST], int rounds, ptrdiff_t most, long only)
{
    for (int r = -1; r < rounds; r++) /* the first warms up */
        for (int i = 0; i < ROWS; i++) {
            bool wanted = only < 0 ? rows[i].d <= most && (r >= 0 || i < 4) : i == only;
            double value = wanted ? rows[i].measure(rows[i].d) : NAN;
            if (r >= 0) seen[i][r] = value;
        }
}

static void print(double seen[ROWS][MOST], int rounds, ptrdiff_t most)
{
    double over[2][MOST];
    for (int i = 0; i < ROWS; i++) {
        if (rows[i].d > most) continue;
        for (int r = 0; r < rounds; r++) over[0][r] = seen[i][r] / seen[0][r], over[1][r] = seen[i][r] / seen[1][r];
        printf("%-26s d %3td  ", rows[i].what, rows[i].d);
        if (rows[i].ratio)
            printf("%42.3f\n", psw_quantile(seen[i], rounds, 0.5));
        else
            printf("%9.1f  %9.1f  %8.3f  %10.3f\n", psw_quantile(seen[i], rounds, 1) * 1e-9,
                   psw_quantile(seen[i], rounds, 0.5) * 1e-9, psw_quantile(over[0], rounds, 0.5),
                   psw_quantile(over[1], rounds, 0.5));
    }
}

int main(int argc, char **argv)
{
    static double seen[ROWS][MOST];
    ptrdiff_t n = argc > 1 ? strtol(argv[1], NULL, 10) : 8192, most = argc > 3 ? strtol(argv[3], NULL, 10) : LONGEST;
    int rounds = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 5;
    long only = argc > 4 ? strtol(argv[4], NULL, 10) : -1;
    if (rounds < 1 || rounds > MOST) rounds = 5;
#define WORD_OF(target) #target
#define WORD(target) WORD_OF(target)
    setenv("POLYSWEEP_TARGET", WORD(PSW_TARGET), 1);
    psw_threads_set(1);
    fill();
    source_make(1, n, 64, 64, n / 2, false, false);
    measure(seen, rounds, most, only);
    printf("%s, n %td, block %d, one core, %s; medians of %d\n", psw_engine_of(precision())->name, n, LEAF,
           psw_tile_backend(), rounds);
    printf("%-33s %9s  %9s  %8s  %10s\n", "1e9 flop/s", "best", "median", "of peak", "of 1024^3");
    print(seen, rounds, most);
    source_free();
    return 0;
}
