/* sketch/shape: the shape of a point's map. */
#ifndef POLYSWEEP_SKETCH_SHAPE_H
#define POLYSWEEP_SKETCH_SHAPE_H

#include "polysweep/sketch.h"

enum { SKETCH_PRIME = 31 }; /* of a length, the largest prime factor that our own transforms take */

/* The degree that the random part of the map has: half of beta where the features are squared, 0 without a degree. */
ptrdiff_t sketch_degree(const psw_point *point);

/* n over k as a double: exact below 2^53, +inf when it overflows. */
double sketch_choose(double n, ptrdiff_t k);
double sketch_features(const psw_point *point);
/* Numbers that r columns keep: twice as many where these are complex. */
ptrdiff_t sketch_stored(const psw_point *point, ptrdiff_t r);

/* Parts of a map's check: beta is a whole number of at least `least`; one size is given, or two that agree; features of
 * complex columns are even. */
psw_status sketch_check_degree(const psw_point *point, int least);
psw_status sketch_check_size(const psw_point *point);
/* Both, for a map of any degree from 1. */
psw_status sketch_check_columns(const psw_point *point);

#endif
