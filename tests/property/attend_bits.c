/* What may not change a bit, what may not change anything but rounding, and what must be refused. */
#include "attend/work.h"
#include "check.h"
#include "unit/attend_source.h"

static bool same_bits(const result *a, ptrdiff_t pa, const result *b, ptrdiff_t pb, int set, ptrdiff_t rows)
{
    size_t width = (size_t)a->v * a->real_bytes;
    size_t from = (size_t)((pa * a->sets + set) * a->n), to = (size_t)((pb * b->sets + set) * b->n);
    return memcmp((char *)a->bits + from * width, (char *)b->bits + to * width, (size_t)rows * width) == 0 &&
           memcmp(a->special + from, b->special + to, (size_t)rows * sizeof(double)) == 0 &&
           memcmp(a->log2_den + from, b->log2_den + to, (size_t)rows * sizeof(double)) == 0;
}

static bool same_bits_of_sets(const result *a, int set_a, const result *b, int set_b)
{
    size_t rows = (size_t)a->n, width = (size_t)a->v * a->real_bytes, from = (size_t)set_a * rows,
           to = (size_t)set_b * rows;
    return memcmp((char *)a->bits + from * width, (char *)b->bits + to * width, rows * width) == 0 &&
           memcmp(a->special + from, b->special + to, rows * sizeof(double)) == 0 &&
           memcmp(a->log2_den + from, b->log2_den + to, rows * sizeof(double)) == 0;
}

static double distance(const result *a, const result *b)
{
    double off = 0;
    for (ptrdiff_t i = 0; i < a->points * a->sets * a->n * a->v; i++) off = fmax(off, fabs(a->rows[i] - b->rows[i]));
    return off;
}

static void must_run(const psw_point *points, ptrdiff_t count, result *r)
{
    psw_status status = run_group(points, count, r);
    CHECK(status == PSW_OK, "%s", psw_message());
}

/* A point alone has the bits it has beside any others. */
static void groups(psw_precision precision, psw_mask mask)
{
    static const double degrees[] = {4, 1, 3.5, 16, 0, 256, 2, 1.7};
    enum { COUNT = 8 };
    psw_point points[COUNT];
    result all, one, some;
    source_make(11, 333, 7, 5, 200, false, false);
    source_fine();
    for (int i = 0; i < COUNT; i++) points[i] = point_of(PSW_EXACT, degrees[i], mask, precision, 100);
    must_run(points, COUNT, &all);
    must_run(points + 2, 3, &some);
    for (int i = 0; i < COUNT; i++) {
        must_run(points + i, 1, &one);
        for (int s = 0; s < 2; s++) {
            CHECK(same_bits(&all, i, &one, 0, s, source.n), "beta %g alone and beside others", degrees[i]);
            if (i >= 2 && i < 5)
                CHECK(same_bits(&some, i - 2, &one, 0, s, source.n), "beta %g beside fewer", degrees[i]);
        }
        result_free(&one);
    }
    result_free(&some);
    result_free(&all);
}

/* Rows before a token do not know it. */
static void later_token(psw_precision precision)
{
    enum { TOKEN = 150 };
    psw_point p;
    result before, after;
    source_make(12, 260, 6, 6, 40, false, false);
    source_fine();
    p = point_of(PSW_EXACT, 4, PSW_CAUSAL, precision, 64);
    must_run(&p, 1, &before);
    for (int set = 0; set < 2; set++)
        for (int side = 0; side < 3; side++)
            for (ptrdiff_t c = 0; c < 6; c++) source.rows[set][side][TOKEN * 6 + c] += 2;
    must_run(&p, 1, &after);
    for (int s = 0; s < 2; s++) {
        CHECK(same_bits(&before, 0, &after, 0, s, TOKEN), "rows before the token, set %d", s);
        CHECK(!same_bits(&before, 0, &after, 0, s, TOKEN + 1), "the token's own row, set %d", s);
    }
    result_free(&before);
    result_free(&after);
}

