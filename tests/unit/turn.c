/* Rows to columns, of every small shape and of strides that are longer than rows; what stands beside stays. Built for
 * both precisions. */
#include "check.h"
#include "polysweep/turn.h"

enum { MOST = 19, STRIDE = 23 };

static void turned(ptrdiff_t rows, ptrdiff_t cols)
{
    static psw_real from[MOST * STRIDE], to[MOST * STRIDE];
    ptrdiff_t wrong = 0;
    for (ptrdiff_t i = 0; i < MOST * STRIDE; i++) from[i] = (psw_real)(i + 1) / 3, to[i] = -1;
    psw_turn_rows((psw_const_rows){from, rows, cols, STRIDE}, (psw_rows){to, cols, rows, STRIDE});
    for (ptrdiff_t j = 0; j < MOST; j++)
        for (ptrdiff_t i = 0; i < STRIDE; i++) {
            bool inside = j < cols && i < rows;
            wrong += to[j * STRIDE + i] != (inside ? from[i * STRIDE + j] : -1);
        }
    CHECK(wrong == 0, "%td x %td: %td numbers are wrong", rows, cols, wrong);
}

int main(void)
{
    for (ptrdiff_t rows = 0; rows <= MOST; rows++)
        for (ptrdiff_t cols = 0; cols <= MOST; cols++) turned(rows, cols);
    return test_end();
}
