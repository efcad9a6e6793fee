/* A team of 2, 3, 4, 5, 8, 16 ranks against one rank: bit for bit for row folds, in every layout and pattern; to the
 * promised tolerance for sketches, in every layout; ragged lengths, more ranks than leaves, two passes. */
#include "team.h"

/* What the result file promises for sums over keys of state folds. */
static const double promised[] = {[PSW_FP64] = 1e-12, [PSW_FP32] = 5e-6};

static const int sizes[] = {2, 3, 4, 5, 8, 16};
enum { SIZES = sizeof sizes / sizeof *sizes };

static const char *describe(const psw_point *p, psw_choice c, int size)
{
    static char text[256];
    psw_format(text, sizeof text,
               "method %d beta %g mask %d precision %d n %td block %td local %td, layout %d pattern %d, %d ranks",
               (int)p->method, p->beta, (int)p->mask, (int)p->precision, p->n, p->block, p->local, c.layout, c.pattern,
               size);
    return text;
}

static bool same(const void *a, const void *b, size_t bytes)
{
    return memcmp(a, b, bytes) == 0;
}

static void same_bits(const result *a, const result *b, const char *what)
{
    size_t rows = (size_t)(a->points * a->sets * a->n);
    CHECK(same(a->bits, b->bits, rows * (size_t)a->v * a->real_bytes), "%s: rows", what);
    CHECK(same(a->special, b->special, rows * sizeof(double)), "%s: masses", what);
    CHECK(same(a->log2_den, b->log2_den, rows * sizeof(double)), "%s: denominators", what);
}

static void against_one(const psw_point *points, ptrdiff_t count, psw_choice choice, int size, const result *alone)
{
    team t;
    result r;
    for (int pass = 0; pass < 2; pass++) {
        psw_status status = team_open(&t, points, count, source.sets, choice, size);
        if (status == PSW_OK && pass == 1) { /* the second pass of an attention has the bits of the first */
            status = team_run(&t, 1, &r);
            result_free(&r);
        }
        if (status == PSW_OK) status = team_run(&t, pass == 0 ? 3 : 1000, &r);
        CHECK(status == PSW_OK, "%s: %s", describe(points, choice, size), psw_message());
        if (status == PSW_OK) same_bits(alone, &r, describe(points, choice, size));
        if (status == PSW_OK) result_free(&r);
        team_close(&t);
    }
}

static void row_folds(ptrdiff_t n, ptrdiff_t block, ptrdiff_t special, bool shared, psw_precision precision,
                      psw_mask mask)
{
    psw_point points[3];
    result alone;
    source_make((uint64_t)(7 * n + block), n, 6, shared ? 6 : 5, special, shared, false);
    source_fine();
    for (int kind = 0; kind < 3; kind++) {
        ptrdiff_t count = kind == 0 ? 3 : 1;
        for (ptrdiff_t i = 0; i < count; i++)
            points[i] = point_of(kind == 0   ? PSW_EXACT
                                 : kind == 1 ? PSW_SOFTMAX
                                             : PSW_LINEAR,
                                 kind > 0 ? NAN : (double)(4 * i + 3), mask, precision, block);
        CHECK(run_group(points, count, &alone) == PSW_OK, "%s", psw_message());
        for (int s = 0; s < SIZES; s++)
            for (int layout = 0; layout < PSW_LAYOUTS; layout++)
                for (int pattern = 0; pattern < PSW_PATTERNS; pattern++)
                    against_one(points, count, (psw_choice){layout, pattern, -1, 0}, sizes[s], &alone);
        result_free(&alone);
    }
}

/* ---- sketches ---- */

static double largest(const double *x, ptrdiff_t count)
{
    double most = 0;
    for (ptrdiff_t i = 0; i < count; i++) most = fmax(most, fabs(x[i]));
    return most;
}

static double worst[2]; /* by precision */

/* Relative to the largest entry. */
static void near(const double *a, const double *b, ptrdiff_t count, psw_precision precision, const char *what)
{
    double unit = largest(a, count), off = 0;
    for (ptrdiff_t i = 0; i < count; i++) off = fmax(off, a[i] == b[i] ? 0 : fabs(a[i] - b[i]));
    CHECK(off <= promised[precision] * unit, "%s: off by %g of %g", what, off, unit);
    if (unit > 0) worst[precision] = fmax(worst[precision], off / unit);
}

static void sketch_against_one(const psw_point *p, psw_choice choice, int size, const result *alone)
{
    team t;
    result r;
    const char *what = describe(p, choice, size);
    ptrdiff_t rows = alone->sets * alone->n;
    psw_status status = team_open(&t, p, 1, source.sets, choice, size);
    for (int pass = 0; pass < 2 && status == PSW_OK; pass++) {
        status = team_run(&t, pass == 0 ? 0 : pass + size % 3, &r);
        if (status != PSW_OK) break;
        near(alone->rows, r.rows, rows * alone->v, p->precision, what);
        near(alone->special, r.special, rows, p->precision, what);
        CHECK(r.leaves == (p->n + p->block - 1) / p->block || p->block > p->n, "%s: %td leaves", what, r.leaves);
        result_free(&r);
    }
    CHECK(status == PSW_OK, "%s: %s", what, psw_message());
    team_close(&t);
}

