#include "attend/method.h"

static const psw_method_row methods[] = {
    {PSW_EXACT, psw_peak_magnitude, psw_weigh_exact},
    {PSW_SOFTMAX, psw_peak_largest, psw_weigh_softmax},
    {PSW_LINEAR, psw_peak_magnitude, psw_weigh_linear},
};

const psw_method_row *psw_method_row_of(psw_method method)
{
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
        if (methods[i].method == method) return &methods[i];
    return NULL;
}
