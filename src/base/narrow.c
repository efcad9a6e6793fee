#include "polysweep/narrow.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

const psw_narrow psw_narrow_bf16 = {"bf16", 8, -126, 127};
const psw_narrow psw_narrow_fp16 = {"fp16", 11, -14, 15};

/* Adding 1.5 2^52 q and taking it away again rounds a double to multiples of q, the format's spacing at x: 2^(e - bits
 * + 1) with e the exponent of x, not below that of normal numbers. The power of two is x without its fraction. */
void psw_narrow_doubles(const psw_narrow *format, double *x, ptrdiff_t count)
{
    const double shift = ldexp(1.5, 53 - format->bits), least = ldexp(1, format->least), most = 0x1p900;
    const double limit = ldexp(1, format->largest + 1);
    for (ptrdiff_t i = 0; i < count; i++) {
        uint64_t bits, power;
        double from = x[i], spacing, to;
        memcpy(&bits, &from, sizeof bits);
        power = bits & UINT64_C(0x7ff0000000000000);
        memcpy(&spacing, &power, sizeof spacing);
        spacing = spacing > least ? spacing : least;
        spacing = (spacing < most ? spacing : most) * shift;
        to = (from + spacing) - spacing;
        to = to >= limit || to <= -limit ? to * INFINITY : to;
        x[i] = copysign(to, from);
    }
}
