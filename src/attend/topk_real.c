/* topk: w = e^z of the `keep` largest scores of a row, of equal ones the first. */
#include "polysweep/chunk.h"
#include "attend/method.h"
#include "attend/sums.h"

static bool is_kept(const attend_score_row *row, ptrdiff_t i)
{
    return !attend_score_before(row->kept, (attend_score){(double)row->z[i], row->first + i});
}

/* A row without its other weights; its largest one in the leaf is kept if any is. */
static attend_weight_sum weigh(const psw_point *point, const attend_score_row *row, psw_real *w)
{
    attend_weight_sum all = attend_exponential_weights(row, w);
    ptrdiff_t kept = 0;
    (void)point;
    if (all.sum != all.sum) return all; /* NaN */
    for (ptrdiff_t i = 0; i < row->count; i++) {
        bool keeps = is_kept(row, i);
        w[i] = keeps ? w[i] : 0;
        kept += keeps;
    }
    if (kept == row->count) return all;
    return kept == 0 ? (attend_weight_sum){0, PSW_EMPTY}
                     : (attend_weight_sum){psw_row_sum(w, row->count), all.exponent};
}

/* A comparison for each of its two looks at a score. */
static psw_weigh_work work(const psw_point *point)
{
    (void)point;
    return (psw_weigh_work){.exponentials = 1, .multiplications = 2};
}

static ptrdiff_t keep(const psw_point *point)
{
    return point->keep;
}

const attend_method_row ATTEND_WEIGH(topk) = {.peak = attend_peak_largest, .weigh = weigh, .work = work, .keep = keep};
