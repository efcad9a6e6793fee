/* Weights within a block, up to the diagonal. Rows are keys, columns are a panel of queries. */
#include <string.h>

#include "attend/states.h"

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
    memcpy(z, factor, sizeof u);
    for (;;) {
        if (degree % 2)
            for (ptrdiff_t i = 0; i < PSW_PANEL; i++) z[i] *= u[i];
        if (!(degree /= 2)) return;
        for (ptrdiff_t i = 0; i < PSW_PANEL; i++) u[i] *= u[i];
    }
}

/* psw_partial_sum of t and z - t; t_key times `t`, the first of what is stored of the key and of each query */
static inline void weigh_partial_sum(ptrdiff_t order, psw_real t_key, const psw_real *restrict t, psw_real *restrict z,
                                     const psw_real *restrict factor)
{
    psw_real both[PSW_PANEL], sum[PSW_PANEL], power[PSW_PANEL];
    for (ptrdiff_t i = 0; i < PSW_PANEL; i++) {
        both[i] = t_key * t[i];
        z[i] -= both[i];
        sum[i] = power[i] = 1;
    }
    for (ptrdiff_t k = order; k > 0; k--) {
        psw_real each = 1 / (psw_real)k;
        for (ptrdiff_t i = 0; i < PSW_PANEL; i++) {
            power[i] *= both[i];
            sum[i] = power[i] + z[i] * each * sum[i];
        }
    }
    for (ptrdiff_t i = 0; i < PSW_PANEL; i++) z[i] = sum[i] * factor[i];
}

/* Scores with key `j`. */
static inline void weigh(const attend_state_pass *f, const attend_mapped *k, ptrdiff_t j, const psw_real *factor)
{
    psw_real *z = f->weights + j * PSW_PANEL;
    switch (f->shape.weigh) {
    case PSW_WEIGH_SQUARE: weigh_square(z, factor); return;
    case PSW_WEIGH_IDENTITY: weigh_identity(z, factor); return;
    case PSW_WEIGH_POWER: weigh_power((unsigned long)f->base.p->beta, z, factor); return;
    case PSW_WEIGH_PARTIAL_SUM:
        weigh_partial_sum(f->base.p->order, k->m.at[j * k->m.stride], f->queries, z, factor);
        return;
    }
}

/* The largest exponent of the keys that each query sees. */
void attend_states_tops(attend_state_pass *f, const attend_mapped *k)
{
    int top = PSW_EMPTY;
    for (ptrdiff_t i = 0; i < k->m.rows; i++) f->top[i] = top = k->exponent[i] > top ? k->exponent[i] : top;
    for (ptrdiff_t i = k->m.rows; i < k->m.rows + PSW_PANEL; i++) f->top[i] = top;
}

/* Keys that all queries of the panel see: 2^(s(k) - base) 2^(base - top), base the top of the first query. */
static void weigh_seen(const attend_state_pass *f, const attend_mapped *k, ptrdiff_t first)
{
    psw_real lower[PSW_PANEL], factor[PSW_PANEL];
    long base = f->top[first];
    for (ptrdiff_t i = 0; i < PSW_PANEL; i++)
        lower[i] = base == PSW_EMPTY ? 0 : attend_power_of_two(base - f->top[first + i]);
    for (ptrdiff_t j = 0; j <= first; j++) {
        psw_real own = (psw_real)k->mantissa[j] * attend_power_of_two(k->exponent[j] - base);
        for (ptrdiff_t i = 0; i < PSW_PANEL; i++) factor[i] = own * lower[i];
        weigh(f, k, j, factor);
    }
}

/* The keys after them: query first + i sees key j if i >= j - first; other weights are 0, whatever the scores. */
static void weigh_diagonal(const attend_state_pass *f, const attend_mapped *k, ptrdiff_t first, ptrdiff_t keys)
{
    psw_real factor[PSW_PANEL];
    for (ptrdiff_t j = first + 1; j < keys; j++) {
        psw_real *z = f->weights + j * PSW_PANEL, own = (psw_real)k->mantissa[j];
        ptrdiff_t hidden = j - first;
        for (ptrdiff_t i = 0; i < PSW_PANEL; i++)
            factor[i] = i < hidden ? 0 : own * attend_power_of_two((long)k->exponent[j] - f->top[first + i]);
        for (ptrdiff_t i = 0; i < PSW_PANEL; i++) z[i] = i < hidden ? 0 : z[i];
        weigh(f, k, j, factor);
    }
}

void attend_states_weigh(attend_state_pass *f, const attend_mapped *k, ptrdiff_t first, ptrdiff_t keys)
{
    weigh_seen(f, k, first);
    weigh_diagonal(f, k, first, keys);
}
