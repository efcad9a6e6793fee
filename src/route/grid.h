/* route/grid: a team of rows and columns, whose ranks are row * columns + column. */
#ifndef POLYSWEEP_ROUTE_GRID_H
#define POLYSWEEP_ROUTE_GRID_H

#include "polysweep/route.h"

/* The rank of a grid that is `by` further on in its row, or in its column, round. */
int route_grid_in_row(const psw_route *grid, int rank, int by);
int route_grid_in_column(const psw_route *grid, int rank, int by);
/* Ranks past these own nothing and do nothing. */
int route_grid_ranks(const psw_route *grid);

/* As psw_route_count, leaf, owner, place. */
ptrdiff_t route_grid_count(const psw_route *grid, int rank);
ptrdiff_t route_grid_leaf(const psw_route *grid, int rank, ptrdiff_t place);
int route_grid_owner(const psw_route *grid, ptrdiff_t leaf);
ptrdiff_t route_grid_place(const psw_route *grid, ptrdiff_t leaf);

/* Does a query of rank `queries` see a key of the column of rank `keys`? */
bool route_grid_sees(const psw_route *grid, int queries, int keys);
/* Does a query of the row of rank `queries` see a key that rank `keys` owns? */
bool route_grid_row_sees(const psw_route *grid, int queries, int keys);

/* As psw_route_step, psw_route_remote. Candidate `index` of the transfers of a step: is it needed? */
psw_step route_grid_step(const psw_route *grid, int step);
psw_remote route_grid_remote(const psw_route *grid, int index);
int route_grid_candidates(const psw_route *grid, int step);
bool route_grid_candidate(const psw_route *grid, int step, int index, psw_transfer *transfer);

#endif
