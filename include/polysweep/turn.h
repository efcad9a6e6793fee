/* base: rows to columns, through vectors of 16 bytes, which every processor has: number by number, each store would go
 * to another cache line. Moves numbers alone. Compiled per precision and target, like everything that includes real.h.
 */
#ifndef POLYSWEEP_TURN_H
#define POLYSWEEP_TURN_H

#include <stdint.h>

#include "polysweep/real.h"

enum { PSW_TURN = 16 / sizeof(psw_real) };
typedef psw_real psw_turned __attribute__((vector_size(16)));
typedef psw_real psw_loose_turned __attribute__((vector_size(16), aligned(4), may_alias));

/* a_0 b_0 a_1 b_1 ... of the lower halves, and of the upper ones */
static inline psw_turned psw_turn_low(psw_turned a, psw_turned b)
{
#if defined(PSW_SINGLE) && defined(__clang__)
    return __builtin_shufflevector(a, b, 0, 4, 1, 5);
#elif defined(PSW_SINGLE)
    return __builtin_shuffle(a, b, (int32_t __attribute__((vector_size(16)))){0, 4, 1, 5});
#elif defined(__clang__)
    return __builtin_shufflevector(a, b, 0, 2);
#else
    return __builtin_shuffle(a, b, (int64_t __attribute__((vector_size(16)))){0, 2});
#endif
}

static inline psw_turned psw_turn_high(psw_turned a, psw_turned b)
{
#if defined(PSW_SINGLE) && defined(__clang__)
    return __builtin_shufflevector(a, b, 2, 6, 3, 7);
#elif defined(PSW_SINGLE)
    return __builtin_shuffle(a, b, (int32_t __attribute__((vector_size(16)))){2, 6, 3, 7});
#elif defined(__clang__)
    return __builtin_shufflevector(a, b, 1, 3);
#else
    return __builtin_shuffle(a, b, (int64_t __attribute__((vector_size(16)))){1, 3});
#endif
}

/* to = from^T of PSW_TURN x PSW_TURN numbers. Every step puts row i beside row i + half, entry by entry. */
static inline void psw_turn_tile(const psw_real *from, ptrdiff_t down, psw_real *to, ptrdiff_t stride)
{
    enum { HALF = PSW_TURN / 2 };
    psw_turned x[PSW_TURN], y[PSW_TURN];
    for (int i = 0; i < PSW_TURN; i++) x[i] = *(const psw_loose_turned *)(from + i * down);
    for (int step = 1; step < PSW_TURN; step *= 2) {
        for (int i = 0; i < HALF; i++) {
            y[2 * i] = psw_turn_low(x[i], x[i + HALF]);
            y[2 * i + 1] = psw_turn_high(x[i], x[i + HALF]);
        }
        for (int i = 0; i < PSW_TURN; i++) x[i] = y[i];
    }
    for (int i = 0; i < PSW_TURN; i++) *(psw_loose_turned *)(to + i * stride) = x[i];
}

/* to = from^T; they do not overlap. A few columns of `from`, all its rows, then the next ones: both stay in a cache. */
static inline void psw_turn_rows(psw_const_rows from, psw_rows to)
{
    ptrdiff_t rows = from.rows / PSW_TURN * PSW_TURN, cols = from.cols / PSW_TURN * PSW_TURN;
    for (ptrdiff_t j = 0; j < cols; j += PSW_TURN)
        for (ptrdiff_t i = 0; i < rows; i += PSW_TURN)
            psw_turn_tile(from.at + i * from.stride + j, from.stride, to.at + j * to.stride + i, to.stride);
    for (ptrdiff_t j = 0; j < from.cols; j++)
        for (ptrdiff_t i = j < cols ? rows : 0; i < from.rows; i++)
            to.at[j * to.stride + i] = from.at[i * from.stride + j];
}

#endif
