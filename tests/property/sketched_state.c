/* States of sketches: their sums, what is left of all keys, a sequence that is cut and continued, halves that merge,
 * what is refused, and what memory a pass takes. Built for both precisions. */
#include "check.h"
#include "attend/finish.h"
#include "attend/states.h"
#include "unit/sketched_reference.h"

#ifdef PSW_SINGLE
static const double tolerance = 5e-6;
#else
static const double tolerance = 1e-13;
#endif

enum { N = 150, BLOCK = 32, D = 6, V = 4 };

/* ---- sums of states ---- */

static void by_hand(void)
{
    psw_arena arena;
    CHECK(psw_arena_create(4096, &arena) == PSW_OK, "%s", psw_message());
    attend_state a = attend_state_take(&arena, 1, 2), b = attend_state_take(&arena, 1, 2),
                 c = attend_state_take(&arena, 1, 2);
    attend_state_clear(&c);
    a.at[0] = 3, a.at[1] = -1, a.exponent = 4;
    b.at[0] = 5, b.at[1] = 2, b.exponent = 1;
    attend_state_merge(&c, &a);
    CHECK(c.at[0] == 3 && c.at[1] == -1 && c.exponent == 4, "empty + a = a");
    attend_state_merge(&c, &b); /* 3 * 16 + 5 * 2 = 58 = 3.625 * 16 */
    attend_state_merge(&b, &a);
    for (int i = 0; i < 2; i++) CHECK(b.at[i] == c.at[i] && b.exponent == 4, "a + b = b + a");
    CHECK(c.at[0] == 3.625 && c.at[1] == -0.75 && c.exponent == 4, "%g %g", c.at[0], c.at[1]);
    attend_state_clear(&a);
    attend_state_merge(&c, &a);
    CHECK(c.at[0] == 3.625 && c.exponent == 4, "c + empty = c");
    attend_state_copy(&a, &c);
    CHECK(a.at[1] == c.at[1] && a.exponent == c.exponent, "a copy");
    c.exponent = -100000;
    attend_state_merge(&a, &c);
    CHECK(a.at[0] == 3.625 && a.exponent == 4, "what is far below vanishes");
    psw_arena_destroy(&arena);
}

/* ---- the parts of a pass ---- */

typedef struct hand {
    psw_group group;
    attend_state_pass f;
    psw_arena arena;
} hand;

static void take(hand *h, const psw_point *p)
{
    *h = (hand){.group = {p, 1}};
    psw_given given = {.sets = 1};
    size_t bytes = psw_engine_of(p->precision)->bytes(&h->group, NULL);
    CHECK(psw_arena_create(bytes + (1 << 20), &h->arena) == PSW_OK, "%s", psw_message());
    attend_set_head(&h->f.base, &h->group, &given);
    CHECK(attend_states_kind.lay(&h->f.base, &given, &h->arena) == PSW_OK, "%s", psw_message());
    attend_states_kind.load(&h->f.base, &given);
}

static void give(hand *h)
{
    attend_states_kind.close(&h->f.base);
    psw_arena_destroy(&h->arena);
}

static attend_state new_state(hand *h)
{
    attend_state s = attend_state_take(&h->arena, V + 1, h->f.shape.features);
    attend_state_clear(&s);
    return s;
}

static void add_blocks(hand *h, ptrdiff_t first, ptrdiff_t end, attend_state *into)
{
    for (ptrdiff_t i = first; i < end; i++) attend_states_total(&h->f, 0, i, into, NULL);
}

/* Rows of blocks first .. end under a causal mask, from a state that is continued. */
static void attend_blocks(hand *h, ptrdiff_t first, ptrdiff_t end, attend_state *state, psw_real *rows)
{
    static double mass[BLOCK], log2_den[BLOCK];
    for (ptrdiff_t i = first; i < end; i++) {
        attend_span span = attend_block_span(&h->f, i);
        attend_sums sums = h->f.sums[0];
        sums.rows = span.count;
        attend_states_set_readable(&h->f, 0, state);
        attend_states_read(&h->f, 0, i, PSW_NEAR_AND_FAR, sums);
        attend_results to = {rows + span.first * V, mass, log2_den};
        CHECK(attend_finish_rows(sums, h->f.base.p->den_constant, to) < 0, "block %td", i);
        attend_states_total(&h->f, 0, i, state, NULL);
    }
}

static const struct {
    psw_method method;
    double beta;
    ptrdiff_t r;
} maps[] = {{PSW_POLYSKETCH, 4, 6}, {PSW_POLYSKETCH, 2, 0},   {PSW_MONOMIAL, 3, 0}, {PSW_TREE, 4, 9},
            {PSW_MACLAURIN, 2, 9},  {PSW_TENSORSKETCH, 3, 8}, {PSW_SRHT, 2, 7},     {PSW_FAVOR, NAN, 12},
            {PSW_ELU1, NAN, 0},     {PSW_RELU, NAN, 0},       {PSW_TAYLOR, NAN, 0}};
