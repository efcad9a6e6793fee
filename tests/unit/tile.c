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

/* Fewer columns and terms than are packed: the bits of a product that has no more. Peaks: those of a plain look. */
static void parts(ptrdiff_t rows, ptrdiff_t inner, ptrdiff_t cols)
{
    ptrdiff_t count = psw_panels_count(inner, cols), ldc = cols + 3;
    psw_real *a = numbers(rows * inner, 11), *b = numbers(inner * cols, 12), *c = numbers(rows * ldc, 13);
    psw_real *own = malloc((size_t)(rows * cols) * sizeof *own), *kept = numbers(rows * ldc, 13);
    double *peak = malloc((size_t)rows * sizeof *peak);
    psw_panels all = {malloc((size_t)count * sizeof *a), inner, cols}, some = all;
    some.at = malloc((size_t)count * sizeof *a);
    psw_panels_pack((psw_const_rows){b, inner, cols, cols}, all);
    for (ptrdiff_t terms = inner; terms > 0; terms = terms * 2 / 3)
        for (ptrdiff_t few = cols; few > 0; few = few * 2 / 3)
            for (int order = PSW_PEAK_MAGNITUDE; order <= PSW_PEAK_SIGNED; order++) {
                psw_const_rows left = {a, rows, terms, inner};
                some.inner = terms, some.cols = few;
                psw_panels_pack((psw_const_rows){b, terms, few, cols}, some);
                psw_panels_product(left, some, psw_rows_of(own, rows, few));
                psw_panels_product_peaks(left, all, (psw_rows){c, rows, few, ldc}, (psw_peak_order)order, peak);
                for (ptrdiff_t i = 0; i < rows; i++) {
                    double top = -INFINITY;
                    for (ptrdiff_t j = 0; j < few; j++) {
                        double z = (double)own[i * few + j];
                        top = fmax(top, order == PSW_PEAK_MAGNITUDE ? fabs(z) : z);
                    }
                    CHECK(memcmp(c + i * ldc, own + i * few, (size_t)few * sizeof *c) == 0,
                          "row %td of %td x %td of %td x %td of %td", i, rows, terms, inner, few, cols);
                    CHECK(memcmp(c + i * ldc + few, kept + i * ldc + few, (size_t)(ldc - few) * sizeof *c) == 0,
                          "past column %td of row %td", few, i);
                    CHECK(peak[i] == top, "%td x %td x %td, order %d: the peak of row %td is %g, not %g", rows, terms,
                          few, order, i, peak[i], top);
                }
                memcpy(c, kept, (size_t)(rows * ldc) * sizeof *c);
            }
    free(a), free(b), free(c), free(own), free(kept), free(peak), free(all.at), free(some.at);
}

/* What is no number is on top of magnitudes wherever it stands, and infinity of both orders. */
static void peaks_of_no_numbers(void)
{
    enum { ROWS = 7, COLS = 70 };
    psw_real *a = numbers(ROWS, 14), *b = numbers(COLS, 15), c[ROWS * COLS];
    double peak[ROWS];
    psw_panels packed = {malloc((size_t)psw_panels_count(1, COLS) * sizeof *a), 1, COLS};
    for (ptrdiff_t j = 0; j < COLS; j++) {
        psw_real kept = b[j], odd[] = {(psw_real)NAN, (psw_real)INFINITY, -(psw_real)INFINITY};
        for (int k = 0; k < 3; k++) {
            b[j] = odd[k];
            psw_panels_pack((psw_const_rows){b, 1, COLS, COLS}, packed);
            psw_panels_product_peaks((psw_const_rows){a, ROWS, 1, 1}, packed, psw_rows_of(c, ROWS, COLS),
                                     PSW_PEAK_MAGNITUDE, peak);
            for (int i = 0; i < ROWS; i++)
                CHECK(k == 0 ? isnan(peak[i]) : isinf(peak[i]), "%g at %td: peak %g", (double)odd[k], j, peak[i]);
            CHECK(psw_row_peak(PSW_PEAK_SIGNED, b, COLS) == INFINITY || k != 1, "infinity at %td", j);
            CHECK(psw_row_peak(PSW_PEAK_SIGNED, b, COLS) < 1 || k != 2, "-infinity at %td", j);
        }
        b[j] = kept;
    }
    free(a), free(b), free(packed.at);
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
    for (ptrdiff_t rows = 1; rows <= 2 * 12 + 3; rows++) parts(rows, 150, 75); /* every kernel, whole and in part */
    parts(200, 9, 40);
    peaks_of_no_numbers();
    plain_panel();
    replaced_row();
    return test_end();
}
