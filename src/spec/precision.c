#include "polysweep/spec.h"

const psw_narrow *psw_point_narrow(const psw_point *point)
{
    static const psw_narrow *const formats[] = {[PSW_BF16] = &psw_narrow_bf16, [PSW_FP16] = &psw_narrow_fp16};
    return (size_t)point->precision < sizeof formats / sizeof *formats ? formats[point->precision] : NULL;
}
