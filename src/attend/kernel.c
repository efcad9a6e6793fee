/* Weights of exact kernels, row by row in double, by the methods themselves: what outputs are compared with. */
#include <math.h>

#include "attend/method.h"
#include "attend/sums.h"

/* The method that folds rows with the point's kernel: its own, or that of the kernel which its sketch estimates. */
static const attend_method_row *row_of(const psw_point *point)
{
    const psw_method_facts *facts = psw_method_facts_of(point->method);
    bool own = facts->folds == PSW_FOLDS_ROWS || facts->folds == PSW_FOLDS_EITHER;
    psw_method method = own ? point->method : psw_method_of_kernel(facts->kernel);
    return attend_method_row_of(method);
}

bool psw_weights_known(const psw_point *point)
{
    return psw_method_computes(point->method) && row_of(point) != NULL;
}

double psw_weights_row(const psw_point *point, ptrdiff_t count, const double *z, double *w)
{
    const attend_method_row *method = row_of(point);
    attend_score_row row = {.z = z, .count = count};
    if (count == 0) return -INFINITY;
    row.peak = method->peak(z, count);
    attend_log2_all(&row.peak, 1, &row.log2_peak);
    attend_weight_sum sum = method->weigh(point, &row, w);
    return sum.exponent == PSW_EMPTY ? -INFINITY : (double)sum.exponent;
}
