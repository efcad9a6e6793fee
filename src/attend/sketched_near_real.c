/* Sketched weights of a block with itself, up to the diagonal, a panel of queries at a time: keys are rows. */
#include <math.h>
#include <string.h>

#include "attend/sketched.h"

/* 2^e as a real for e <= 0; 0 below PSW_LOWEST_EXPONENT */
static inline psw_real power_of_two(long e)
{
#ifdef PSW_SINGLE
    uint32_t bits = e < PSW_LOWEST_EXPONENT ? 0 : (uint32_t)(e + 127) << 23;
#else
    uint64_t bits = e < PSW_LOWEST_EXPONENT ? 0 : (uint64_t)(e + 1023) << 52;
#endif
    psw_real x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* z <- weigh(z) factor */
static inline void weigh_square(psw_real *restrict z, const psw_real *restrict factor)
{
    for (ptrdiff_t i = 0; i < PSW_PANEL; i++) z[i] = z[i] * z[i] * factor[i];
}

static inline void weigh_identity(psw_real *restrict z, const psw_real *restrict factor)
{
    for (ptrdiff_t i = 0; i < PSW_PANEL; i++) z[i] *= factor[i];
}

static inline void weigh_power(unsigned long degree, psw_real *restrict z, const psw_real *restrict factor)
{
    psw_real u[PSW_PANEL];
    memcpy(u, z, sizeof u);
    for (ptrdiff_t i = 0; i < PSW_PANEL; i++) z[i] = factor[i];
    for (;;) {
        if (degree % 2)
            for (ptrdiff_t i = 0; i < PSW_PANEL; i++) z[i] *= u[i];
        if (!(degree /= 2)) return;
        for (ptrdiff_t i = 0; i < PSW_PANEL; i++) u[i] *= u[i];
    }
}

static inline void weigh(const psw_sketched *f, psw_real *z, const psw_real *factor)
{
    switch (f->shape.weigh) {
    case PSW_WEIGH_SQUARE: weigh_square(z, factor); return;
    case PSW_WEIGH_IDENTITY: weigh_identity(z, factor); return;
    case PSW_WEIGH_POWER: weigh_power((unsigned long)f->p->beta, z, factor); return;
    }
}

/* top[i] = largest exponent of keys 0 .. i */
static void find_tops(psw_sketched *f, const psw_mapped *k)
{
    int top = PSW_EMPTY;
    for (ptrdiff_t i = 0; i < k->m.rows; i++) f->top[i] = top = k->exponent[i] > top ? k->exponent[i] : top;
    for (ptrdiff_t i = k->m.rows; i < k->m.rows + PSW_PANEL; i++) f->top[i] = top;
}

/* Keys that every query of the panel sees: 2^(s(k) - base) 2^(base - top), base the top of the first query. */
static void weigh_seen(const psw_sketched *f, const psw_mapped *k, ptrdiff_t first)
{
    psw_real lower[PSW_PANEL], factor[PSW_PANEL];
    long base = f->top[first];
    for (ptrdiff_t i = 0; i < PSW_PANEL; i++) lower[i] = base == PSW_EMPTY ? 0 : power_of_two(base - f->top[first + i]);
    for (ptrdiff_t j = 0; j <= first; j++) {
        psw_real own = (psw_real)k->mantissa[j] * power_of_two(k->exponent[j] - base);
        for (ptrdiff_t i = 0; i < PSW_PANEL; i++) factor[i] = own * lower[i];
        weigh(f, f->weights + j * PSW_PANEL, factor);
    }
}

/* The keys after it: query first + i sees key j from i = j - first on; the others have weight 0 whatever they are. */
static void weigh_diagonal(const psw_sketched *f, const psw_mapped *k, ptrdiff_t first, ptrdiff_t keys)
{
    psw_real factor[PSW_PANEL];
    for (ptrdiff_t j = first + 1; j < keys; j++) {
        psw_real *z = f->weights + j * PSW_PANEL;
        ptrdiff_t hidden = j - first;
        for (ptrdiff_t i = 0; i < hidden; i++) z[i] = factor[i] = 0;
        for (ptrdiff_t i = hidden; i < PSW_PANEL; i++)
            factor[i] = (psw_real)k->mantissa[j] * power_of_two((long)k->exponent[j] - f->top[first + i]);
        weigh(f, z, factor);
    }
}

static void put(const psw_sketched *f, const psw_mapped *q, ptrdiff_t first, ptrdiff_t count, ptrdiff_t token,
                psw_sums to)
{
    ptrdiff_t v = f->p->v;
    for (ptrdiff_t i = 0; i < count; i++) {
        double *restrict sums = to.at + (first + i) * to.width, scale = q->mantissa[first + i];
        bool empty = q->exponent[first + i] == PSW_EMPTY || f->top[first + i] == PSW_EMPTY;
        for (ptrdiff_t c = 0; c < v; c++) sums[c] = scale * (double)f->panel[c * PSW_PANEL + i];
        sums[v] = token < 0 ? 0 : scale * (double)f->weights[token * PSW_PANEL + i];
        sums[v + 1] = scale * (double)f->panel[v * PSW_PANEL + i];
        to.exponent[first + i] = empty ? PSW_EMPTY : f->top[first + i] + q->exponent[first + i];
    }
}

void psw_sketched_near(psw_sketched *f, int set, ptrdiff_t block, psw_sums to)
{
    psw_span span = psw_block_span(f, block);
    const psw_mapped *k = psw_sketched_keys(f, set, block), *q = psw_sketched_queries(f, set, block);
    ptrdiff_t stored = f->shape.stored, width = f->p->v + 1;
    psw_sketched_values(f, set, block);
    find_tops(f, k);
    for (ptrdiff_t first = 0; first < span.count; first += PSW_PANEL) {
        ptrdiff_t count = span.count - first < PSW_PANEL ? span.count - first : PSW_PANEL, keys = first + count;
        ptrdiff_t token = psw_span_has((psw_span){span.first, keys}, f->special) ? f->special - span.first : -1;
        psw_panels queries = {f->queries, stored, PSW_PANEL}, weights = {f->weights, keys, PSW_PANEL};
        psw_sketched_turn(psw_part(psw_read(q->m), first, count), psw_rows_of(f->queries, stored, PSW_PANEL));
        psw_panels_product(psw_part(psw_read(k->m), 0, keys), queries, psw_rows_of(f->weights, keys, PSW_PANEL));
        weigh_seen(f, k, first);
        weigh_diagonal(f, k, first, keys);
        psw_panels_product((psw_const_rows){f->values, width, keys, f->block}, weights,
                           psw_rows_of(f->panel, width, PSW_PANEL));
        put(f, q, first, count, token, to);
    }
}
