/* sketch/map: shared by all maps. Included by files that are compiled per precision and target.
 *
 * A map is one row of functions, in a file of its own; polysweep/methods.def lists them. The first are pure and give
 * the map's properties for a point. `lay` takes its memory from the arena (which may only count), `start` fills what
 * is the same for all draws, `draw` fills the random tables, `map` and `lift` use them. */
#ifndef POLYSWEEP_SKETCH_MAP_H
#define POLYSWEEP_SKETCH_MAP_H

#include "polysweep/random.h"
#include "polysweep/tile.h"
#include "sketch/shape.h"

typedef struct sketch_map {
    psw_status (*check)(const psw_point *point); /* PSW_USAGE; d is at least 1. Also of points with learned weights.
                                                    NULL: nothing is refused */
    /* `r` random columns are requested. All but features and lift_flops, and flops beyond those of unit rows. */
    psw_sketch_shape (*shape)(const psw_point *point, ptrdiff_t r);
    double (*features)(const psw_point *point); /* NULL: what is stored, or its packed square */
    psw_moments (*moments)(const psw_point *point, double norms, double product, double squares);
    psw_sketch_work (*row_work)(const psw_point *point, const psw_sketch_shape *shape);   /* NULL: only products */
    psw_sketch_work (*table_work)(const psw_point *point, const psw_sketch_shape *shape); /* NULL: nothing is random */
    const struct sketch_map *learned; /* the row of points with learned weights; NULL: there are none */

    void *(*lay)(const psw_sketch *sketch, psw_arena *arena);            /* NULL: no memory of its own */
    psw_status (*start)(psw_sketch *sketch, const psw_weights *weights); /* NULL: nothing to do */
    void (*stop)(psw_sketch *sketch);                                    /* NULL: nothing to free */
    psw_status (*draw)(psw_sketch *sketch, ptrdiff_t draw);              /* asks the watch; NULL: nothing is random */
    void (*map)(psw_sketch *sketch, psw_const_rows x, psw_rows stored, double *log2_scale);
    void (*map_keys)(psw_sketch *sketch, psw_const_rows x, psw_rows stored, double *log2_scale); /* NULL: map */
    void (*lift)(psw_sketch *sketch, psw_const_rows stored, psw_rows features);                  /* NULL: phi is m */
    void (*lift_transposed)(psw_sketch *sketch, psw_const_rows stored, psw_rows features);
    bool unit; /* x has rows of length 1; the scale beta log2 |x| is applied by the caller */
} sketch_map;

struct psw_sketch {
    const sketch_map *map;
    psw_point point;
    psw_sketch_shape shape;
    psw_watch watch;      /* while tables are drawn */
    const psw_data *data; /* where the keys are; NULL until it is said */
    ptrdiff_t rows;       /* most rows of a block */
    psw_real *unit;       /* rows x d */
    double *normals;      /* one row of a table */
    psw_real *row;        /* two of them */
    void *own;            /* the map's tables and scratch */
};

/* The row of a method, the only symbol that its file, WORD_real.c, exports. */
#define SKETCH_MAP(word) PSW_PRECISION_NAME(sketch_map_##word)
/* NULL: the method has no map. In files that are compiled once (chosen.c): the chosen target's, in double. */
#define sketch_map_of_method PSW_PRECISION_NAME(sketch_map_of_method)
#define sketch_map_of PSW_PRECISION_NAME(sketch_map_of)
const sketch_map *sketch_map_of_method(psw_method method);
const sketch_map *sketch_map_of(const psw_point *point); /* with learned weights, theirs */
/* What files that are compiled once need of a target. */
typedef struct sketch_maps {
    const sketch_map *(*of_method)(psw_method method);
    const sketch_map *(*of)(const psw_point *point);
} sketch_maps;

/* Place of a table: its level and number on that level, and which of several tables there. */
typedef struct sketch_place {
    uint64_t level, number, side;
} sketch_place;
#define SKETCH_KEY PSW_PRECISION_NAME(sketch_key)
#define SKETCH_NORMALS PSW_PRECISION_NAME(sketch_normals)
#define SKETCH_SUM_OF_SQUARES PSW_PRECISION_NAME(sketch_sum_of_squares)
#define SKETCH_LARGEST PSW_PRECISION_NAME(sketch_largest)
psw_key SKETCH_KEY(const psw_sketch *sketch, ptrdiff_t draw, sketch_place place);
/* Tables that rows are multiplied with are packed once a draw: products then have nothing to pack. */
#define SKETCH_TAKE_TABLE PSW_PRECISION_NAME(sketch_take_table)
#define SKETCH_TIMES_TABLE PSW_PRECISION_NAME(sketch_times_table)
psw_panels SKETCH_TAKE_TABLE(psw_arena *arena, ptrdiff_t rows, ptrdiff_t cols);
void SKETCH_TIMES_TABLE(psw_const_rows x, psw_panels table, psw_rows out); /* out = x table */
/* Tables side by side, as many as there are keys, at most 2, each: entry (i, j) = N(0,1) at counter (i, j) */
psw_status SKETCH_NORMALS(const psw_sketch *sketch, const psw_key *keys, int count, psw_panels to);
/* The lift of a square, rows to rows and columns to columns. */
#define SKETCH_SQUARES PSW_PRECISION_NAME(sketch_squares)
#define SKETCH_SQUARES_TRANSPOSED PSW_PRECISION_NAME(sketch_squares_transposed)
void SKETCH_SQUARES(psw_const_rows stored, psw_rows features);
void SKETCH_SQUARES_TRANSPOSED(psw_const_rows stored, psw_rows features);
double SKETCH_SUM_OF_SQUARES(const psw_real *x, ptrdiff_t count);
psw_real SKETCH_LARGEST(const psw_real *x, ptrdiff_t count); /* a NaN is passed over, but for the first */
/* NaN: what follows no law of norms and products, as learned features, or ones of single coordinates. */
#define sketch_moments_unknown PSW_PRECISION_NAME(sketch_moments_unknown)
psw_moments sketch_moments_unknown(const psw_point *point, double norms, double product, double squares);
/* Of mean products of independent random signs. */
#define sketch_moments_of_signs PSW_PRECISION_NAME(sketch_moments_of_signs)
psw_moments sketch_moments_of_signs(const psw_point *point, double norms, double product, double squares);

/* c = scale a b by element; rows of a and b are `stride` elements apart, and nothing overlaps. */
static inline void sketch_product(psw_real scale, const psw_real *restrict a, const psw_real *restrict b,
                                  ptrdiff_t stride, psw_rows c)
{
    for (ptrdiff_t i = 0; i < c.rows; i++) {
        psw_real *restrict to = c.at + i * c.stride;
        for (ptrdiff_t j = 0; j < c.cols; j++) to[j] = scale * a[i * stride + j] * b[i * stride + j];
    }
}

/* c *= scale a by element */
static inline void sketch_multiply(psw_real scale, psw_const_rows a, psw_rows c)
{
    for (ptrdiff_t i = 0; i < c.rows; i++) {
        const psw_real *restrict from = a.at + i * a.stride;
        psw_real *restrict to = c.at + i * c.stride;
        for (ptrdiff_t j = 0; j < c.cols; j++) to[j] *= scale * from[j];
    }
}

#endif