static bool same_set(const result *both, int set, const result *alone)
{
    double eps = alone->real_bytes == 4 ? 0x1p-23 : 0x1p-52, off = 0;
    if (any_shape() || set == 0) return same_bits_of_sets(both, set, alone, 0);
    for (ptrdiff_t i = 0; i < alone->n * alone->v; i++)
        off = fmax(off, fabs(both->rows[set * alone->n * alone->v + i] - alone->rows[i]));
    return off <= 64 * eps; /* a few roundings of scores, times the degree */
}

/* D_1 made by changing D_0's tiles has the bits of D_1 computed for itself (as the first set of a source with one),
 * which no run does: where bits depend on the shape of a product it is the same up to rounding. */
static void other_set(psw_precision precision, psw_mask mask, ptrdiff_t d)
{
    enum { N = 600 };
    psw_point p;
    result both, alone;
    source_make(13, N, d, d, 570, true, false);
    source_fine();
    p = point_of(PSW_EXACT, 4, mask, precision, 512);
    must_run(&p, 1, &both);
    CHECK(run_sets(&p, 1, 1, &alone) == PSW_OK, "%s", psw_message());
    CHECK(same_set(&both, 0, &alone), "D_0 beside D_1 and alone");
    result_free(&alone);
    for (int side = 0; side < 3; side++)
        memcpy(source.rows[0][side], source.rows[1][side], (size_t)(N * d) * sizeof(double));
    CHECK(run_sets(&p, 1, 1, &alone) == PSW_OK, "%s", psw_message());
    CHECK(same_set(&both, 1, &alone), "D_1 beside D_0 and alone");
    CHECK(!same_bits_of_sets(&both, 0, &alone, 0), "D_0 and D_1 are the same");
    result_free(&both);
    result_free(&alone);
}

/* A pass leaves nothing behind that another one sees, for one data set or both. */
static void passes(const psw_point *points, ptrdiff_t count)
{
    result first, third;
    for (int sets = 1; sets <= source.sets; sets++) {
        source.passes = 0;
        CHECK(run_sets(points, count, sets, &first) == PSW_OK, "%s", psw_message());
        source.passes = 2;
        CHECK(run_sets(points, count, sets, &third) == PSW_OK, "%s", psw_message());
        size_t rows = (size_t)(count * sets * source.n);
        CHECK(memcmp(first.bits, third.bits, rows * (size_t)source.v * first.real_bytes) == 0 &&
                  memcmp(first.special, third.special, rows * sizeof(double)) == 0 &&
                  memcmp(first.log2_den, third.log2_den, rows * sizeof(double)) == 0,
              "method %d, mask %d, local %td, %d sets: the third pass differs", (int)points->method, (int)points->mask,
              points->local, sets);
        result_free(&first);
        result_free(&third);
    }
    source.passes = 0;
}

static void repeated(psw_precision precision, psw_mask mask)
{
    source_make(23, 300, 6, 5, 170, false, false);
    source_fine();
    psw_point points[2] = {point_of(PSW_EXACT, 4, mask, precision, 64), point_of(PSW_EXACT, 7, mask, precision, 64)};
    passes(points, 2);
    points[0] = point_of(PSW_POLYSKETCH, 4, mask, precision, 32);
    points[0].r = 6;
    passes(points, 1);
    points[0].local = mask == PSW_CAUSAL ? 64 : 0;
    passes(points, 1);
    source_make(24, 300, 6, 6, 170, true, false); /* one array for queries, keys and values */
    source_fine();
    points[0].v = source.v;
    passes(points, 1);
}

static void scale_all(double factor)
{
    for (int set = 0; set < source.sets; set++)
        for (int side = 0; side < 2; side++)
            for (ptrdiff_t i = 0; i < source.n * source.d; i++) source.rows[set][side][i] *= factor;
}

