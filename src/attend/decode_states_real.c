/* Decoding from the state of a map. */
#include <math.h>
#include <string.h>

#include "attend/decode.h"

static const psw_sketcher *const sketcher = &PSW_PRECISION_NAME(psw_sketcher);

/* Features that are made at a time: they stay in a cache beside the state. */
#define LIFTED ((ptrdiff_t)1 << 18)

psw_status attend_decode_lay_states(attend_decode *d, const psw_given *given, psw_arena *arena)
{
    const psw_point *p = d->base.p;
    ptrdiff_t width = p->v + 1, tail = p->local > 0 ? 1 : p->n - d->held;
    d->shape = psw_sketch_shape_of(p);
    ptrdiff_t features = d->shape.features;
    d->lift_rows = attend_smaller(d->base.leaf, attend_larger(1, LIFTED / features));
    d->rounded = attend_reals(arena, d->base.leaf * psw_point_width(p));
    d->mapped = attend_mapped_take(arena, d->base.leaf, d->shape.stored);
    d->tail = attend_mapped_take(arena, tail, d->shape.stored);
    d->lifted = attend_reals(arena, d->lift_rows * features);
    d->scaled = attend_reals(arena, d->lift_rows * width);
    d->product = attend_reals(arena, features * width);
    d->total = psw_arena_take(arena, features * width, sizeof *d->total);
    d->state = attend_reals(arena, features * width);
    d->next = attend_reals(arena, features * width);
    PSW_TRY(sketcher->create(p, d->base.leaf, given->tables.weights, arena, &d->sketch));
    return psw_arena_check(arena);
}

/* ---- the state of the tokens before ---- */

static void map(attend_decode *d, psw_side side, const double *rows, ptrdiff_t count, attend_mapped *to)
{
    ptrdiff_t width = psw_point_width(d->base.p);
    attend_round(rows, count * width, d->rounded);
    attend_mapped_make(d->sketch, &d->shape, side, (psw_const_rows){d->rounded, count, width, width}, to);
}

/* Part of one row of a mapped block, as a block. */
static attend_mapped part_of(const attend_mapped *m, ptrdiff_t first, ptrdiff_t count)
{
    attend_mapped part = *m;
    part.m = psw_rows_of(m->m.at + first * m->m.stride, count, m->m.cols);
    part.m.stride = m->m.stride;
    part.log2_scale += first, part.mantissa += first, part.exponent += first;
    return part;
}

/* scaled = [v | 1] 2^(s - top) of keys, top the largest exponent, which is returned */
static int scale_values(attend_decode *d, const attend_mapped *k, const double *values)
{
    ptrdiff_t v = d->base.p->v;
    int top = PSW_EMPTY;
    for (ptrdiff_t j = 0; j < k->m.rows; j++) top = k->exponent[j] > top ? k->exponent[j] : top;
    for (ptrdiff_t j = 0; j < k->m.rows; j++) {
        double scale = k->mantissa[j] * attend_scale_to(k->exponent[j], top);
        psw_real *to = d->scaled + j * (v + 1);
        for (ptrdiff_t c = 0; c < v; c++) to[c] = (psw_real)(scale * values[j * v + c]);
        to[v] = (psw_real)scale;
    }
    return top;
}

/* total 2^d->exponent += features^T scaled 2^top */
static void add_keys(attend_decode *d, const attend_mapped *k, const double *values)
{
    ptrdiff_t features = d->shape.features, width = d->base.p->v + 1, count = features * width;
    int top = scale_values(d, k, values);
    if (top == PSW_EMPTY) return;
    psw_rows lifted = psw_rows_of(d->lifted, k->m.rows, features);
    psw_const_rows scaled = {d->scaled, k->m.rows, width, width};
    sketcher->lift(d->sketch, psw_read(k->m), lifted);
    psw_gemm(true, false, k->m.rows, psw_read(lifted), scaled, 0, psw_rows_of(d->product, features, width));
    int larger = d->exponent > top ? d->exponent : top;
    double keep = attend_scale_to(d->exponent, larger), take = attend_scale_to(top, larger);
    for (ptrdiff_t i = 0; i < count; i++) d->total[i] = keep * d->total[i] + take * (double)d->product[i];
    d->exponent = larger;
}

