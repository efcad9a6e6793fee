/* Mapped blocks, and the states that are summed from them. */
#include <math.h>
#include <string.h>

#include "attend/states.h"
#include "polysweep/transcend.h"

static const psw_sketcher *const sketcher = &PSW_PRECISION_NAME(psw_sketcher);

/* ---- rows of a block ---- */

/* Data sets differ in row j3: writes that of `set` to where it is about to be read. */
static void place(attend_state_pass *f, int set, attend_span span)
{
    ptrdiff_t d = psw_point_width(f->base.p), v = f->base.p->v, block = span.first / f->base.leaf;
    if (f->base.sets < 2 || f->placed == set || !attend_span_has(span, f->base.special)) return;
    ptrdiff_t first = psw_route_place(&f->base.route, block) * f->base.leaf, at = f->base.special - span.first;
    for (int side = 0; side < 2; side++) /* shared: both are the same row */
        memcpy(f->rows[side] + (first + at) * d, f->other[set][side], (size_t)d * sizeof(psw_real));
    psw_real *column = f->values + first * (v + 1) + at;
    for (ptrdiff_t c = 0; c < v; c++) column[c * f->base.leaf] = f->other[set][PSW_VALUE][c];
    f->placed = set;
}

psw_const_rows attend_states_values(attend_state_pass *f, int set, ptrdiff_t block)
{
    attend_span span = attend_block_span(f, block);
    const psw_real *at = f->values + psw_route_place(&f->base.route, block) * f->base.leaf * (f->base.p->v + 1);
    place(f, set, span);
    return (psw_const_rows){at, f->base.p->v + 1, span.count, f->base.leaf};
}

/* 2^s = mantissa 2^exponent. What is not finite or out of range becomes NaN, which is found in the results. */
static void split(ptrdiff_t count, const double *s, double *restrict mantissa, int *restrict exponent)
{
    for (ptrdiff_t i = 0; i < count; i++) {
        double whole = floor(s[i]);
        bool sound = fabs(whole) < 0x1p28;
        double power = psw_exp2(sound ? s[i] - whole : 0);
        mantissa[i] = sound ? power : s[i] == -INFINITY ? 0 : NAN;
        exponent[i] = sound ? (int)whole : s[i] == -INFINITY ? PSW_EMPTY : 0;
    }
}

/* Moves the exponent of the largest entry from m to the scale if it is far from 0, as for features of high degree:
 * their products would leave the range of single precision. weigh is of degree `degree` in m. Powers and partial sums
 * have entries of at most 1. */
static void centre(psw_real *m, ptrdiff_t count, int degree, int *exponent)
{
    double largest = psw_row_peak(PSW_PEAK_MAGNITUDE, m, count);
    int own;
    if ((largest > 0x1p-6 && largest < 0x1p6) || largest == 0 || !isfinite(largest) || *exponent == PSW_EMPTY) return;
    frexp(largest, &own);
    for (ptrdiff_t a = 0; a < count; a++) m[a] = (psw_real)ldexp((double)m[a], -own);
    *exponent += degree * own;
}

void attend_mapped_make(psw_sketch *sketch, const psw_sketch_shape *shape, psw_side side, psw_const_rows x,
                        attend_mapped *to)
{
    bool square = shape->weigh == PSW_WEIGH_SQUARE, homogeneous = square || shape->weigh == PSW_WEIGH_IDENTITY;
    to->m.rows = x.rows;
    (side == PSW_KEY ? sketcher->map_keys : sketcher->map)(sketch, x, to->m, to->log2_scale);
    split(x.rows, to->log2_scale, to->mantissa, to->exponent);
    for (ptrdiff_t i = 0; i < x.rows && homogeneous; i++)
        centre(to->m.at + i * to->m.stride, to->m.cols, square ? 2 : 1, &to->exponent[i]);
}

static void map(attend_state_pass *f, psw_side side, psw_const_rows x, attend_mapped *to)
{
    attend_mapped_make(f->sketch, &f->shape, side, x, to);
    if (f->base.narrow) psw_narrow_rows(f->base.narrow, to->m);
}

/* Tokens without a key add nothing, whatever the map makes of zeros. */
static void drop_missing(const attend_state_pass *f, ptrdiff_t block, attend_mapped *k)
{
    ptrdiff_t missing = attend_block_part(f, PSW_KEY, block).first - attend_block_span(f, block).first;
    for (ptrdiff_t i = 0; i < missing; i++) {
        memset(k->m.at + i * k->m.stride, 0, (size_t)k->m.cols * sizeof(psw_real));
        k->log2_scale[i] = -INFINITY, k->mantissa[i] = 0, k->exponent[i] = PSW_EMPTY;
    }
}

static const attend_mapped *mapped(attend_state_pass *f, int side, int set, ptrdiff_t block, attend_mapped *kept)
{
    ptrdiff_t d = psw_point_width(f->base.p);
    attend_span span = attend_block_span(f, block);
    const psw_real *rows = f->rows[side] + psw_route_place(&f->base.route, block) * f->base.leaf * d;
    if (kept->block != block || kept->set != set) {
        place(f, set, span);
        map(f, (psw_side)side, (psw_const_rows){rows, span.count, d, d}, kept);
        if (side == PSW_KEY) drop_missing(f, block, kept);
        kept->block = block;
        kept->set = set;
    }
    return kept;
}

/* The data set whose rows a block has: D_1 has its own in the block of j3 alone. */
static int set_of(const attend_state_pass *f, int set, ptrdiff_t block)
{
    return attend_span_has(attend_block_span(f, block), f->base.special) ? set : 0;
}

