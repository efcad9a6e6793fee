/* The order in which the rows of a leaf are looked up, which head_real.c explains. */
#include "judge/head_order.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static double norm_of(const psw_real *row, ptrdiff_t v)
{
    enum { SUMS = 8 };
    double sum[SUMS] = {0}, norm = 0;
    ptrdiff_t k = 0;
    for (; k + SUMS <= v; k += SUMS)
        for (int i = 0; i < SUMS; i++) sum[i] += fabs((double)row[k + i]);
    for (; k < v; k++) norm += fabs((double)row[k]);
    for (int i = 0; i < SUMS; i++) norm += sum[i];
    return norm;
}

static double most_of(const psw_head *h, const psw_real *row)
{
    double v = (double)h->point.v, u = (double)PSW_REAL_EPSILON / 2;
    psw_real norm = (psw_real)(norm_of(row, h->point.v) * (1 + (4 * v + 32) * u));
    psw_real most = norm - (psw_real)h->threshold;
    return (v + 8) * u <= 0.25 && most < (psw_real)INFINITY ? (double)most : INFINITY; /* of no numbers: no bound */
}

/* The largest first, so that few follow that can still change anything; equal rows side by side. */
static int by_most(const void *a, const void *b)
{
    const judge_head_row *x = a, *y = b;
    if (x->most != y->most) return x->most > y->most ? -1 : 1;
    int order = memcmp(x->at, y->at, x->bytes);
    return order != 0 ? order : x->index < y->index ? -1 : 1;
}

void judge_head_list(psw_head *h, const psw_leaf *leaf, ptrdiff_t pair)
{
    const psw_real *row = (const psw_real *)leaf->rows + pair * leaf->count * h->point.v;
    for (ptrdiff_t i = 0; i < leaf->count; i++, row += h->point.v) {
        double most = h->prunes ? most_of(h, row) : INFINITY;
        h->order[i] = (judge_head_row){most, row, (size_t)h->point.v * sizeof *row, i};
        h->row_value[i] = 0;
    }
    if (h->prunes) qsort(h->order, (size_t)leaf->count, sizeof *h->order, by_most);
}
