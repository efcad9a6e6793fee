/* Mapped blocks, the states they leave, and what a state holds for a row. */
#include <math.h>
#include <string.h>

#include "attend/sketched.h"

static const psw_sketcher *const sketcher = &PSW_PRECISION_NAME(psw_sketcher);

/* ---- rows of a block ---- */

static ptrdiff_t columns(const psw_sketched *f, int side)
{
    return side == PSW_VALUE ? f->p->v : f->p->d;
}

/* Sets differ in row j3: it is put where it is about to be read. */
static psw_const_rows rows_of(psw_sketched *f, int side, int set, psw_span span)
{
    ptrdiff_t cols = columns(f, side);
    if (f->sets > 1 && f->placed != set && psw_span_has(span, f->special)) {
        for (int i = 0; i < 3; i++)
            memcpy(f->rows[i] + f->special * columns(f, i), f->other[set][i], (size_t)columns(f, i) * sizeof(psw_real));
        f->placed = set;
    }
    return (psw_const_rows){f->rows[side] + span.first * cols, span.count, cols, cols};
}

/* 2^s = mantissa 2^exponent; what is not finite, or out of any range, turns to NaN and is found in the results. */
static void split(double s, double *mantissa, int *exponent)
{
    double whole = floor(s);
    bool sound = fabs(whole) < 0x1p28;
    *mantissa = sound ? exp2(s - whole) : s == -INFINITY ? 0 : NAN;
    *exponent = sound ? (int)whole : s == -INFINITY ? PSW_EMPTY : 0;
}

/* The exponent of the largest entry moves from m to the scale (weigh is of degree `degree` in m): features of high
 * degree are far from 1, and their products would leave the range of single precision. */
static void centre(psw_real *m, ptrdiff_t count, int degree, int *exponent)
{
    psw_real largest = 0;
    int own;
    for (ptrdiff_t a = 0; a < count; a++) {
        psw_real size = m[a] < 0 ? -m[a] : m[a];
        largest = size > largest ? size : largest;
    }
    if (largest == 0 || *exponent == PSW_EMPTY || !isfinite(largest)) return;
    frexp((double)largest, &own);
    if (own > -4 && own <= 4) return;
    for (ptrdiff_t a = 0; a < count; a++) m[a] = (psw_real)ldexp((double)m[a], -own);
    *exponent += degree * own;
}

static void map(psw_sketched *f, psw_const_rows x, psw_mapped *to)
{
    int degree = f->shape.weigh == PSW_WEIGH_SQUARE ? 2 : 1;
    to->m.rows = x.rows;
    sketcher->map(f->sketch, x, to->m, to->log2_scale);
    for (ptrdiff_t i = 0; i < x.rows; i++) {
        split(to->log2_scale[i], &to->mantissa[i], &to->exponent[i]);
        if (f->shape.weigh != PSW_WEIGH_POWER)
            centre(to->m.at + i * to->m.stride, to->m.cols, degree, &to->exponent[i]);
    }
}

static const psw_mapped *mapped(psw_sketched *f, int side, int set, ptrdiff_t block, psw_mapped *kept)
{
    if (kept->block != block || kept->set != set) {
        map(f, rows_of(f, side, set, psw_block_span(f, block)), kept);
        kept->block = block;
        kept->set = set;
    }
    return kept;
}

const psw_mapped *psw_sketched_keys(psw_sketched *f, int set, ptrdiff_t block)
{
    return mapped(f, PSW_KEY, set, block, &f->k[set]);
}

const psw_mapped *psw_sketched_queries(psw_sketched *f, int set, ptrdiff_t block)
{
    return f->shared ? psw_sketched_keys(f, set, block) : mapped(f, PSW_QUERY, set, block, &f->q);
}

void psw_sketched_turn(psw_const_rows a, psw_rows to)
{
    for (ptrdiff_t k = 0; k < a.cols; k++) {
        psw_real *restrict row = to.at + k * to.stride;
        for (ptrdiff_t i = 0; i < a.rows; i++) row[i] = a.at[i * a.stride + k];
        for (ptrdiff_t i = a.rows; i < to.cols; i++) row[i] = 0;
    }
}

void psw_sketched_values(psw_sketched *f, int set, ptrdiff_t block)
{
    psw_span span = psw_block_span(f, block);
    psw_sketched_turn(rows_of(f, PSW_VALUE, set, span), (psw_rows){f->values, f->p->v, span.count, f->block});
    for (ptrdiff_t j = 0; j < span.count; j++) f->values[f->p->v * f->block + j] = 1;
}

/* ---- totals ---- */

/* scaled = [v | 1]^T times 2^(s(k) - E), E the largest exponent, which is returned */
static int scale_values(psw_sketched *f, const psw_mapped *k)
{
    int top = PSW_EMPTY;
    psw_real *restrict scale = f->scaled + f->p->v * f->block;
    for (ptrdiff_t j = 0; j < k->m.rows; j++) top = k->exponent[j] > top ? k->exponent[j] : top;
    for (ptrdiff_t j = 0; j < k->m.rows; j++) {
        bool in_range = k->exponent[j] != PSW_EMPTY && top - k->exponent[j] <= -PSW_LOWEST_EXPONENT;
        scale[j] = in_range ? (psw_real)(k->mantissa[j] * psw_scale_to(k->exponent[j], top)) : 0;
        if (isnan(k->mantissa[j])) scale[j] = (psw_real)NAN;
    }
    for (ptrdiff_t c = 0; c < f->p->v; c++)
        for (ptrdiff_t j = 0; j < k->m.rows; j++) f->scaled[c * f->block + j] = f->values[c * f->block + j] * scale[j];
    return top;
}

