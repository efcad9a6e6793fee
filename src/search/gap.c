#include <math.h>

#include "polysweep/search.h"

/* Edges cost a logarithm of the gap, the coarse pass candidates over gap: about 0.75 sqrt(candidates) leaves the pass
 * the larger part of the cost, for what it does not see is lost. */
ptrdiff_t psw_search_gap(ptrdiff_t candidates)
{
    ptrdiff_t gap = (ptrdiff_t)ceil(0.75 * sqrt((double)candidates));
    return gap > 5 ? gap : 5;
}
