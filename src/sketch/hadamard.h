/* sketch/hadamard: rows times random signs and the Hadamard matrix, of which some entries are sampled. Compiled twice.
 *
 * Rows go through in groups of SKETCH_LANES, transposed: one cache line holds one coordinate of every row of the group,
 * so butterflies, samples and products are whole vectors. */
#ifndef POLYSWEEP_SKETCH_HADAMARD_H
#define POLYSWEEP_SKETCH_HADAMARD_H

#include "sketch/map.h"

enum { SKETCH_LANES = 64 / sizeof(psw_real) };

#define SKETCH_SAMPLED PSW_PRECISION_NAME(sketch_sampled)
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

/* work (width x SKETCH_LANES) <- (H D x)^T for at most SKETCH_LANES rows x */
void SKETCH_HADAMARD(psw_const_rows x, const psw_real *sign, psw_real *work);
/* to (r x SKETCH_LANES) <- the sampled entries of work; multiplied with what is there where `times` */
void SKETCH_SAMPLE(const int *sample, ptrdiff_t r, bool times, const psw_real *work, psw_real *to);

/* Of one row of width d with r samples. */
double sketch_hadamard_flops(double d, double r);

#endif
