/* What psw_attend_done_flops says a pass does is what it does: products are counted as they are made. The linker puts
 * counters in front of products and lifts (tests/attend.cmake); they call the real ones. Compiled for both precisions.
 */
#include "polysweep/tile.h"

#include "attend/work.h"
#include "check.h"
#include "polysweep/sketch.h"
#include "unit/attend_source.h"

#define WRAPPED(name) PSW_PRECISION_NAME(__wrap_##name)
#define REAL(name) PSW_PRECISION_NAME(__real_##name)
#ifdef PSW_SINGLE
#define GEMM(prefix) prefix##cblas_sgemm
#define PRECISION PSW_FP32
#else
#define GEMM(prefix) prefix##cblas_dgemm
#define PRECISION PSW_FP64
#endif

/* ---- counters ---- */

static struct {
    double tiles, maps; /* operations of products of tiles, and of those of maps and of BLAS outside of them */
    double lifted;      /* rows */
    bool mapping, inside;
} counted;

void REAL(sketch_times_table)(psw_const_rows x, psw_panels table, psw_rows out);
void WRAPPED(sketch_times_table)(psw_const_rows x, psw_panels table, psw_rows out);
void WRAPPED(sketch_times_table)(psw_const_rows x, psw_panels table, psw_rows out)
{
    counted.mapping = true;
    REAL(sketch_times_table)(x, table, out);
    counted.mapping = false;
}

void REAL(psw_panels_product)(psw_const_rows a, psw_panels b, psw_rows c);
void WRAPPED(psw_panels_product)(psw_const_rows a, psw_panels b, psw_rows c);
void WRAPPED(psw_panels_product)(psw_const_rows a, psw_panels b, psw_rows c)
{
    *(counted.mapping ? &counted.maps : &counted.tiles) += 2 * (double)a.rows * (double)a.cols * (double)c.cols;
    counted.inside = true;
    REAL(psw_panels_product)(a, b, c);
    counted.inside = false;
}

void REAL(psw_panels_product_peaks)(psw_const_rows a, psw_panels b, psw_rows c, psw_peak_order order, double *peak);
void WRAPPED(psw_panels_product_peaks)(psw_const_rows a, psw_panels b, psw_rows c, psw_peak_order order, double *peak);
void WRAPPED(psw_panels_product_peaks)(psw_const_rows a, psw_panels b, psw_rows c, psw_peak_order order, double *peak)
{
    counted.tiles += 2 * (double)a.rows * (double)a.cols * (double)c.cols;
    counted.inside = true;
    REAL(psw_panels_product_peaks)(a, b, c, order, peak);
    counted.inside = false;
}

/* Enumerations have another name in each CBLAS, and are passed as int. */
void GEMM(__real_)(int order, int turn_a, int turn_b, int m, int n, int k, psw_real alpha, const psw_real *a, int lda,
                   const psw_real *b, int ldb, psw_real beta, psw_real *c, int ldc);
void GEMM(__wrap_)(int order, int turn_a, int turn_b, int m, int n, int k, psw_real alpha, const psw_real *a, int lda,
                   const psw_real *b, int ldb, psw_real beta, psw_real *c, int ldc);