static void scale_invariance(void)
{
    static const double degrees[] = {1, 3, 4, 2.5, 64};
    result plain, scaled;
    for (size_t i = 0; i < sizeof degrees / sizeof degrees[0]; i++) {
        source_make(14, 120, 5, 4, 60, false, false);
        psw_point p = point_of(PSW_EXACT, degrees[i], PSW_FULL, PSW_FP64, 50);
        must_run(&p, 1, &plain);
        scale_all(0x1p200); /* scores times 2^400: z^64 would be 2^25600 */
        must_run(&p, 1, &scaled);
        CHECK(distance(&plain, &scaled) <= 1e-13, "beta %g, scores times 2^400: %g", degrees[i],
              distance(&plain, &scaled));
        result_free(&scaled);
        scale_all(7 * 0x1p-200);
        must_run(&p, 1, &scaled);
        CHECK(distance(&plain, &scaled) <= 1e-13, "beta %g, rows times 7: %g", degrees[i], distance(&plain, &scaled));
        result_free(&scaled);
        result_free(&plain);
    }
}

/* Keys and values in another order: the same rows up to rounding. */
static void permutation(psw_method method)
{
    enum { N = 150 };
    result plain, moved;
    source_make(15, N, 6, 5, 10, false, false);
    psw_point p = point_of(method, 4, PSW_FULL, PSW_FP64, 32);
    must_run(&p, 1, &plain);
    for (int set = 0; set < 2; set++)
        for (int side = PSW_KEY; side <= PSW_VALUE; side++) {
            ptrdiff_t width = side == PSW_VALUE ? 5 : 6;
            double *rows = source.rows[set][side], kept[6];
            for (ptrdiff_t i = 0, j = N - 1; i < j; i++, j--) {
                memcpy(kept, rows + i * width, (size_t)width * sizeof *rows);
                memcpy(rows + i * width, rows + j * width, (size_t)width * sizeof *rows);
                memcpy(rows + j * width, kept, (size_t)width * sizeof *rows);
            }
        }
    /* token j3 is now another token for keys: compare set 0, where nothing is special */
    must_run(&p, 1, &moved);
    moved.sets = plain.sets = 1;
    CHECK(distance(&plain, &moved) <= 1e-14, "method %d: %g", (int)method, distance(&plain, &moved));
    result_free(&plain);
    result_free(&moved);
}

static void linear_is_degree_one(psw_precision precision)
{
    result linear, exact;
    source_make(16, 200, 9, 7, 100, false, true);
    source_fine();
    psw_point p = point_of(PSW_LINEAR, NAN, PSW_CAUSAL, precision, 64);
    must_run(&p, 1, &linear);
    p.method = PSW_EXACT, p.beta = 1;
    must_run(&p, 1, &exact);
    CHECK(same_bits(&linear, 0, &exact, 0, 0, 200) && same_bits(&linear, 0, &exact, 0, 1, 200), "linear, beta 1");
    result_free(&exact);
    p.negative = PSW_NEGATIVE_ABS;
    must_run(&p, 1, &exact);
    CHECK(!same_bits(&linear, 0, &exact, 0, 0, 200), "nothing was negative");
    result_free(&linear);
    p.method = PSW_LINEAR, p.beta = NAN;
    must_run(&p, 1, &linear);
    CHECK(same_bits(&linear, 0, &exact, 0, 0, 200) && same_bits(&linear, 0, &exact, 0, 1, 200), "|z|");
    result_free(&linear);
    result_free(&exact);
}

/* Large degrees: finite, and all mass where the largest score is. */
static void high_degree(psw_precision precision)
{
    static const double degrees[] = {256, 1000.5, 100000};
    result r;
    for (size_t i = 0; i < 3; i++) {
        source_make(17, 256, 6, 6, 77, true, false);
        scale_all(40);
        psw_point p = point_of(PSW_EXACT, degrees[i], PSW_FULL, precision, 64);
        must_run(&p, 1, &r);
        CHECK_NEAR(r.special[256 + 77], 1.0, 1e-12); /* three times the others: 3^-256 */
        for (ptrdiff_t j = 0; j < 2 * 256; j++) CHECK(isfinite(r.log2_den[j]), "row %td", j);
        result_free(&r);
    }
}

/* ---- what has no answer ---- */

