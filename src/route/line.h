/* route/line: which leaves a rank owns where ranks are no grid. */
#ifndef POLYSWEEP_ROUTE_LINE_H
#define POLYSWEEP_ROUTE_LINE_H

#include "polysweep/route.h"

/* As psw_route_count, leaf, owner, place, rounds, round. */
ptrdiff_t route_line_count(const psw_route *line, int rank);
ptrdiff_t route_line_leaf(const psw_route *line, int rank, ptrdiff_t place);
int route_line_owner(const psw_route *line, ptrdiff_t leaf);
ptrdiff_t route_line_place(const psw_route *line, ptrdiff_t leaf);
ptrdiff_t route_line_rounds(const psw_route *line);
psw_leaves route_line_round(const psw_route *line, int rank, ptrdiff_t round);

#endif