static void add_block(attend_decode *d, ptrdiff_t first, ptrdiff_t count)
{
    psw_data_rows(d->data, 0, PSW_KEY, first, count, d->rows[PSW_KEY]);
    psw_data_rows(d->data, 0, PSW_VALUE, first, count, d->rows[PSW_VALUE]);
    map(d, PSW_KEY, d->rows[PSW_KEY], count, &d->mapped);
    for (ptrdiff_t at = 0; at < count; at += d->lift_rows) {
        attend_mapped keys = part_of(&d->mapped, at, attend_smaller(d->lift_rows, count - at));
        add_keys(d, &keys, d->rows[PSW_VALUE] + at * d->base.p->v);
    }
}

/* Features of the tail but for the new token, in whose place the pass puts it. */
static void map_tail(attend_decode *d)
{
    ptrdiff_t stored = d->shape.stored;
    for (ptrdiff_t first = d->held; first < d->base.p->n; first += d->base.leaf) {
        attend_mapped part = part_of(&d->tail, first - d->held, attend_smaller(d->base.leaf, d->base.p->n - first));
        psw_data_rows(d->data, 0, PSW_KEY, first, part.m.rows, d->rows[PSW_KEY]);
        map(d, PSW_KEY, d->rows[PSW_KEY], part.m.rows, &d->mapped);
        memcpy(part.m.at, d->mapped.m.at, (size_t)(part.m.rows * stored) * sizeof(psw_real));
        memcpy(part.mantissa, d->mapped.mantissa, (size_t)part.m.rows * sizeof *part.mantissa);
        memcpy(part.exponent, d->mapped.exponent, (size_t)part.m.rows * sizeof *part.exponent);
    }
}

psw_status attend_decode_load_states(attend_decode *d, psw_watch watch)
{
    ptrdiff_t count = d->shape.features * (d->base.p->v + 1);
    d->exponent = PSW_EMPTY;
    for (ptrdiff_t i = 0; i < count; i++) d->total[i] = 0;
    for (ptrdiff_t first = 0; first < d->held; first += d->base.leaf) {
        PSW_TRY(psw_watch_ask(watch));
        add_block(d, first, attend_smaller(d->base.leaf, d->held - first));
    }
    attend_round(d->total, count, d->state);
    if (d->base.p->local == 0) map_tail(d);
    return psw_watch_ask(watch);
}

/* ---- the new token ---- */

/* next = state + phi(k) [v | 1], of the new key: the work of a token that leaves the tail. */
static void move_on(attend_decode *d, const attend_mapped *k)
{
    ptrdiff_t features = d->shape.features, v = d->base.p->v;
    psw_real scale = (psw_real)*k->mantissa;
    sketcher->lift(d->sketch, psw_read(k->m), psw_rows_of(d->lifted, 1, features));
    for (ptrdiff_t c = 0; c < v; c++) d->part[c] = (psw_real)d->rows[PSW_VALUE][c] * scale;
    d->part[v] = scale;
    for (ptrdiff_t f = 0; f < features; f++) {
        const psw_real *restrict from = d->state + f * (v + 1), *restrict add = d->part;
        psw_real *restrict to = d->next + f * (v + 1), phi = d->lifted[f];
        for (ptrdiff_t c = 0; c <= v; c++) to[c] = from[c] + phi * add[c];
    }
}

/* Numbers for all values, and for the denominator, under an exponent, join the sums. */
static void join(attend_decode *d, const double *numbers, int exponent)
{
    ptrdiff_t v = d->base.p->v;
    memcpy(d->more.at, numbers, (size_t)v * sizeof *numbers);
    d->more.at[v] = 0, d->more.at[v + 1] = numbers[v];
    *d->more.exponent = exponent;
    attend_sums_merge(d->sums, d->more);
}

