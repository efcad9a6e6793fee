/* Methods and logarithms of the chosen target, in double: for files that are compiled once. */
#include "attend/method.h"
#include "polysweep/targets.h"

PSW_TARGETS_DECLARE(attend_methods, attend_methods)
static const attend_methods *const methods[][2] = PSW_TARGETS_TABLE(attend_methods, attend_methods);

const attend_method_row *attend_method_row_of(psw_method method)
{
    return methods[psw_target()][0]->row_of(method);
}

void attend_log2_all(const double *x, ptrdiff_t count, double *log2)
{
    methods[psw_target()][0]->log2_all(x, count, log2);
}

double attend_row_peak(psw_peak_order order, const double *z, ptrdiff_t count)
{
    return methods[psw_target()][0]->row_peak(order, z, count);
}

bool attend_takes_threads(void)
{
    return methods[psw_target()][0]->threads;
}
