/* Products against a packed right-hand side: right for every shape; the same bits for every shape (our own kernel), or
 * for the same shape (BLAS). Compiled for both precisions. */
#include "polysweep/tile.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

/* All bits of the mantissa are in use, so that no product is exact: one that is rounded before it is added shows. */
static psw_real *numbers(ptrdiff_t count, uint64_t seed)
{
    psw_real *x = malloc((size_t)count * sizeof *x);
    for (ptrdiff_t i = 0; i < count; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        x[i] = (psw_real)(((double)(seed >> 12) + 0.5) * 0x1p-52 - 0.5);
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

/* The same product again, elsewhere in memory, and with other numbers in one of its rows. */
static void same_shape_same_bits(ptrdiff_t rows, ptrdiff_t inner, ptrdiff_t cols)
{
    ptrdiff_t count = psw_panels_count(inner, cols), line = 64 / (ptrdiff_t)sizeof(psw_real);
    psw_real *a = numbers(rows * inner, 8), *b = numbers(inner * cols, 9), *room = aligned_alloc(4096, 1 << 20);
    psw_real *c = calloc((size_t)(rows * cols), sizeof *c), *again = calloc((size_t)(rows * cols), sizeof *c);
    for (int time = 0; time < 5; time++) {
        psw_panels packed = {room + time * line, inner, cols};
        if (count + 5 * line > (1 << 20) / (ptrdiff_t)sizeof *room) break;
        psw_panels_pack((psw_const_rows){b, inner, cols, cols}, packed);
        if (time == 4) memset(a + (rows - 1) * inner, 0, (size_t)inner * sizeof *a);
        psw_panels_product((psw_const_rows){a, rows, inner, inner}, packed, psw_rows_of(time ? again : c, rows, cols));
        size_t compared = (size_t)((time == 4 ? rows - 1 : rows) * cols);
        if (time) CHECK(memcmp(c, again, compared * sizeof *c) == 0, "%td x %td x %td", rows, inner, cols);
    }
    free(a), free(b), free(room), free(c), free(again);
}

static void plain_panel(void)
{
    enum { INNER = 9, COLS = 2 * PSW_VECTOR_BYTES / sizeof(psw_real) };
    psw_real *b = numbers(INNER * COLS, 10), packed[INNER * COLS];
    CHECK(psw_panels_count(INNER, COLS) == INNER * COLS, "room for gaps");
    psw_panels_pack((psw_const_rows){b, INNER, COLS, COLS}, (psw_panels){packed, INNER, COLS});
    CHECK(memcmp(packed, b, sizeof packed) == 0, "two vectors of columns do not stand as they are");
    free(b);
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
    psw_panels_put_rows(put, 1, (psw_const_rows){b + 3 * COLS, 2, COLS, COLS});
    memcpy(b + COLS, b + 3 * COLS, 2 * COLS * sizeof *b);
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
    if (PSW_TILE_ANY_SHAPE) same_bits();
    same_shape_same_bits(96, 64, 512);
    same_shape_same_bits(96, 512, 64);
    same_shape_same_bits(1, 130, 33);
    same_shape_same_bits(96, 130, 1);
    plain_panel();
    replaced_row();
    return test_end();
}