/* phi(q)^T state. Rounding of a state can make a sum of positive weights negative: it counts as 0. */
static void read_far(attend_decode *d, const attend_mapped *q)
{
    ptrdiff_t features = d->shape.features, v = d->base.p->v;
    double *numbers = d->total; /* free since it was rounded */
    if (d->exponent == PSW_EMPTY || *q->exponent == PSW_EMPTY) return;
    sketcher->lift(d->sketch, psw_read(q->m), psw_rows_of(d->lifted, 1, features));
    for (ptrdiff_t c = 0; c <= v; c++) d->part[c] = 0;
    for (ptrdiff_t f = 0; f < features; f++) {
        const psw_real *restrict from = d->state + f * (v + 1);
        psw_real *restrict sum = d->part, phi = d->lifted[f];
        for (ptrdiff_t c = 0; c <= v; c++) sum[c] += phi * from[c];
    }
    for (ptrdiff_t c = 0; c <= v; c++) numbers[c] = *q->mantissa * (double)d->part[c];
    if (numbers[v] < 0 && !d->shape.signs) numbers[v] = 0;
    join(d, numbers, d->exponent + *q->exponent);
}

static double product(const psw_real *a, const psw_real *b, ptrdiff_t count)
{
    psw_real lane[PSW_DECODE_GROUP] = {0}, sum = 0;
    ptrdiff_t i = 0;
    for (; i + PSW_DECODE_GROUP <= count; i += PSW_DECODE_GROUP)
        for (int l = 0; l < PSW_DECODE_GROUP; l++) lane[l] += a[i + l] * b[i + l];
    for (; i < count; i++) sum += a[i] * b[i];
    for (int l = 0; l < PSW_DECODE_GROUP; l++) sum += lane[l];
    return (double)sum;
}

/* Keys of the tail, the new one too, by their features. */
static void read_near(attend_decode *d, const attend_mapped *q)
{
    const attend_mapped *k = &d->tail;
    ptrdiff_t v = d->base.p->v, count = d->base.p->n - d->held;
    int top = PSW_EMPTY;
    double sum = 0, *numbers = d->total;
    for (ptrdiff_t j = 0; j < count; j++) top = k->exponent[j] > top ? k->exponent[j] : top;
    if (top == PSW_EMPTY || *q->exponent == PSW_EMPTY) return;
    for (ptrdiff_t j = 0; j < count; j++) {
        const psw_real *m = k->m.at + j * k->m.stride;
        double z = product(q->m.at, m, k->m.cols), first = (double)q->m.at[0] * (double)m[0];
        double w = attend_weigh_product(d->base.p, d->shape.weigh, z, first) * k->mantissa[j] *
                   attend_scale_to(k->exponent[j], top);
        d->w[j] = (psw_real)w;
        sum += w;
    }
    for (ptrdiff_t c = 0; c < v; c++) d->part[c] = 0;
    attend_cache_add(&d->cache, d->w, 0, count, d->part);
    for (ptrdiff_t c = 0; c < v; c++) numbers[c] = *q->mantissa * (double)d->part[c];
    numbers[v] = *q->mantissa * sum;
    join(d, numbers, top + *q->exponent);
}

void attend_decode_read_states(attend_decode *d)
{
    attend_mapped key = d->base.p->local > 0 ? d->tail : part_of(&d->tail, d->base.p->n - 1 - d->held, 1);
    map(d, PSW_KEY, d->rows[PSW_KEY], 1, &key);
    move_on(d, &key);
    attend_mapped q = part_of(&d->mapped, 0, 1);
    map(d, PSW_QUERY, d->rows[PSW_QUERY], 1, &q);
    read_far(d, &q);
    if (d->base.p->local == 0) read_near(d, &q);
}
