/* sketch/map: what every map shares. Included by files that are compiled twice.
 *
 * A map is one row of functions. `lay` takes its memory from the arena (which may only count), `start` fills what no
 * draw changes, `draw` fills the random tables, `map` and `lift` use them. */
#ifndef POLYSWEEP_SKETCH_MAP_H
#define POLYSWEEP_SKETCH_MAP_H

#include "polysweep/real.h"
#include "polysweep/random.h"
#include "sketch/shape.h"

typedef struct sketch_map {
    void *(*lay)(const psw_sketch *sketch, psw_arena *arena);
    psw_status (*start)(psw_sketch *sketch, const psw_weights *weights); /* NULL: nothing to do */
    void (*stop)(psw_sketch *sketch);                                    /* NULL: nothing to free */
    void (*draw)(psw_sketch *sketch, ptrdiff_t draw);                    /* NULL: nothing is random */
    void (*map)(psw_sketch *sketch, psw_const_rows x, psw_rows stored, double *log2_scale);
    void (*lift)(psw_sketch *sketch, psw_const_rows stored, psw_rows features); /* NULL: phi is m */
    void (*lift_turned)(psw_sketch *sketch, psw_const_rows stored, psw_rows features);
    bool unit; /* x comes with rows of length 1, and the scale beta log2 |x| is not the map's business */
} sketch_map;

struct psw_sketch {
    const sketch_map *map;
    psw_point point;
    psw_sketch_shape shape;
    ptrdiff_t rows;  /* most rows of a block */
    psw_real *unit;  /* rows x d */
    double *normals; /* one row of a table */
    void *own;       /* the map's tables and scratch */
};

#define SKETCH_TREE PSW_PRECISION_NAME(sketch_tree)
#define SKETCH_TENSORSKETCH PSW_PRECISION_NAME(sketch_tensorsketch)
#define SKETCH_SRHT PSW_PRECISION_NAME(sketch_srht)
#define SKETCH_MACLAURIN PSW_PRECISION_NAME(sketch_maclaurin)
#define SKETCH_MONOMIAL PSW_PRECISION_NAME(sketch_monomial)
#define SKETCH_FAVOR PSW_PRECISION_NAME(sketch_favor)
#define SKETCH_LEARNED PSW_PRECISION_NAME(sketch_learned)
extern const sketch_map SKETCH_TREE, SKETCH_TENSORSKETCH, SKETCH_SRHT, SKETCH_MACLAURIN, SKETCH_MONOMIAL, SKETCH_FAVOR,
    SKETCH_LEARNED;

/* Count sketches with tables made elsewhere, for comparisons: bucket and sign are degree x d, row-major, buckets from
 * 0. Of a tensorsketch; in place of draw. */
void PSW_PRECISION_NAME(sketch_tensorsketch_import)(psw_sketch *sketch, const int *bucket, const int *sign);

/* Place of a table: its level and number on that level, and which of several tables there. */
typedef struct sketch_place {
    uint64_t level, number, side;
} sketch_place;
#define SKETCH_KEY PSW_PRECISION_NAME(sketch_key)
#define SKETCH_NORMALS PSW_PRECISION_NAME(sketch_normals)
#define SKETCH_SUM_OF_SQUARES PSW_PRECISION_NAME(sketch_sum_of_squares)
psw_key SKETCH_KEY(const psw_sketch *sketch, ptrdiff_t draw, sketch_place place);
/* table(i, j) = N(0,1) at counter (i, j) */
void SKETCH_NORMALS(const psw_sketch *sketch, psw_key key, psw_rows table);
/* The lift of a square, rows to rows and columns to columns. */
#define SKETCH_SQUARES PSW_PRECISION_NAME(sketch_squares)
#define SKETCH_SQUARES_TURNED PSW_PRECISION_NAME(sketch_squares_turned)
void SKETCH_SQUARES(psw_const_rows stored, psw_rows features);
void SKETCH_SQUARES_TURNED(psw_const_rows stored, psw_rows features);
double SKETCH_SUM_OF_SQUARES(const psw_real *x, ptrdiff_t count);

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
