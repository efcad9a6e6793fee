/* Methods that see some keys of a row, keep some of its scores, or give negative ones no weight: the same bits from any
 * team, of D_1 beside D_0 and alone, of rows before a token that changes, and of softmax where nothing is left out.
 * What a query sees against a look at every pair. */
#include "team.h"

static const struct {
    psw_method method;
    double beta;
    psw_negative negative;
    ptrdiff_t local, sinks, keep, order;
} kernels[] = {
    {PSW_UNIFORM, NAN, PSW_NEGATIVE_REFUSE, 0, 0, 0, 0}, {PSW_WINDOW, NAN, PSW_NEGATIVE_REFUSE, 1, 0, 0, 0},
    {PSW_WINDOW, NAN, PSW_NEGATIVE_REFUSE, 10, 3, 0, 0}, {PSW_WINDOW, NAN, PSW_NEGATIVE_REFUSE, 40, 21, 0, 0},
    {PSW_TOPK, NAN, PSW_NEGATIVE_REFUSE, 0, 0, 1, 0},    {PSW_TOPK, NAN, PSW_NEGATIVE_REFUSE, 0, 0, 30, 0},
    {PSW_TAYLOR, NAN, PSW_NEGATIVE_SIGNED, 0, 0, 0, 3},  {PSW_TAYLOR, NAN, PSW_NEGATIVE_REFUSE, 0, 0, 0, 8},
    {PSW_EXACT, 3, PSW_NEGATIVE_RELU, 0, 0, 0, 0},       {PSW_EXACT, 2.5, PSW_NEGATIVE_RELU, 0, 0, 0, 0},
    {PSW_LINEAR, NAN, PSW_NEGATIVE_RELU, 0, 0, 0, 0},
};
enum { KERNELS = sizeof kernels / sizeof *kernels };

static psw_point kernel_of(int index, psw_mask mask, psw_precision precision, ptrdiff_t block)
{
    psw_point p = point_of(kernels[index].method, kernels[index].beta, mask, precision, block);
    p.negative = kernels[index].negative;
    p.local = kernels[index].local, p.sinks = kernels[index].sinks;
    p.keep = kernels[index].keep, p.order = kernels[index].order;
    return p;
}

static bool same_rows(const result *a, int set_a, const result *b, int set_b, ptrdiff_t rows)
{
    size_t width = (size_t)a->v * a->real_bytes, from = (size_t)(set_a * a->n), to = (size_t)(set_b * b->n);
    return memcmp((char *)a->bits + from * width, (char *)b->bits + to * width, (size_t)rows * width) == 0 &&
           memcmp(a->special + from, b->special + to, (size_t)rows * sizeof(double)) == 0 &&
           memcmp(a->log2_den + from, b->log2_den + to, (size_t)rows * sizeof(double)) == 0;
}

static void must_run(const psw_point *p, int sets, result *r)
{
    psw_status status = run_sets(p, 1, sets, r);
    CHECK(status == PSW_OK, "method %d: %s", (int)p->method, psw_message());
}

/* ---- teams ---- */

static void team_of(const psw_point *p, psw_choice choice, int size, const result *alone)
{
    team t;
    result r;
    psw_status status = team_open(&t, p, 1, source.sets, choice, size);
    if (status == PSW_OK) status = team_run(&t, 0, &r);
    CHECK(status == PSW_OK, "method %d: %s", (int)p->method, psw_message());
    if (status == PSW_OK) {
        for (int set = 0; set < source.sets; set++)
            CHECK(same_rows(alone, set, &r, set, alone->n),
                  "method %d local %td mask %d n %td block %td: %d ranks, layout %d, pattern %d", (int)p->method,
                  p->local, (int)p->mask, p->n, p->block, size, choice.layout, choice.pattern);
        result_free(&r);
    }
    team_close(&t);
}

