/* sketch/shape: what a point asks of its map. */
#ifndef POLYSWEEP_SKETCH_SHAPE_H
#define POLYSWEEP_SKETCH_SHAPE_H

#include "polysweep/sketch.h"

static inline bool sketch_learned(const psw_point *point)
{
    return point->method == PSW_POLYSKETCH && point->weights > 0;
}

/* The degree that the random part of the map has: half of beta where the features are squared, 0 for favor. */
ptrdiff_t sketch_degree(const psw_point *point);

/* n over k as a double: exact below 2^53, +inf when it overflows. */
double sketch_choose(double n, ptrdiff_t k);
double sketch_features(const psw_point *point);

#endif