static void empty_and_bad_rows(psw_precision precision)
{
    result r;
    source_make(18, 80, 4, 3, -1, false, false);
    psw_point p = point_of(PSW_EXACT, 4, PSW_FULL, precision, 32);
    for (ptrdiff_t c = 0; c < 4; c++) source.rows[0][PSW_QUERY][50 * 4 + c] = 0;
    must_run(&p, 1, &r);
    for (ptrdiff_t c = 0; c < 3; c++)
        CHECK(r.rows[50 * 3 + c] == 0, "a row of zero scores is 0, not %g", r.rows[50 * 3 + c]);
    CHECK(r.log2_den[50] == -INFINITY && isfinite(r.log2_den[51]), "%g", r.log2_den[50]);
    result_free(&r);

    static const double bad[] = {INFINITY, -INFINITY, NAN, -NAN};
    static const psw_method methods[] = {PSW_EXACT, PSW_SOFTMAX, PSW_LINEAR};
    for (int m = 0; m < 3; m++)
        for (int i = 0; i < 4; i++) {
            source.rows[0][PSW_QUERY][50 * 4] = bad[i];
            p.method = methods[m];
            CHECK(run_group(&p, 1, &r) == PSW_NOT_FINITE, "%g in a query, method %d", bad[i], (int)methods[m]);
            CHECK(strstr(psw_message(), "row 50 of data set 0") != NULL, "%s", psw_message());
            result_free(&r);
        }
}

static psw_status stop(void *context)
{
    int *left = context;
    return --*left < 0 ? PSW_STOPPED : PSW_OK;
}

static void stopping(void)
{
    source_make(19, 3 * PSW_STRIP, 4, 3, -1, false, false);
    psw_point p = point_of(PSW_EXACT, 2, PSW_FULL, PSW_FP64, PSW_STRIP);
    psw_group group = {&p, 1};
    const psw_engine *engine = psw_engine_of(PSW_FP64);
    psw_arena arena;
    result r = {.n = source.n, .v = 3, .sets = 1, .real_bytes = 8};
    r.rows = calloc(450, 8), r.bits = calloc(450, 8), r.special = calloc(150, 8), r.log2_den = calloc(150, 8);
    CHECK(psw_arena_create(engine->bytes(&group, NULL), &arena) == PSW_OK, "%s", psw_message());
    int left = 3 + 5; /* rows of three leaves are made, then tiles */
    psw_status status = engine->attend(&group, &(psw_given){.data = NULL, .sets = psw_data_sets(group.points)}, &arena,
                                       (psw_watch){stop, &left}, result_take, &r);
    CHECK(status == PSW_STOPPED, "%d", (int)status);
    CHECK(arena.used == 0 && arena.high > 0, "the arena is left as it was: %zu", arena.used);
    CHECK(r.leaves == 1, "one leaf of three tiles was done, not %td", r.leaves);
    psw_arena_destroy(&arena);
    CHECK(psw_arena_create(engine->bytes(&group, NULL) - 64, &arena) == PSW_OK, "%s", psw_message());
    status = engine->attend(&group, &(psw_given){.data = NULL, .sets = psw_data_sets(group.points)}, &arena,
                            (psw_watch){NULL, NULL}, result_take, &r);
    CHECK(status == PSW_BUG, "an arena that is too small: %d", (int)status);
    psw_arena_destroy(&arena);
    result_free(&r);
}

