/* topk: w = e^z of the `keep` largest scores of a row, of equal ones the first. */
#include <math.h>

#include "polysweep/chunk.h"
#include "attend/method.h"
#include "attend/sums.h"

/* Clears the weights of scores that come after the last one kept; returns the number of the others. */
static ptrdiff_t clear_others(const attend_score_row *row, psw_real *w)
{
    psw_real last = (psw_real)row->kept.z; /* a score: exact */
    ptrdiff_t kept = 0, equal = row->kept.key - row->first;
    for (ptrdiff_t i = 0; i < row->count; i++) {
        bool keeps = row->z[i] > last || (row->z[i] == last && i <= equal);
        w[i] = keeps ? w[i] : 0;
        kept += keeps;
    }
    return kept;
}

/* A row without its other weights; its largest one in the leaf is kept if any is. */
static attend_weight_sum weigh(const psw_point *point, const attend_score_row *row, psw_real *w)
{
    attend_weight_sum all = attend_exponential_weights(row, w);
    (void)point;
    if (isnan(all.sum)) return all;
    ptrdiff_t kept = clear_others(row, w);
    if (kept == row->count) return all;
    return kept == 0 ? (attend_weight_sum){0, PSW_EMPTY}
                     : (attend_weight_sum){psw_row_sum(w, row->count), all.exponent};
}

/* A comparison for each of its two looks at a score. The first `keep` = k scores of n enter the heap, and of the
 * others, in any order, some k ln(n / k), which sink by log2 k places; a place takes as long as two logarithms. */
static psw_weigh_work work(const psw_point *point)
{
    double n = (double)point->n, k = fmin((double)point->keep, n);
    double places = 2 * k + k * log(n / k) * log2(k + 1);
    return (psw_weigh_work){.exponentials = 1, .multiplications = 2, .transcends = 2 * places / n};
}

static ptrdiff_t keep(const psw_point *point)
{
    return point->keep;
}

const attend_method_row ATTEND_WEIGH(topk) = {.peak = attend_peak_largest, .weigh = weigh, .work = work, .keep = keep};
