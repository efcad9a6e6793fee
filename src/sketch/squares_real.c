/* The packed square: for a, m_a m_a and then sqrt(2) m_a m_b for b > a. */
#include "sketch/map.h"

enum { LANES = PSW_VECTOR_BYTES / sizeof(psw_real) };
typedef psw_real lanes __attribute__((vector_size(PSW_VECTOR_BYTES)));
typedef psw_real loose_lanes __attribute__((vector_size(PSW_VECTOR_BYTES), aligned(4), may_alias));

static const psw_real root = (psw_real)1.4142135623730951;

static void few_squares(const psw_real *m, ptrdiff_t r, psw_real *phi)
{
    for (ptrdiff_t a = 0; a < r; phi += r - a, a++) {
        for (ptrdiff_t b = a; b < r; b++) phi[b - a] = root * m[a] * m[b];
        phi[0] = m[a] * m[a];
    }
}

/* From the last segment (one a, every b >= a) to the first, in whole vectors: the last vector of a segment ends where m
 * does, so it may reach back into what comes before, which is written later. */
static void squares(const psw_real *m, ptrdiff_t r, psw_real *row)
{
    lanes last = *(const loose_lanes *)(m + r - LANES);
    psw_real *phi = row + r * (r + 1) / 2;
    for (ptrdiff_t a = r - 1; a >= 0; a--) {
        psw_real twice = root * m[a];
        phi -= r - a;
        for (ptrdiff_t b = a; b + LANES < r; b += LANES)
            *(loose_lanes *)(phi + (b - a)) = twice * *(const loose_lanes *)(m + b);
        *(loose_lanes *)(phi + (r - a) - LANES) = twice * last;
        phi[0] = m[a] * m[a];
    }
}

void SKETCH_SQUARES(psw_const_rows stored, psw_rows features)
{
    for (ptrdiff_t i = 0; i < stored.rows; i++) {
        const psw_real *m = stored.at + i * stored.stride;
        psw_real *phi = features.at + i * features.stride;
        if (stored.cols < LANES)
            few_squares(m, stored.cols, phi);
        else
            squares(m, stored.cols, phi);
    }
}

void SKETCH_SQUARES_TRANSPOSED(psw_const_rows stored, psw_rows features)
{
    psw_real *phi = features.at;
    for (ptrdiff_t a = 0; a < stored.rows; a++)
        for (ptrdiff_t b = a; b < stored.rows; b++, phi += features.stride) {
            const psw_real *restrict x = stored.at + a * stored.stride, *restrict y = stored.at + b * stored.stride;
            psw_real scale = b > a ? root : 1, *restrict to = phi;
            for (ptrdiff_t i = 0; i < stored.cols; i++) to[i] = scale * x[i] * y[i];
        }
}
