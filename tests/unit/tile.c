/* Products against a packed right-hand side: right for every shape, and the same bits for every shape. Compiled for
 * both precisions. */
#include "polysweep/tile.h"

#include <stdlib.h>
#include <string.h>

#include "check.h"

static psw_real *numbers(ptrdiff_t count, unsigned seed)
{
    psw_real *x = malloc((size_t)count * sizeof *x);
    for (ptrdiff_t i = 0; i < count; i++) {
        seed = seed * 1664525u + 1013904223u;
        x[i] = (psw_real)((double)(seed >> 8) / (1 << 24) - 0.5);
    }
    return x;
}

/* Relative to what inner roundings of sums of |a||b| <= inner / 4 can lose. */
static void right(ptrdiff_t rows, ptrdiff_t inner, ptrdiff_t cols)
{
    ptrdiff_t lda = inner + 3, ldb = cols + 1, ldc = cols + 2, count = psw_panels_count(inner, cols);
    psw_real *a = numbers(rows * lda, 1), *b = numbers(inner * ldb, 2), *c = numbers(rows * ldc, 3);
    psw_real *kept = numbers(rows * ldc, 3), *turned = malloc((size_t)(inner * cols) * sizeof *turned);
    psw_panels packed = {malloc((size_t)count * sizeof(psw_real)), inner, cols};
    psw_panels from_turned = {malloc((size_t)count * sizeof(psw_real)), inner, cols};
    psw_panels_pack((psw_const_rows){b, inner, cols, ldb}, packed);
    psw_panels_product((psw_const_rows){a, rows, inner, lda}, packed, (psw_rows){c, rows, cols, ldc});
    for (ptrdiff_t i = 0; i < rows; i++) {
        for (ptrdiff_t j = 0; j < cols; j++) {
            long double exact = 0;
            for (ptrdiff_t k = 0; k < inner; k++) exact += (long double)a[i * lda + k] * b[k * ldb + j];
            double off = fabs((double)(c[i * ldc + j] - exact));
            CHECK(off <= PSW_REAL_EPSILON * (double)inner / 4, "%td x %td x %td at %td, %td: off %g", rows, inner, cols,
                  i, j, off);
        }
        CHECK(memcmp(c + i * ldc + cols, kept + i * ldc + cols, 2 * sizeof *c) == 0, "past the end of row %td", i);
    }
    for (ptrdiff_t k = 0; k < inner; k++)
        for (ptrdiff_t j = 0; j < cols; j++) turned[j * inner + k] = b[k * ldb + j];
    psw_panels_pack_transposed((psw_const_rows){turned, cols, inner, inner}, from_turned);
    CHECK(memcmp(packed.at, from_turned.at, (size_t)count * sizeof *a) == 0, "packed from the transposed matrix");
    free(a), free(b), free(c), free(kept), free(turned), free(packed.at), free(from_turned.at);
}

/* Any part of the product, computed alone, has the bits it has in the whole. */
static void same_bits(void)
{
    enum { ROWS = 37, INNER = 300, COLS = 75 }; /* several chains */
    psw_real *a = numbers(ROWS * INNER, 4), *b = numbers(INNER * COLS, 5), whole[ROWS * COLS], part[ROWS * COLS];
    psw_real *room = malloc((size_t)psw_panels_count(INNER, COLS) * sizeof *room);
    psw_const_rows left = {a, ROWS, INNER, INNER};
    psw_panels all = {room, INNER, COLS};
    psw_panels_pack((psw_const_rows){b, INNER, COLS, COLS}, all);
    psw_panels_product(left, all, (psw_rows){whole, ROWS, COLS, COLS});
    for (ptrdiff_t first = 0; first < ROWS; first += 5)
        for (ptrdiff_t rows = 1; first + rows <= ROWS; rows += 6) {
            psw_panels_product(psw_part(left, first, rows), all, (psw_rows){part, rows, COLS, COLS});
            CHECK(memcmp(part, whole + first * COLS, (size_t)(rows * COLS) * sizeof *part) == 0, "rows %td + %td",
                  first, rows);
        }
    for (ptrdiff_t j = 0; j < COLS; j++) {
        psw_panels one = {room, INNER, 1};
        psw_panels_pack((psw_const_rows){b + j, INNER, 1, COLS}, one);
        psw_panels_product(left, one, (psw_rows){part, ROWS, 1, 1});
        for (ptrdiff_t i = 0; i < ROWS; i++)
            CHECK(memcmp(part + i, whole + i * COLS + j, sizeof *part) == 0, "column %td, row %td", j, i);
    }
    free(a), free(b), free(room);
}

static void replaced_row(void)
{
    enum { INNER = 6, COLS = 45 };
    psw_real *b = numbers(INNER * COLS, 6), *row = numbers(COLS, 7);
    size_t bytes = (size_t)psw_panels_count(INNER, COLS) * sizeof(psw_real);
    psw_panels put = {malloc(bytes), INNER, COLS}, packed = {malloc(bytes), INNER, COLS};
    psw_panels_pack((psw_const_rows){b, INNER, COLS, COLS}, put);
    psw_panels_put_row(put, 4, row);
    memcpy(b + 4 * COLS, row, COLS * sizeof *row);
    psw_panels_pack((psw_const_rows){b, INNER, COLS, COLS}, packed);
    CHECK(memcmp(put.at, packed.at, bytes) == 0, "a replaced row");
    free(b), free(row), free(put.at), free(packed.at);
}

int main(void)
{
    static const ptrdiff_t sides[] = {1, 2, 7, 12, 16, 17, 33, 50};
    enum { SIDES = sizeof sides / sizeof sides[0] };
    for (int i = 0; i < SIDES; i++)
        for (int j = 0; j < SIDES; j++)
            for (int k = 0; k < SIDES; k++) right(sides[i], sides[j], sides[k]);
    for (int i = 0; i < SIDES; i++) right(13, 127 + 43 * i, sides[i]); /* around and above one chain */
    same_bits();
    replaced_row();
    return test_end();
}