enum { MAPS = sizeof maps / sizeof maps[0] };

static psw_point point_for(int map)
{
    source_make(81, N, D, V, -1, false, true);
    for (ptrdiff_t i = 0; i < N * D; i++) source.rows[0][PSW_KEY][i] *= exp2((double)(i / D % 5 - 2));
    psw_point p = sketched_point(maps[map].method, maps[map].beta, maps[map].r, PSW_CAUSAL, BLOCK);
    p.order = 3, p.by = PSW_BY_FEATURES; /* of a partial sum */
    p.den_constant = 1e6;                /* signed estimates: off zero */
    return p;
}

/* sum_k 2^s(k) phi(k) [v | 1] of all keys, key by key */
static void returned(const psw_point *p)
{
    hand h;
    take(&h, p);
    sketched s = sketch_open(p, BLOCK, NULL);
    sketcher()->draw(s.map, 0, (psw_watch){0});
    ptrdiff_t F = s.shape.features, stored = s.shape.stored;
    double *scale = malloc(N * sizeof *scale), largest = 0, off = 0;
    psw_real *m = map_side(&s, p, 0, PSW_KEY, scale), *phi = malloc((size_t)F * sizeof *phi);
    long double *sum = calloc((size_t)(F * (V + 1)), sizeof *sum);
    for (ptrdiff_t k = 0; k < N; k++) {
        sketcher()->lift(s.map, psw_read(psw_rows_of(m + k * stored, 1, stored)), psw_rows_of(phi, 1, F));
        for (ptrdiff_t c = 0; c <= V; c++) {
            long double w = c < V ? (long double)source.rows[0][PSW_VALUE][k * V + c] : 1;
            for (ptrdiff_t i = 0; i < F; i++) sum[c * F + i] += w * (long double)phi[i] * exp2l((long double)scale[k]);
        }
    }
    attend_state state = new_state(&h);
    add_blocks(&h, 0, h.f.base.leaves, &state);
    for (ptrdiff_t i = 0; i < F * (V + 1); i++) {
        largest = fmax(largest, fabs((double)sum[i]));
        off = fmax(off, fabs(ldexp(state.at[i], state.exponent) - (double)sum[i]));
    }
    CHECK(off <= tolerance * largest, "method %d: %g of %g", (int)p->method, off, largest);
    free(scale), free(m), free(phi), free(sum);
    sketch_close(&s);
    give(&h);
}

static double distance(const psw_real *a, const psw_real *b, ptrdiff_t count)
{
    double off = 0, largest = 0;
    for (ptrdiff_t i = 0; i < count; i++) {
        off = fmax(off, fabs((double)a[i] - (double)b[i]));
        largest = fmax(largest, fabs((double)b[i]));
    }
    return off / largest;
}

/* Cut at every block: what comes after is the same to the bit; from merged halves it is the same up to rounding. */
static void cut(const psw_point *p)
{
    result whole;
    CHECK(run_group(p, 1, &whole) == PSW_OK, "%s", psw_message());
    const psw_real *expected = whole.bits;
    psw_real *rows = malloc(N * V * sizeof *rows);
    ptrdiff_t blocks = (N + BLOCK - 1) / BLOCK;
    for (ptrdiff_t at = 0; at <= blocks; at++) {
        hand first, second;
        take(&first, p);
        take(&second, p);
        attend_state left = new_state(&first), all = new_state(&second), right = new_state(&second);
        ptrdiff_t row = at * BLOCK < N ? at * BLOCK : N;
        attend_blocks(&first, 0, at, &left, rows);
        attend_state_copy(&all, &left);
        attend_blocks(&second, at, blocks, &all, rows);
        CHECK(memcmp(rows, expected, N * V * sizeof *rows) == 0, "method %d, cut at row %td", (int)p->method, row);

        add_blocks(&second, 0, at, &right); /* halves the other way round */
        attend_state rest = new_state(&second);
        add_blocks(&second, at, blocks, &rest);
        attend_state_merge(&rest, &right);
        double off = 0, largest = 0;
        for (ptrdiff_t i = 0; i < all.width * all.features; i++) {
            off = fmax(off, fabs(ldexp(rest.at[i], rest.exponent - all.exponent) - all.at[i]));
            largest = fmax(largest, fabs(all.at[i]));
        }
        CHECK(off <= 1e-14 * largest, "method %d, halves at row %td: %g", (int)p->method, row, off / largest);
        give(&first);
        give(&second);
    }
    free(rows);
    result_free(&whole);
}

