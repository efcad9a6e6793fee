/* sketch/tree: shared by the tree and its square. Compiled per precision and target. */
#ifndef POLYSWEEP_SKETCH_TREE_H
#define POLYSWEEP_SKETCH_TREE_H

#include "sketch/map.h"

#define sketch_tree_lay PSW_PRECISION_NAME(sketch_tree_lay)
#define sketch_tree_start PSW_PRECISION_NAME(sketch_tree_start)
#define sketch_tree_draw PSW_PRECISION_NAME(sketch_tree_draw)
#define sketch_tree_map PSW_PRECISION_NAME(sketch_tree_map)
#define sketch_tree_flops PSW_PRECISION_NAME(sketch_tree_flops)
#define sketch_tree_exact PSW_PRECISION_NAME(sketch_tree_exact)
#define sketch_tree_row_work PSW_PRECISION_NAME(sketch_tree_row_work)
#define sketch_tree_table_work PSW_PRECISION_NAME(sketch_tree_table_work)
#define sketch_tree_leaf PSW_PRECISION_NAME(sketch_tree_leaf)
#define sketch_tree_second PSW_PRECISION_NAME(sketch_tree_second)

/* A tree of degree sketch_degree(point); sketch_map explains each. */
void *sketch_tree_lay(const psw_sketch *sketch, psw_arena *arena);
psw_status sketch_tree_start(psw_sketch *sketch, const psw_weights *weights);
psw_status sketch_tree_draw(psw_sketch *sketch, ptrdiff_t draw);
void sketch_tree_map(psw_sketch *sketch, psw_const_rows x, psw_rows stored, double *log2_scale);

/* Of mapping one row with r columns. */
double sketch_tree_flops(const psw_point *point, double r);
/* But for rounding, whatever is drawn. */
bool sketch_tree_exact(const psw_point *point);
psw_sketch_work sketch_tree_row_work(const psw_point *point, const psw_sketch_shape *shape);
psw_sketch_work sketch_tree_table_work(const psw_point *point, const psw_sketch_shape *shape);

/* Of a tree T, over its tables: N = E |T x|^2 |T y|^2, C = E <T x, T y>^2, and of one column g of what multiplies it
 * next, E <g, T x>^2 <g, T y>^2. */
typedef struct sketch_second {
    double norms, squared, column;
} sketch_second;
/* Of a leaf, for norms = |x|^2 |y|^2, product = <x,y>, squares = sum x_i^2 y_i^2. */
sketch_second sketch_tree_leaf(const psw_point *point, double norms, double product, double squares);
/* Of a tree of degree p. */
sketch_second sketch_tree_second(ptrdiff_t p, double r, sketch_second leaf);

#endif