static const struct {
    psw_method method;
    double beta;
    ptrdiff_t r;
    psw_leaves_kind leaves;
    int is_complex;
    double epsilon;
} maps[] = {{PSW_POLYSKETCH, 4, 6, 0, 0, 0},
            {PSW_POLYSKETCH, 2, 0, 0, 0, 0},
            {PSW_MONOMIAL, 3, 0, 0, 0, 0},
            {PSW_TREE, 4, 9, 0, 0, 0},
            {PSW_MACLAURIN, 2, 9, 0, 0, 0},
            {PSW_TENSORSKETCH, 3, 8, 0, 0, 0},
            {PSW_SRHT, 2, 7, 0, 0, 0},
            {PSW_FAVOR, NAN, 12, 0, 0, 0},
            {PSW_FAVOR, NAN, 12, 0, 0, 1e-2},
            {PSW_POLYSKETCH, 6, 5, PSW_LEAVES_COUNT, 0, 0},
            {PSW_TREE, 3, 9, PSW_LEAVES_SRHT, 0, 0},
            {PSW_MACLAURIN, 3, 5, 0, 1, 0},
            {PSW_TENSORSKETCH, 2, 5, 0, 1, 0},
            {PSW_ELU1, NAN, 0, 0, 0, 0},
            {PSW_RELU, NAN, 0, 0, 0, 0},
            {PSW_TAYLOR, NAN, 0, 0, 0, 0}};
enum { MAPS = sizeof maps / sizeof maps[0] };

static void sketches(ptrdiff_t n, ptrdiff_t block, ptrdiff_t special, bool shared, psw_precision precision,
                     psw_mask mask, ptrdiff_t local)
{
    source_make((uint64_t)(5 * n + block), n, 6, shared ? 6 : 5, special, shared, true);
    for (int m = 0; m < MAPS; m++) {
        result alone;
        psw_point p = point_of(maps[m].method, maps[m].beta, mask, precision, block);
        if (isnan(maps[m].beta) && (local > 0 || (special >= 0 && maps[m].epsilon > 0))) continue;
        p.r = maps[m].r, p.leaves = maps[m].leaves, p.is_complex = maps[m].is_complex, p.epsilon = maps[m].epsilon;
        p.draws = 1;
        p.local = local;
        p.order = 3, p.by = PSW_BY_FEATURES; /* of a partial sum */
        p.den_constant = 1e3; /* signed estimates: off zero, where rows would be quotients of rounding errors */
        CHECK(run_group(&p, 1, &alone) == PSW_OK, "%s", psw_message());
        for (int s = 0; s < SIZES; s++)
            for (int layout = 0; layout < PSW_LAYOUTS; layout++)
                sketch_against_one(&p, (psw_choice){layout, -1, -1, 0}, sizes[s], &alone);
        result_free(&alone);
    }
}

/* ---- memory ---- */

/* What the rank that needs most needs falls as 1/g, in a grid as its root; on a ring but for sums that wait between
 * steps, up to log2 g for each row. */
static void memory(psw_method method, psw_mask mask, int pattern)
{
    source_make(3, 64, 8, 8, -1, false, false);
    psw_point p = point_of(method, 4, mask, PSW_FP64, 512);
    p.n = 1 << 17, p.d = p.v = 64, p.r = 16, p.draws = 1;
    psw_group group = {&p, 1};
    double alone = (double)psw_engine_of(p.precision)->bytes(&group, NULL);
    fprintf(stderr, "method %d mask %d pattern %d: %.1f MiB alone;", (int)method, (int)mask, pattern, alone / 1048576);
    for (int size = 2; size <= 32; size *= 2) {
        double most = 0;
        for (int rank = 0; rank < size; rank++) {
            psw_route route = psw_attend_route(&p, (psw_choice){-1, pattern, -1, 0}, size, rank);
            most = fmax(most, (double)psw_engine_of(p.precision)->bytes(&group, &route));
        }
        fprintf(stderr, " %d: %.1f", size, most / 1048576);
        /* the tile, the leaf at hand and its trees, or a few states are everybody's: 12 MiB here; mapped keys and a
         * state for each block, which only a team keeps, are a fifth of a sketch's rows here */
        double waiting = pattern == PSW_STREAM ? 1.02 : psw_attend_kind(&p) == PSW_STATE_FOLD ? 1.2 : 2 + log2(size);
        if (pattern == PSW_GRID) waiting = 1.6 * sqrt(size) + log2(size);
        CHECK(most < alone * waiting / size + (12 << 20), "method %d: %g bytes on %d ranks", (int)method, most, size);
    }
    fprintf(stderr, "\n");
}

int main(void)
{
    for (int precision = 0; precision < 2; precision++)
        for (int mask = 0; mask < 2; mask++) {
            row_folds(333, 40, 170, true, (psw_precision)precision, (psw_mask)mask);
            row_folds(97, 97, -1, false, (psw_precision)precision, (psw_mask)mask);
            row_folds(130, 13, 129, false, (psw_precision)precision, (psw_mask)mask);
            sketches(250, 32, 100, true, (psw_precision)precision, (psw_mask)mask, 0);
            sketches(71, 16, -1, false, (psw_precision)precision, (psw_mask)mask, 0);
            sketches(65, 65, 64, false, (psw_precision)precision, (psw_mask)mask, 0);
        }
    for (int precision = 0; precision < 2; precision++) {
        sketches(250, 32, 200, true, (psw_precision)precision, PSW_CAUSAL, 32);
        sketches(330, 16, 70, false, (psw_precision)precision, PSW_CAUSAL, 48);
    }
    fprintf(stderr, "sketches of teams off by %.2g (fp64) and %.2g (fp32) of the largest entry\n", worst[0], worst[1]);
    for (int mask = 0; mask < 2; mask++) {
        memory(PSW_EXACT, (psw_mask)mask, PSW_RING);
        memory(PSW_EXACT, (psw_mask)mask, PSW_STREAM);
        memory(PSW_EXACT, (psw_mask)mask, PSW_GRID);
        memory(PSW_POLYSKETCH, (psw_mask)mask, -1);
    }
    source_free();
    return test_end();
}
