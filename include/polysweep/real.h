/* base: views and products in the precision of the translation unit.
 *
 * Rooms that compute are compiled once per precision, with PSW_SINGLE defined or not, and per target, which PSW_TARGET
 * names (polysweep/targets.h). PSW_PRECISION_NAME makes the names of their symbols: psw_engine_fp32_avx2. Elsewhere it
 * makes names without a target: of functions that lead to the chosen target's, in double. This is the only file
 * that names BLAS: another CBLAS, or another backend for tiles, is a change here and nowhere else.
 *
 * The rounding of a product depends on its shape (measured: another number of rows gives other bits), so callers
 * pass whole leaves; only the last leaf of a sequence is shorter. */
#ifndef POLYSWEEP_REAL_H
#define POLYSWEEP_REAL_H

#include <cblas.h>
#include <float.h>
#include <stdbool.h>
#include <stddef.h>

#ifdef PSW_SINGLE
typedef float psw_real;
#define PSW_PRECISION fp32
#define PSW_REAL_EPSILON FLT_EPSILON
#define PSW_REAL_MIN FLT_MIN
#define PSW_GEMM cblas_sgemm
#else
typedef double psw_real;
#define PSW_PRECISION fp64
#define PSW_REAL_EPSILON DBL_EPSILON
#define PSW_REAL_MIN DBL_MIN
#define PSW_GEMM cblas_dgemm
#endif

#define PSW_JOINED(name, precision, target) name##_##precision##_##target
#define PSW_NAMED(name, precision, target) PSW_JOINED(name, precision, target)
#define PSW_JOINED_PLAIN(name, precision) name##_##precision
#define PSW_NAMED_PLAIN(name, precision) PSW_JOINED_PLAIN(name, precision)
#ifdef PSW_TARGET
#define PSW_PRECISION_NAME(name) PSW_NAMED(name, PSW_PRECISION, PSW_TARGET)
#else
#define PSW_PRECISION_NAME(name) PSW_NAMED_PLAIN(name, PSW_PRECISION)
#endif

/* Bytes of the widest vector of the target. */
#if defined(__AVX512F__)
#define PSW_VECTOR_BYTES 64
#elif defined(__AVX__)
#define PSW_VECTOR_BYTES 32
#else
#define PSW_VECTOR_BYTES 16
#endif

/* Row-major rows; consecutive rows are `stride` elements apart. */
typedef struct psw_rows {
    psw_real *at;
    ptrdiff_t rows, cols, stride;
} psw_rows;

typedef struct psw_const_rows {
    const psw_real *at;
    ptrdiff_t rows, cols, stride;
} psw_const_rows;

static inline psw_rows psw_rows_of(psw_real *at, ptrdiff_t rows, ptrdiff_t cols)
{
    return (psw_rows){at, rows, cols, cols};
}

/* Rows start on a cache line, and their distance is not a power of two: eight rows 4 KiB apart share one set of a
 * first-level cache. */
static inline ptrdiff_t psw_stride(ptrdiff_t columns)
{
    ptrdiff_t line = 64 / (ptrdiff_t)sizeof(psw_real);
    return columns < 4 * line ? columns : (columns + line - 1) / line * line + line;
}

static inline psw_const_rows psw_read(psw_rows a)
{
    return (psw_const_rows){a.at, a.rows, a.cols, a.stride};
}

/* Rows first .. first+count of a. */
static inline psw_const_rows psw_part(psw_const_rows a, ptrdiff_t first, ptrdiff_t count)
{
    return (psw_const_rows){a.at + first * a.stride, count, a.cols, a.stride};
}

/* The type of CblasTrans has another name in each CBLAS, so it is never named. */
static inline void psw_gemm(bool turn_a, bool turn_b, ptrdiff_t inner, psw_const_rows a, psw_const_rows b,
                            psw_real keep, psw_rows c)
{
    PSW_GEMM(CblasRowMajor, turn_a ? CblasTrans : CblasNoTrans, turn_b ? CblasTrans : CblasNoTrans, (int)c.rows,
             (int)c.cols, (int)inner, (psw_real)1, a.at, (int)a.stride, b.at, (int)b.stride, keep, c.at, (int)c.stride);
}

/* c = a bT   (scores: rows of q against rows of k) */
static inline void psw_product_nt(psw_const_rows a, psw_const_rows b, psw_rows c)
{
    psw_gemm(false, true, a.cols, a, b, 0, c);
}

/* c = a b    (weights times values) */
static inline void psw_product_nn(psw_const_rows a, psw_const_rows b, psw_rows c)
{
    psw_gemm(false, false, a.cols, a, b, 0, c);
}

/* c += aT b  (states: features times values) */
static inline void psw_product_tn_add(psw_const_rows a, psw_const_rows b, psw_rows c)
{
    psw_gemm(true, false, a.rows, a, b, 1, c);
}

#endif
