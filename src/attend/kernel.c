/* Weights of exact kernels, row by row in double, by the methods themselves: what outputs are compared with. */
#include <math.h>

#include "attend/method.h"
#include "attend/sums.h"

/* The method that folds rows with the point's kernel: its own, or that of the kernel which its sketch estimates. */
static const attend_method_row *row_of(const psw_point *point)
{
    const psw_method_facts *facts = psw_method_facts_of(point->method);
    if (facts->folds == PSW_FOLDS_ROWS || facts->folds == PSW_FOLDS_EITHER) return attend_method_row_of(point->method);
    return facts->folds == PSW_FOLDS_STATES ? attend_method_row_of(psw_method_of_kernel(facts->kernel)) : NULL;
}

bool psw_weights_known(const psw_point *point)
{
    return psw_method_computes(point->method) && row_of(point) != NULL;
}

/* Of the ranges that the query sees: both have one peak, and so one exponent. */
static double peak_of(const attend_method_row *method, const psw_point *point, const psw_seen *seen, const double *z)
{
    double peak = -INFINITY;
    for (int k = 0; method->peak && k < seen->ranges; k++) {
        double own = attend_row_peak(method->peak(point), z + seen->at[k].first, seen->at[k].count);
        peak = isnan(own) || own > peak ? own : peak;
    }
    return peak;
}

ptrdiff_t psw_weights_keep(const psw_point *point)
{
    const attend_method_row *method = row_of(point);
    return method && method->keep ? method->keep(point) : 0;
}

double psw_weights_row(const psw_point *point, ptrdiff_t query, psw_tokens keys, const double *z, const psw_score *kept,
                       double *w)
{
    const attend_method_row *method = row_of(point);
    psw_seen seen = psw_attend_seen(point, query, keys);
    double log2 = -INFINITY, peak, log2_peak;
    for (int k = 0; k < seen.ranges; k++) seen.at[k].first -= keys.first;
    for (ptrdiff_t j = 0; j < keys.count; j++) w[j] = 0;
    peak = peak_of(method, point, &seen, z);
    attend_log2_all(&peak, 1, &log2_peak);
    for (int k = 0; k < seen.ranges; k++) {
        psw_tokens part = seen.at[k];
        attend_score_row row = {
            z + part.first, keys.first + part.first, part.count, peak, log2_peak, {0, 0}, NULL, NULL};
        if (kept) row.kept = (psw_score){kept->z, kept->key};
        attend_weight_sum sum = method->weigh(point, &row, w + part.first);
        if (sum.exponent != PSW_EMPTY) log2 = (double)sum.exponent;
    }
    return log2;
}
