/* base: the pseudo-inverse of a small square matrix, without LAPACK, which not every CBLAS brings along. */
#ifndef POLYSWEEP_PSEUDO_INVERSE_H
#define POLYSWEEP_PSEUDO_INVERSE_H

#include "polysweep/base.h"

/* inverse = A^+ (Moore, Penrose) for A of m x m, row-major, by its singular values; those of at most m epsilon times
 * the largest one count as 0. `room` has 2 m^2 numbers. The watch is asked once a sweep over all pairs of rows.
 * PSW_NOT_FINITE: an entry of A is not. */
psw_status psw_pseudo_inverse(ptrdiff_t m, const double *a, double *inverse, double *room, psw_watch watch);
/* Operations, of as many sweeps as matrices of this size mostly take. */
double psw_pseudo_inverse_flops(ptrdiff_t m);

#endif