static void teams(ptrdiff_t n, ptrdiff_t block, ptrdiff_t special, psw_precision precision, psw_mask mask)
{
    static const int sizes[] = {2, 3, 5};
    source_make((uint64_t)(3 * n + block), n, 6, 5, special, false, true);
    source_fine();
    for (int i = 0; i < KERNELS; i++) {
        result alone;
        psw_point p = kernel_of(i, mask, precision, block);
        must_run(&p, source.sets, &alone);
        for (int s = 0; s < 3; s++)
            for (int layout = 0; layout < PSW_LAYOUTS; layout++)
                for (int pattern = 0; pattern < PSW_PATTERNS; pattern++)
                    team_of(&p, (psw_choice){layout, pattern, -1, 0}, sizes[s], &alone);
        result_free(&alone);
    }
}

/* ---- one rank ---- */

/* With BLAS the bits of a score depend on the shape of its product: equal up to a few roundings. */
static bool same_set(const result *both, int set, const result *alone)
{
    double eps = alone->real_bytes == 4 ? 0x1p-23 : 0x1p-52, off = 0;
    if (any_shape() || set == 0) return same_rows(both, set, alone, 0, alone->n);
    for (ptrdiff_t i = 0; i < alone->n * alone->v; i++)
        off = fmax(off, fabs(both->rows[set * alone->n * alone->v + i] - alone->rows[i]));
    return off <= 64 * eps;
}

static void both_sets(int kernel, ptrdiff_t special, psw_precision precision, psw_mask mask)
{
    result both, alone;
    source_make(5, 170, 6, 5, special, false, true);
    source_fine();
    psw_point p = kernel_of(kernel, mask, precision, 48);
    must_run(&p, 2, &both);
    must_run(&p, 1, &alone);
    CHECK(same_set(&both, 0, &alone), "method %d: D_0 beside D_1", (int)p.method);
    result_free(&alone);
    for (int side = 0; side < 3; side++)
        memcpy(source.rows[0][side], source.rows[1][side],
               (size_t)(170 * (side == PSW_VALUE ? 5 : 6)) * sizeof(double));
    must_run(&p, 1, &alone);
    CHECK(same_set(&both, 1, &alone), "method %d mask %d j3 %td: D_1 beside D_0", (int)p.method, (int)mask, special);
    CHECK(!same_rows(&both, 0, &both, 1, 170), "method %d: D_0 is D_1", (int)p.method);
    result_free(&alone);
    result_free(&both);
}

static void later_token(int kernel, psw_precision precision)
{
    enum { TOKEN = 101 };
    result before, after;
    source_make(6, 170, 6, 5, 40, false, true);
    source_fine();
    psw_point p = kernel_of(kernel, PSW_CAUSAL, precision, 48);
    must_run(&p, 2, &before);
    for (int set = 0; set < 2; set++)
        for (int side = 0; side < 3; side++)
            for (ptrdiff_t c = 0; c < 5; c++) source.rows[set][side][TOKEN * (side == PSW_VALUE ? 5 : 6) + c] += 2;
    must_run(&p, 2, &after);
    for (int set = 0; set < 2; set++) {
        CHECK(same_rows(&before, set, &after, set, TOKEN), "method %d: a row knows a later token", (int)p.method);
        CHECK(!same_rows(&before, set, &after, set, TOKEN + 1), "method %d: its own row", (int)p.method);
    }
    result_free(&before);
    result_free(&after);
}

/* A window that is longer than the sequence, and scores kept that are all. */
static void whole(uint64_t seed, psw_precision precision, psw_mask mask)
{
    result softmax, other;
    source_make(seed, 100 + (ptrdiff_t)(seed % 37), 6, 5, (ptrdiff_t)(seed % 90), false, true);
    source_fine();
    psw_point p = point_of(PSW_SOFTMAX, NAN, mask, precision, 16 + (ptrdiff_t)(seed % 50));
    must_run(&p, 2, &softmax);
    p.method = PSW_WINDOW, p.local = source.n, p.sinks = (ptrdiff_t)(seed % 3);
    must_run(&p, 2, &other);
    for (int set = 0; set < 2; set++) CHECK(same_rows(&softmax, set, &other, set, source.n), "a window over all");
    result_free(&other);
    p.method = PSW_TOPK, p.keep = source.n;
    must_run(&p, 2, &other);
    for (int set = 0; set < 2; set++) CHECK(same_rows(&softmax, set, &other, set, source.n), "all scores kept");
    result_free(&other);
    result_free(&softmax);
}