/* into += product 2^exponent */
static void add_product(const psw_sketched *f, int exponent, psw_state *into)
{
    int top = into->exponent > exponent ? into->exponent : exponent;
    double keep = psw_scale_to(into->exponent, top), take = psw_scale_to(exponent, top);
    double *restrict a = into->at;
    const psw_real *restrict b = f->product;
    for (ptrdiff_t i = 0; i < into->width * into->features; i++) a[i] = keep * a[i] + take * (double)b[i];
    into->exponent = top;
}

static void keep_token(psw_sketched *f, int set, const psw_mapped *k, ptrdiff_t row)
{
    psw_mapped *token = &f->token[set];
    memcpy(token->m.at, k->m.at + row * k->m.stride, (size_t)k->m.cols * sizeof(psw_real));
    *token->mantissa = k->mantissa[row];
    *token->exponent = k->exponent[row];
    token->block = k->block;
}

void psw_sketched_total(psw_sketched *f, int set, ptrdiff_t block, psw_state *into)
{
    psw_span span = psw_block_span(f, block);
    const psw_mapped *k = psw_sketched_keys(f, set, block);
    ptrdiff_t features = f->shape.features, width = f->p->v + 1;
    if (psw_span_has(span, f->special)) keep_token(f, set, k, f->special - span.first);
    psw_sketched_values(f, set, block);
    int exponent = scale_values(f, k);
    if (exponent == PSW_EMPTY) return;
    for (ptrdiff_t first = 0; first < span.count; first += f->lift_rows) {
        ptrdiff_t count = span.count - first < f->lift_rows ? span.count - first : f->lift_rows;
        psw_rows lifted = psw_rows_of(f->lifted, count, features);
        psw_panels phi = {f->turned, count, features};
        sketcher->lift(f->sketch, psw_part(psw_read(k->m), first, count), lifted);
        psw_panels_pack(psw_read(lifted), phi);
        psw_const_rows values = {f->scaled + first, width, count, f->block};
        psw_panels_product(values, phi, psw_rows_of(f->product, width, features));
        add_product(f, exponent, into);
    }
}

void psw_sketched_publish(psw_sketched *f, int set, const psw_state *state)
{
    for (ptrdiff_t i = 0; i < state->width * state->features; i++) f->reading[set][i] = (psw_real)state->at[i];
}

/* ---- reads ---- */

static double weigh(psw_weigh kind, double beta, double z)
{
    return kind == PSW_WEIGH_SQUARE ? z * z : kind == PSW_WEIGH_POWER ? pow(z, beta) : z;
}

/* weigh <m(q), m(k_j3)> 2^(s(k_j3) - exponent), 0 as long as no state holds that key */
static double token_weight(const psw_sketched *f, int set, const psw_real *m, int exponent)
{
    const psw_mapped *token = &f->token[set];
    double z = 0;
    if (token->block < 0) return 0;
    for (ptrdiff_t a = 0; a < token->m.cols; a++) z += (double)m[a] * (double)token->m.at[a];
    return weigh(f->shape.weigh, f->p->beta, z) * *token->mantissa * psw_scale_to(*token->exponent, exponent);
}

/* Column i of the panel belongs to row first + i. The rounding of a state can push a denominator that is a sum of
 * positive weights below 0; it is 0 then. */
static void put_far(psw_sketched *f, int set, const psw_mapped *q, ptrdiff_t first, ptrdiff_t count, int exponent,
                    psw_sums to)
{
    ptrdiff_t v = f->p->v;
    for (ptrdiff_t i = 0; i < count; i++) {
        double *restrict sums = to.at + (first + i) * to.width, scale = q->mantissa[first + i];
        bool empty = q->exponent[first + i] == PSW_EMPTY;
        for (ptrdiff_t c = 0; c < v; c++) sums[c] = scale * (double)f->panel[c * PSW_PANEL + i];
        double den = scale * (double)f->panel[v * PSW_PANEL + i];
        sums[v + 1] = den < 0 && !f->shape.signs ? 0 : den;
        sums[v] = f->special < 0 ? 0 : scale * token_weight(f, set, q->m.at + (first + i) * q->m.stride, exponent);
        to.exponent[first + i] = empty ? PSW_EMPTY : exponent + q->exponent[first + i];
    }
}

void psw_sketched_far(psw_sketched *f, int set, ptrdiff_t block, int exponent, psw_sums to)
{
    const psw_mapped *q = psw_sketched_queries(f, set, block);
    ptrdiff_t features = f->shape.features, width = f->p->v + 1;
    if (exponent == PSW_EMPTY) {
        psw_sums_clear(to);
        return;
    }
    psw_const_rows state = {f->reading[set], width, features, features};
    for (ptrdiff_t first = 0; first < to.rows; first += PSW_PANEL) {
        ptrdiff_t count = to.rows - first < PSW_PANEL ? to.rows - first : PSW_PANEL;
        psw_rows lifted = psw_rows_of(f->lifted, count, features);
        sketcher->lift(f->sketch, psw_part(psw_read(q->m), first, count), lifted);
        psw_sketched_turn(psw_read(lifted), psw_rows_of(f->turned, features, PSW_PANEL));
        psw_panels phi = {f->turned, features, PSW_PANEL};
        psw_panels_product(state, phi, psw_rows_of(f->panel, width, PSW_PANEL));
        put_far(f, set, q, first, count, exponent, to);
    }
}