void GEMM(__wrap_)(int order, int turn_a, int turn_b, int m, int n, int k, psw_real alpha, const psw_real *a, int lda,
                   const psw_real *b, int ldb, psw_real beta, psw_real *c, int ldc)
{
    if (!counted.inside) counted.maps += 2 * (double)m * (double)n * (double)k;
    GEMM(__real_)(order, turn_a, turn_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}

void REAL(sketch_squares)(psw_const_rows m, psw_rows phi);
void WRAPPED(sketch_squares)(psw_const_rows m, psw_rows phi);
void WRAPPED(sketch_squares)(psw_const_rows m, psw_rows phi)
{
    counted.lifted += (double)m.rows;
    REAL(sketch_squares)(m, phi);
}

void REAL(sketch_squares_transposed)(psw_const_rows m, psw_rows phi);
void WRAPPED(sketch_squares_transposed)(psw_const_rows m, psw_rows phi);
void WRAPPED(sketch_squares_transposed)(psw_const_rows m, psw_rows phi)
{
    counted.lifted += (double)m.cols;
    REAL(sketch_squares_transposed)(m, phi);
}

static void count(const psw_point *points, ptrdiff_t number, int sets)
{
    result r;
    counted.tiles = counted.maps = counted.lifted = 0;
    CHECK(run_sets(points, number, sets, &r) == PSW_OK, "%s", psw_message());
    result_free(&r);
}

/* Width of the rows; a point has `queries: distinct`, as if they were in d - 2 classes, or all. */
static ptrdiff_t width;
static psw_queries queries;

static psw_point asked(psw_point p)
{
    p.queries = queries;
    if (queries == PSW_QUERIES_DISTINCT) p.data_kind = PSW_SELF_ATTENTION;
    return p;
}

/* ---- row folds ---- */

static void rows(ptrdiff_t n, ptrdiff_t block, ptrdiff_t special, psw_mask mask)
{
    static const double degrees[] = {4, 7, 2.5};
    psw_point points[3];
    source_make(1, n, width, 6, special, false, false);
    for (int i = 0; i < 3; i++) points[i] = asked(point_of(PSW_EXACT, degrees[i], mask, PRECISION, block));
    for (int sets = 1; sets <= source.sets; sets++)
        for (ptrdiff_t number = 1; number <= 3; number += 2) {
            double said = psw_attend_done_flops(&(psw_group){points, number}, sets);
            count(points, number, sets);
            CHECK(counted.tiles == said && counted.maps == 0,
                  "n %td block %td j3 %td mask %d, %td points, %d sets: %g, not %g", n, block, special, (int)mask,
                  number, sets, counted.tiles, said);
        }
    count(points, 1, 1);
    CHECK(counted.tiles == psw_attend_work(points).flops, "one data set: %g", counted.tiles);
}

/* Methods that see some keys of a row, look at it twice, or do not look at its scores. */
static void others(ptrdiff_t n, ptrdiff_t block, ptrdiff_t special, psw_mask mask)
{
    source_make(4, n, width, 6, special, false, false);
    psw_point points[] = {
        point_of(PSW_UNIFORM, NAN, mask, PRECISION, block), point_of(PSW_TOPK, NAN, mask, PRECISION, block),
        point_of(PSW_WINDOW, NAN, mask, PRECISION, block), point_of(PSW_WINDOW, NAN, mask, PRECISION, block),
        point_of(PSW_TAYLOR, NAN, mask, PRECISION, block)};
    points[1].keep = 7, points[2].local = 1, points[2].sinks = 70, points[3].local = block + 30, points[4].order = 3;
    for (size_t i = 0; i < sizeof points / sizeof *points; i++)
        for (int sets = 1; sets <= source.sets; sets++) {
            points[i] = asked(points[i]);
            if (queries == PSW_QUERIES_DISTINCT && !psw_attend_repeats(&points[i])) continue;
            double said = psw_attend_done_flops(&(psw_group){points + i, 1}, sets);
            count(points + i, 1, sets);
            CHECK(counted.tiles == said, "method %d n %td block %td j3 %td mask %d, %d sets: %g, not %g",
                  (int)points[i].method, n, block, special, (int)mask, sets, counted.tiles, said);
            if (sets == 1) CHECK(said == psw_attend_work(points + i).flops, "method %d", (int)points[i].method);
        }
}

/* Of one leaf D_1 takes all products with values again, and next to none with keys: 6 n^2 d where twice a pass would be
 * 8 n^2 d. Of two leaves and j3 = 0 half of those with values, and one strip of the other half. */
static void second_set(void)
{
    source_make(2, 512, 64, 64, 0, true, false);
    psw_point p = point_of(PSW_EXACT, 4, PSW_FULL, PRECISION, 512);
    double once = psw_attend_work(&p).flops;
    CHECK_NEAR(psw_attend_done_flops(&(psw_group){&p, 1}, 2) / once, 1.5, 0.01); /* row and column j3: 1025 / 2^19 */
    source_make(2, 1024, 64, 64, 0, true, false);
    p = point_of(PSW_EXACT, 4, PSW_FULL, PRECISION, 512);
    once = psw_attend_work(&p).flops;
    CHECK_NEAR(psw_attend_done_flops(&(psw_group){&p, 1}, 2) / once, 1 + (0.5 + (double)PSW_STRIP / 2048) / 2, 0.001);
}

/* ---- sketches ---- */

/* Rows that are mapped and lifted depend on no method; of a polysketch both can be counted. */
static void other_maps(psw_point p, int sets, double mapped, double lifted)
{
    static const struct {
        psw_method method;
        double beta;
    } maps[] = {{PSW_TREE, 3},    {PSW_TENSORSKETCH, 3}, {PSW_SRHT, 2},   {PSW_MACLAURIN, 3}, {PSW_MONOMIAL, 2},
                {PSW_FAVOR, NAN}, {PSW_ELU1, NAN},       {PSW_RELU, NAN}, {PSW_TAYLOR, NAN}};
    p.order = 2, p.by = PSW_BY_FEATURES; /* of a partial sum */
    for (size_t i = 0; i < sizeof maps / sizeof maps[0]; i++) {
        if (p.local > 0 && !psw_kernel_known(psw_method_facts_of(maps[i].method)->kernel)) continue;
        p.method = maps[i].method, p.beta = maps[i].beta, p.r = p.method == PSW_MONOMIAL ? 0 : 8;
        psw_sketch_shape shape = psw_sketch_shape_of(&p);
        double lift = shape.weigh == PSW_WEIGH_IDENTITY ? 0 : shape.lift_flops * lifted;
        double said = psw_attend_done_flops(&(psw_group){&p, 1}, sets);
        count(&p, 1, sets);
        CHECK_NEAR((counted.tiles + shape.flops * mapped + lift) / said, 1.0,
                   1e-14); /* sums of whole numbers, but FFTs */
        CHECK(counted.maps <= shape.flops * mapped, "method %d: %g operations of maps", (int)p.method, counted.maps);
    }
}

static void sketches(ptrdiff_t n, ptrdiff_t block, ptrdiff_t local, ptrdiff_t special, psw_mask mask, bool shared)
{
    source_make(3, n, width, 6, special, shared, false);
    psw_point p = asked(point_of(PSW_POLYSKETCH, 4, mask, PRECISION, block));
    p.local = local, p.r = 8, p.draws = 1, p.den_constant = 1e3; /* signed estimates: off zero */
    psw_sketch_shape shape = psw_sketch_shape_of(&p);
    for (int sets = 1; sets <= source.sets; sets++) {
        double said = psw_attend_done_flops(&(psw_group){&p, 1}, sets);
        count(&p, 1, sets);
        double each = 2.0 * (double)width * 16; /* d x 2 r, the leaves of degree 2 */
        double mapped = counted.maps / each, lifted = counted.lifted;
        double done = counted.tiles + mapped * shape.flops + lifted * shape.lift_flops;
        CHECK(done == said, "n %td block %td local %td j3 %td mask %d shared %d, %d sets: %g, not %g", n, block, local,
              special, (int)mask, shared, sets, done, said);
        other_maps(p, sets, mapped, lifted);
    }
}

/* Four products a set, by BLAS. */
static void landmarks(ptrdiff_t n, ptrdiff_t block, ptrdiff_t special)
{
    source_make(4, n, 9, 6, special, false, true);
    psw_point p = point_of(PSW_NYSTROM, NAN, PSW_FULL, PRECISION, block);
    p.landmarks = 7;
    for (int sets = 1; sets <= source.sets; sets++) {
        double said = psw_attend_done_flops(&(psw_group){&p, 1}, sets);
        count(&p, 1, sets);
        CHECK(counted.maps == said && counted.tiles == 0, "n %td block %td, %d sets: %g, not %g", n, block, sets,
              counted.maps, said);
        CHECK(sets > 1 || (psw_attend_work(&p).flops > said), "the matrix of landmarks takes something too");
    }
}

/* Few queries, in one leaf or parted by two. */
static void distinct(void)
{
    const ptrdiff_t places[] = {0, 3, 199, 200, 300, 699};
    queries = PSW_QUERIES_DISTINCT;
    for (int i = 0; i < 6 * 2; i++) {
        width = i % 2 ? 9 : 140;
        rows(700, 200, places[i / 2], PSW_FULL);
        rows(700, 512, places[i / 2], PSW_FULL);
        others(700, 200, places[i / 2], PSW_FULL);
        width = i % 2 ? 6 : 40;
        sketches(700, 100, 0, places[i / 2], PSW_FULL, false);
        sketches(700, 512, 0, places[i / 2], PSW_FULL, false);
    }
    queries = PSW_QUERIES_ALL;
}

int main(void)
{
    landmarks(100, 32, -1);
    landmarks(100, 200, 40);
    distinct();
    static const ptrdiff_t lengths[] = {512, 1024, 700};
    for (int i = 0; i < 3; i++)
        for (int mask = 0; mask < 2; mask++) {
            ptrdiff_t n = lengths[i], places[] = {-1, 0, 300, n - 1};
            for (int j = 0; j < 4; j++) {
                width = 9;
                rows(n, 512, places[j], (psw_mask)mask);
                rows(n, 200, places[j], (psw_mask)mask);
                others(n, 512, places[j], (psw_mask)mask);
                others(n, 200, places[j], (psw_mask)mask);
                width = 6;
                for (int shared = 0; shared < 2; shared++) {
                    sketches(n, 256, 0, places[j], (psw_mask)mask, shared);
                    sketches(n, 100, 0, places[j], (psw_mask)mask, shared);
                    if (mask == PSW_CAUSAL) sketches(n, 64, 64, places[j], PSW_CAUSAL, shared);
                    if (mask == PSW_CAUSAL) sketches(n, 64, 192, places[j], PSW_CAUSAL, shared);
                }
            }
        }
    second_set();
    source_free();
    return test_end();
}