/* Near and far apart and merged, as a team does it that waits for its prefix. */
static void apart(const psw_point *p)
{
    hand h;
    psw_real together[BLOCK * V], merged[BLOCK * V];
    double mass[BLOCK], log2_den[BLOCK];
    take(&h, p);
    attend_state state = new_state(&h);
    add_blocks(&h, 0, 2, &state);
    attend_states_set_readable(&h.f, 0, &state);
    attend_sums near = attend_sums_take(&h.arena, BLOCK, V + 2), far = attend_sums_take(&h.arena, BLOCK, V + 2);
    attend_states_read(&h.f, 0, 2, PSW_NEAR_AND_FAR, near);
    attend_finish_rows(near, p->den_constant, (attend_results){together, mass, log2_den});
    attend_states_read(&h.f, 0, 2, PSW_NEAR, near);
    attend_states_read(&h.f, 0, 2, PSW_FAR, far);
    attend_sums_merge(near, far);
    attend_finish_rows(near, p->den_constant, (attend_results){merged, mass, log2_den});
    CHECK(distance(merged, together, BLOCK * V) <= 4 * (double)PSW_REAL_EPSILON, "method %d: %g", (int)p->method,
          distance(merged, together, BLOCK * V));
    give(&h);
}

/* ---- what is refused, and what is counted ---- */

static void refused(psw_point p, const char *says)
{
    CHECK(psw_attend_check(&p) == PSW_USAGE && strstr(psw_message(), says), "%s", psw_message());
}

static void refusals(void)
{
    source_make(82, 100, 6, 4, -1, false, true);
    psw_point good = sketched_point(PSW_POLYSKETCH, 4, 6, PSW_CAUSAL, 16), p = good;
    CHECK(psw_attend_check(&p) == PSW_OK, "%s", psw_message());
    CHECK(!psw_group_joins(&good, &p), "every sketch stands alone");
    p.local = 24;
    refused(p, "multiple of block = 16");
    p.local = 32;
    CHECK(psw_attend_check(&p) == PSW_OK, "%s", psw_message());
    p.mask = PSW_FULL;
    refused(p, "needs mask causal");
    p = good, p.beta = 3;
    refused(p, "even degree");
    p = good, p.method = PSW_TREE, p.beta = 3;
    CHECK(psw_attend_check(&p) == PSW_OK, "odd and signed: %s", psw_message());
    p.negative = PSW_NEGATIVE_REFUSE;
    refused(p, "negative: signed");
    p.negative = PSW_NEGATIVE_ABS;
    refused(p, "with its sign");
    p = good, p.data_kind = PSW_SCORES;
    refused(p, "no rows to sketch");
    psw_point two[2] = {good, good};
    result r;
    CHECK(run_group(two, 2, &r) == PSW_BUG, "a group of two sketches");
    result_free(&r);
}

static void work(void)
{
    source_make(83, 1000, 64, 64, -1, false, true);
    psw_point p = sketched_point(PSW_POLYSKETCH, 4, 32, PSW_CAUSAL, 250);
    double map = psw_sketch_shape_of(&p).flops, F = 528, lift = 528;
    /* 4 blocks: 2 b (r + w) a row; 3 of them are read from a state, 3 added to it; both sides are mapped */
    CHECK_NEAR(psw_attend_work(&p).flops, 1000 * (2.0 * 250 * (32 + 65) + 2 * map) + 2 * 750 * (2 * F * 65 + lift),
               1e-15);
    p.local = 500; /* exact: 2 d in place of 2 r, three tiles of four; 500 rows are read, 500 added, and mapped */
    CHECK_NEAR(psw_attend_work(&p).flops, 2 * (3 * 250.0 * 250 * 2 * (64 + 65)) + 2 * 500 * (2 * F * 65 + lift + map),
               1e-15);
    p.local = 0, p.mask = PSW_FULL;
    CHECK_NEAR(psw_attend_work(&p).flops, 2 * 1000 * (2 * F * 65 + lift + map), 1e-15);
    CHECK_NEAR(psw_sketch_state_bytes(&p), F * 65 * (double)sizeof(psw_real), 0);
}

/* Beyond its rows, a longer sequence needs nothing: no n x r, no n x features. */
static void memory(void)
{
    for (int mask = 0; mask < 2; mask++) {
        source_make(84, 4096, 16, 16, -1, false, true);
        psw_point p = sketched_point(PSW_POLYSKETCH, 4, 64, (psw_mask)mask, 256);
        psw_group group = {&p, 1};
        size_t all = psw_engine_of(p.precision)->bytes(&group, NULL);
        p.n = 2048;
        size_t half = psw_engine_of(p.precision)->bytes(&group, NULL);
        CHECK(all - half <= 2048 * (3 * 16 + 1) * sizeof(psw_real) + 4096, "%zu bytes for 2048 rows", all - half);
    }
}

int main(void)
{
    by_hand();
    for (int map = 0; map < MAPS; map++) {
        psw_point p = point_for(map);
        returned(&p);
        cut(&p);
        apart(&p);
    }
    refusals();
    work();
    memory();
    source_free();
    return test_end();
}