/* ---- what a query sees ---- */

static bool is_seen(const psw_point *p, ptrdiff_t i, ptrdiff_t j)
{
    bool mask = p->mask == PSW_FULL || j <= i;
    return mask && (p->method != PSW_WINDOW || labs((long)(i - j)) < p->local || j < p->sinks);
}

static bool has(const psw_seen *seen, ptrdiff_t j)
{
    bool found = false;
    for (int k = 0; k < seen->ranges; k++)
        found = found || (j >= seen->at[k].first && j < seen->at[k].first + seen->at[k].count);
    return found;
}

static bool in_order(const psw_seen *s)
{
    for (int k = 0; k < s->ranges; k++)
        if (s->at[k].count < 1) return false;
    return s->ranges < 2 || s->at[0].first + s->at[0].count < s->at[1].first;
}

static void every_pair(psw_method method, psw_mask mask, ptrdiff_t local, ptrdiff_t sinks)
{
    enum { N = 40 };
    psw_point p = {.method = method, .mask = mask, .n = N, .local = local, .sinks = sinks, .block = 8};
    for (ptrdiff_t i = 0; i < N; i++)
        for (ptrdiff_t first = 0; first < N; first += 9) {
            psw_tokens keys = {first, N - first < 9 ? N - first : 9};
            psw_seen seen = psw_attend_seen(&p, i, keys);
            CHECK(in_order(&seen), "ranges");
            for (ptrdiff_t j = 0; j < N; j++)
                CHECK(has(&seen, j) == (j >= first && j < first + keys.count && is_seen(&p, i, j)),
                      "method %d mask %d local %td sinks %td: query %td, key %td", (int)method, (int)mask, local, sinks,
                      i, j);
        }
    for (ptrdiff_t i = 0; i < N; i++)
        for (ptrdiff_t count = 1; count <= N - i; count++) {
            psw_seen seen = psw_attend_seen_by(&p, (psw_tokens){i, count});
            CHECK(in_order(&seen), "ranges of queries");
            for (ptrdiff_t j = 0; j < N; j++) {
                bool any = false;
                for (ptrdiff_t k = i; k < i + count; k++) any = any || is_seen(&p, k, j);
                CHECK(has(&seen, j) == any, "queries %td and %td more, key %td", i, count - 1, j);
            }
        }
}

int main(void)
{
    for (int precision = 0; precision < 2; precision++)
        for (int mask = 0; mask < 2; mask++) {
            teams(150, 16, 70, (psw_precision)precision, (psw_mask)mask);
            teams(61, 61, -1, (psw_precision)precision, (psw_mask)mask);
            teams(130, 13, 129, (psw_precision)precision, (psw_mask)mask);
            for (int i = 0; i < KERNELS; i++) {
                both_sets(i, 100, (psw_precision)precision, (psw_mask)mask);
                both_sets(i, 0, (psw_precision)precision, (psw_mask)mask);
            }
            for (uint64_t seed = 1; seed <= 12; seed++) whole(seed, (psw_precision)precision, (psw_mask)mask);
        }
    for (int i = 0; i < KERNELS; i++)
        for (int precision = 0; precision < 2; precision++) later_token(i, (psw_precision)precision);
    for (int mask = 0; mask < 2; mask++) {
        every_pair(PSW_SOFTMAX, (psw_mask)mask, 0, 0);
        for (ptrdiff_t local = 1; local < 45; local += local < 6 ? 1 : 13)
            for (ptrdiff_t sinks = 0; sinks < 45; sinks += sinks < 3 ? 1 : 9)
                every_pair(PSW_WINDOW, (psw_mask)mask, local, sinks);
    }
    source_free();
    return test_end();
}
