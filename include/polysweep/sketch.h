/* sketch: feature maps, rows -> features whose inner products estimate a kernel.
 *
 * A map turns a row x into `stored` numbers m(x) and a scale s(x), so that
 *     kernel(q, k)  is estimated by  2^(s(q) + s(k)) * weigh(<m(q), m(k)>)
 * where weigh is the identity, the square, or the power beta. `lift` turns m into the `features` phi(x) with
 *     <phi(q), phi(k)> = weigh(<m(q), m(k)>)
 * that a state of linear size needs (packed square: r -> r (r + 1) / 2, off-diagonal products times sqrt 2). Polynomial
 * maps work on unit rows and put beta log2 |x| into the scale, so no degree overflows.
 *
 * One draw of a map is a set of random tables, keyed by (seed, method, d, r, draw, place in the tree), never by beta:
 * the tables of a low degree are part of those of a higher one. Queries and keys use the same tables. */
#ifndef POLYSWEEP_SKETCH_H
#define POLYSWEEP_SKETCH_H

#include "polysweep/spec.h"

typedef enum psw_weigh { PSW_WEIGH_IDENTITY, PSW_WEIGH_SQUARE, PSW_WEIGH_POWER } psw_weigh;

typedef struct psw_sketch_shape {
    ptrdiff_t stored;   /* numbers kept per row */
    ptrdiff_t features; /* rows of the state */
    psw_weigh weigh;
    bool signs;          /* estimates may be negative */
    double flops;        /* of mapping one row */
    double lift_flops;   /* of lifting one row */
} psw_sketch_shape;

/* True for the methods that have a map (monomial, polysketch, tree, tensorsketch, srht, maclaurin, favor). */
bool psw_sketch_has(psw_method method);
/* From r or features (one of them is given), d, beta. */
psw_sketch_shape psw_sketch_shape_of(const psw_point *point);
/* PSW_USAGE with what to do: odd degree for a self-tensored sketch, r < 1, features no triangle, fractional degree,
 * negative degree; PSW_NO_MEMORY with the number of bytes where a monomial state cannot fit. */
psw_status psw_sketch_check(const psw_point *point);

/* Mean and variance of one estimate of <x,y>^beta (E[est], E[est^2] - E[est]^2) for |x|^2 |y|^2 = norms and
 * <x,y> = product; exact for tree and polysketch (recursion over the tree) and maclaurin with Gaussian entries,
 * NaN for methods without a closed form. `squares` = sum x_i^2 y_i^2 (used by the sign-based maps). */
typedef struct psw_moments {
    double mean, variance;
} psw_moments;
psw_moments psw_sketch_moments(const psw_point *point, double norms, double product, double squares);

/* Learned weights of a polysketch (two stacks of two levels), loaded by whoever owns the file; NULL = random. */
typedef struct psw_weights psw_weights;

#ifdef POLYSWEEP_REAL_H /* rooms that are compiled twice */

typedef struct psw_sketch psw_sketch; /* one draw; lives in the arena */

typedef struct psw_sketcher {
    /* Tables and scratch for blocks of at most `rows` rows. */
    size_t (*bytes)(const psw_point *point, ptrdiff_t rows);
    psw_status (*create)(const psw_point *point, ptrdiff_t rows, const psw_weights *weights, psw_arena *arena,
                         psw_sketch **sketch);
    void (*draw)(psw_sketch *sketch, ptrdiff_t draw); /* fills the tables of draw number `draw` */
    /* m(x) into stored (x.rows x stored), s(x) into log2_scale; a zero row gives zeros and scale -inf. */
    void (*map)(psw_sketch *sketch, psw_const_rows x, psw_rows stored, double *log2_scale);
    void (*lift)(psw_sketch *sketch, psw_const_rows stored, psw_rows features);
} psw_sketcher;
extern const psw_sketcher PSW_PRECISION_NAME(psw_sketcher);

#endif
#endif
