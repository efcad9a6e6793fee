/* sketch/leaves: what a tree multiplies a row with at its leaves. Compiled per precision and target. */
#ifndef POLYSWEEP_SKETCH_LEAVES_H
#define POLYSWEEP_SKETCH_LEAVES_H

#include "sketch/map.h"

#define SKETCH_LEAVES_LAY PSW_PRECISION_NAME(sketch_leaves_lay)
#define SKETCH_LEAVES_DRAW PSW_PRECISION_NAME(sketch_leaves_draw)
#define SKETCH_LEAVES_MAP PSW_PRECISION_NAME(sketch_leaves_map)
#define sketch_leaf_flops PSW_PRECISION_NAME(sketch_leaf_flops)
#define sketch_leaf_extra PSW_PRECISION_NAME(sketch_leaf_extra)
#define sketch_leaf_table_work PSW_PRECISION_NAME(sketch_leaf_table_work)

typedef struct sketch_leaves {
    psw_leaves_kind kind;
    ptrdiff_t table_rows; /* of the normal matrix of a leaf, table_rows x r */
    psw_real *sign;       /* count x d */
    int *place;           /* count x r sampled rows, or count x d buckets */
    psw_real *work;   /* scratch. srht: a group of rows, transposed, hadamard width x SKETCH_LANES; count: rows x r */
    psw_real *turned; /* scratch of srht: that group as it came, d x SKETCH_LANES */
    ptrdiff_t d, r;
} sketch_leaves;

sketch_leaves SKETCH_LEAVES_LAY(const psw_sketch *sketch, ptrdiff_t count, psw_arena *arena);
/* What is random of leaf number `leaf` besides its normal matrix. */
psw_status SKETCH_LEAVES_DRAW(const psw_sketch *sketch, ptrdiff_t draw, sketch_place place, const sketch_leaves *leaves,
                              ptrdiff_t leaf);
void SKETCH_LEAVES_MAP(const sketch_leaves *leaves, ptrdiff_t leaf, psw_const_rows x, psw_panels table, psw_rows out);

/* Of one leaf: flops of a row, and those that it takes longer than products; random numbers, normals per column. */
double sketch_leaf_flops(const psw_point *point, double r);
double sketch_leaf_extra(const psw_point *point, double r);
psw_sketch_work sketch_leaf_table_work(const psw_point *point, double r);

#endif