const attend_mapped *attend_states_keys(attend_state_pass *f, int set, ptrdiff_t block)
{
    set = set_of(f, set, block);
    attend_mapped *kept = f->team.keys && set == 0 ? &f->team.keys[psw_route_place(&f->base.route, block)] : &f->k[set];
    return mapped(f, PSW_KEY, set, block, kept);
}

const attend_mapped *attend_states_queries(attend_state_pass *f, int set, ptrdiff_t block)
{
    return f->shared ? attend_states_keys(f, set, block) : mapped(f, PSW_QUERY, set_of(f, set, block), block, &f->q);
}

void attend_states_map_token(attend_state_pass *f, int set)
{
    ptrdiff_t d = psw_point_width(f->base.p);
    map(f, PSW_KEY, (psw_const_rows){f->other[set][PSW_KEY], 1, d, d}, &f->token[set]);
}

/* ---- totals ---- */

/* scaled = [v | 1]^T times 2^(s(k) - E), E the largest exponent, which is returned */
static int scale_values(attend_state_pass *f, psw_const_rows values, const attend_mapped *k)
{
    int top = PSW_EMPTY;
    psw_real *restrict scale = f->scaled + f->base.p->v * f->base.leaf;
    for (ptrdiff_t j = 0; j < k->m.rows; j++) top = k->exponent[j] > top ? k->exponent[j] : top;
    for (ptrdiff_t j = 0; j < k->m.rows; j++)
        scale[j] = (psw_real)k->mantissa[j] * attend_power_of_two((long)k->exponent[j] - top);
    for (ptrdiff_t c = 0; c < f->base.p->v; c++) {
        psw_real *restrict to = f->scaled + c * f->base.leaf;
        for (ptrdiff_t j = 0; j < k->m.rows; j++) to[j] = values.at[c * values.stride + j] * scale[j];
    }
    if (f->base.narrow)
        psw_narrow_rows(f->base.narrow, (psw_rows){f->scaled, f->base.p->v + 1, k->m.rows, f->base.leaf});
    return top;
}

/* Features of a few keys at a time go into panels while they are in a cache. */
static void lift_keys(attend_state_pass *f, psw_const_rows m, psw_panels phi)
{
    if (attend_states_as_stored(f)) {
        psw_panels_put_rows(phi, 0, m);
        return;
    }
    for (ptrdiff_t first = 0; first < m.rows; first += PSW_LIFT_STEP) {
        ptrdiff_t count = m.rows - first < PSW_LIFT_STEP ? m.rows - first : PSW_LIFT_STEP;
        psw_rows lifted = psw_rows_of(f->lifted, count, phi.cols);
        sketcher->lift(f->sketch, psw_part(m, first, count), lifted);
        if (f->base.narrow) psw_narrow_rows(f->base.narrow, lifted);
        psw_panels_put_rows(phi, first, psw_read(lifted));
    }
}

/* into += product 2^exponent; rounded = into, as products take it, unless it is NULL */
static void add_product(const psw_real *restrict product, int exponent, attend_state *into, psw_real *restrict rounded)
{
    int top = into->exponent > exponent ? into->exponent : exponent;
    double keep = attend_scale_to(into->exponent, top), take = attend_scale_to(exponent, top);
    double *restrict a = into->at;
    ptrdiff_t count = into->width * into->features;
    into->exponent = top;
    if (rounded)
        for (ptrdiff_t i = 0; i < count; i++) {
            a[i] = keep * a[i] + take * (double)product[i];
            rounded[i] = (psw_real)a[i];
        }
    else
        for (ptrdiff_t i = 0; i < count; i++) a[i] = keep * a[i] + take * (double)product[i];
}

static void keep_token(attend_state_pass *f, int set, const attend_mapped *k, ptrdiff_t row)
{
    attend_mapped *token = &f->token[set];
    memcpy(token->m.at, k->m.at + row * k->m.stride, (size_t)k->m.cols * sizeof(psw_real));
    *token->mantissa = k->mantissa[row];
    *token->exponent = k->exponent[row];
}

void attend_states_total(attend_state_pass *f, int set, ptrdiff_t block, attend_state *into, psw_real *rounded)
{
    attend_span span = attend_block_span(f, block);
    const attend_mapped *k = attend_states_keys(f, set, block);
    ptrdiff_t features = f->shape.features, width = f->base.p->v + 1;
    if (attend_span_has(span, f->base.special)) keep_token(f, set, k, f->base.special - span.first);
    int exponent = scale_values(f, attend_states_values(f, set, block), k);
    if (exponent == PSW_EMPTY && rounded) attend_states_round(into, rounded);
    if (exponent == PSW_EMPTY) return;
    for (ptrdiff_t first = 0; first < span.count; first += f->lift_rows) {
        ptrdiff_t count = span.count - first < f->lift_rows ? span.count - first : f->lift_rows;
        psw_panels phi = {f->transposed, count, features};
        lift_keys(f, psw_part(psw_read(k->m), first, count), phi);
        psw_const_rows values = {f->scaled + first, width, count, f->base.leaf};
        psw_panels_product(values, phi, psw_rows_of(f->product, width, features));
        add_product(f->product, exponent, into, first + count == span.count ? rounded : NULL);
    }
}

void attend_states_round(const attend_state *state, psw_real *to)
{
    for (ptrdiff_t i = 0; i < state->width * state->features; i++) to[i] = (psw_real)state->at[i];
}

void attend_states_set_readable(attend_state_pass *f, int set, const attend_state *state)
{
    attend_states_round(state, f->reading[set]);
    attend_states_round_reading(f, set);
    f->reading_exponent[set] = state->exponent;
}

void attend_states_round_reading(attend_state_pass *f, int set)
{
    psw_rows reading = psw_rows_of(f->reading[set], f->base.p->v + 1, f->shape.features);
    if (f->base.narrow) psw_narrow_rows(f->base.narrow, reading);
}