static void refusals(void)
{
    source_make(20, 10, 4, 3, -1, false, true);
    psw_point p = point_of(PSW_EXACT, 3, PSW_FULL, PSW_FP64, 100);
    CHECK(psw_attend_check(&p) == PSW_OK, "%s", psw_message());
    p.negative = PSW_NEGATIVE_REFUSE;
    CHECK(psw_attend_check(&p) == PSW_USAGE && strstr(psw_message(), "negative"), "odd, signed: %s", psw_message());
    p.beta = 2.5;
    CHECK(psw_attend_check(&p) == PSW_USAGE && strstr(psw_message(), "undefined"), "fraction, signed: %s",
          psw_message());
    p.beta = 4;
    CHECK(psw_attend_check(&p) == PSW_OK, "%s", psw_message());
    p.beta = -1;
    CHECK(psw_attend_check(&p) == PSW_USAGE, "a negative degree");
    p.beta = NAN;
    CHECK(psw_attend_check(&p) == PSW_USAGE, "no degree");
    p.method = PSW_LINEAR;
    CHECK(psw_attend_check(&p) == PSW_OK, "linear keeps signs: %s", psw_message());
    CHECK(psw_attend_allow(&p) == PSW_USAGE && strstr(psw_message(), "negative: signed"), "%s", psw_message());
    for (p.negative = PSW_NEGATIVE_SIGNED; p.negative <= PSW_NEGATIVE_ABS; p.negative++)
        CHECK(psw_attend_allow(&p) == PSW_OK, "linear, signed scores: %s", psw_message());
    p.negative = PSW_NEGATIVE_REFUSE, source.is_signed = false;
    CHECK(psw_attend_allow(&p) == PSW_OK, "scores that are not negative: %s", psw_message());
    p.method = PSW_SOFTMAX, source.is_signed = true;
    CHECK(psw_attend_allow(&p) == PSW_OK, "softmax has no sign: %s", psw_message());
    p.method = PSW_EXACT, p.beta = 0, source.zeros = true;
    CHECK(psw_attend_check(&p) == PSW_USAGE && strstr(psw_message(), "0^0"), "%s", psw_message());
    source.zeros = false;
    CHECK(psw_attend_check(&p) == PSW_OK, "%s", psw_message());
    p.method = PSW_CLOSED_FORM;
    CHECK(psw_attend_check(&p) == PSW_USAGE, "nothing to compute");
}

static void joining(void)
{
    source_make(21, 10, 4, 3, -1, false, false);
    psw_point a = point_of(PSW_EXACT, 3, PSW_FULL, PSW_FP64, 100), b = a;
    b.beta = 5, b.own[0] = 2;
    CHECK(psw_group_joins(&a, &b), "only beta and an own axis differ");
    a.cosine = b.cosine = NAN;
    CHECK(psw_group_joins(&a, &b), "what does not apply is equal to itself");
    b.m = 1;
    CHECK(!psw_group_joins(&a, &b), "the head's signs differ");
}

/* Per data set, 2 flops a multiply-add: full 4 n^2 d; causal only up to the last key that a strip of at most PSW_STRIP
 * rows sees, and no strip reaches over the end of a leaf. */
static void work(void)
{
    source_make(22, 1000, 8, 8, -1, false, false);
    psw_point p = point_of(PSW_EXACT, 4, PSW_FULL, PSW_FP64, 300);
    CHECK_NEAR(psw_attend_work(&p).flops, 4.0 * 1000 * 1000 * 8, 0);
    p.mask = PSW_CAUSAL;
    double pairs = 0;
    for (ptrdiff_t first = 0, end; first < 1000; first = end) {
        end = first + PSW_STRIP;
        if (end > (first / 300 + 1) * 300) end = (first / 300 + 1) * 300;
        if (end > 1000) end = 1000;
        pairs += (double)((end - first) * end);
    }
    CHECK_NEAR(psw_attend_work(&p).flops, 4.0 * 8 * pairs, 0);
    CHECK(psw_attend_work(&p).bytes > 0, "no traffic");
}

int main(void)
{
    for (int precision = 0; precision < 2; precision++) {
        for (int mask = 0; mask < 2; mask++) {
            groups((psw_precision)precision, (psw_mask)mask);
            repeated((psw_precision)precision, (psw_mask)mask);
            other_set((psw_precision)precision, (psw_mask)mask, 8);
            other_set((psw_precision)precision, (psw_mask)mask, 130);
        }
        later_token((psw_precision)precision);
        linear_is_degree_one((psw_precision)precision);
        high_degree((psw_precision)precision);
        empty_and_bad_rows((psw_precision)precision);
    }
    scale_invariance();
    permutation(PSW_EXACT);
    permutation(PSW_SOFTMAX);
    permutation(PSW_LINEAR);
    stopping();
    refusals();
    joining();
    work();
    source_free();
    return test_end();
}
