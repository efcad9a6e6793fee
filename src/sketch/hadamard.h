/* sketch/hadamard: rows times random signs and the Hadamard matrix, of which some entries are sampled. Compiled per
 * precision and target.
 *
 * Rows go through in groups of SKETCH_LANES, transposed: one cache line holds one coordinate of every row of the group,
 * so butterflies, samples and products are whole vectors. What is sampled is turned back a few columns at a time. */
#ifndef POLYSWEEP_SKETCH_HADAMARD_H
#define POLYSWEEP_SKETCH_HADAMARD_H

#include "sketch/map.h"

enum { SKETCH_LANES = 64 / sizeof(psw_real) };
/* Factors of a product whose transforms wait beside each other. */
enum { SKETCH_SAMPLED_MOST = 4 };

#define SKETCH_SAMPLED PSW_PRECISION_NAME(sketch_sampled)
#define SKETCH_TURN_IN PSW_PRECISION_NAME(sketch_turn_in)
#define SKETCH_HADAMARD PSW_PRECISION_NAME(sketch_hadamard)
#define SKETCH_SAMPLE PSW_PRECISION_NAME(sketch_sample)
#define sketch_hadamard_width PSW_PRECISION_NAME(sketch_hadamard_width)
#define sketch_hadamard_flops PSW_PRECISION_NAME(sketch_hadamard_flops)

/* The order of the matrix for rows of width d: the least power of two that is not below it. */
ptrdiff_t sketch_hadamard_width(ptrdiff_t d);

/* Signs of d coordinates and r sampled rows of the matrix, drawn with replacement, from the keys of a place and of the
 * side after it. Signs are +-one. */
typedef struct sketch_sampled {
    psw_real *sign;
    int *sample;
} sketch_sampled;
void SKETCH_SAMPLED(const psw_sketch *sketch, ptrdiff_t draw, sketch_place place, psw_real one, sketch_sampled to);

/* turned (cols x SKETCH_LANES) <- x^T for at most SKETCH_LANES rows x, 0 where x has none */
void SKETCH_TURN_IN(psw_const_rows x, psw_real *turned);
/* work (width x SKETCH_LANES) <- H D turned */
void SKETCH_HADAMARD(const psw_real *turned, ptrdiff_t d, const psw_real *sign, psw_real *work);
/* Rows of `to` <- products of the sampled entries of `factors` transforms, at most SKETCH_SAMPLED_MOST, one behind the
 * other in work; samples of the factors are to.cols apart. times: multiplied with what is there. */
void SKETCH_SAMPLE(const int *sample, int factors, const psw_real *work, ptrdiff_t width, bool times, psw_rows to);

/* Of one row of width d with r samples. */
double sketch_hadamard_flops(double d, double r);

#endif
