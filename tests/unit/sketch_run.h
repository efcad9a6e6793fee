/* What tests of feature maps share: points, random rows, a map that is open, estimates of a kernel. In the precision of
 * the file that includes it; numbers go in and out as double. */
#ifndef POLYSWEEP_TESTS_SKETCH_RUN_H
#define POLYSWEEP_TESTS_SKETCH_RUN_H

#include <stdio.h>
#include <stdlib.h>

#include "polysweep/targets.h"
#include "polysweep/real.h"

#include "polysweep/random.h"
#include "polysweep/sketch.h"
#include "sketch/map.h"

typedef struct sketched {
    psw_sketch *map;
    psw_sketch_shape shape;
    psw_arena arena;
} sketched;

PSW_TARGETS_DECLARE(psw_sketcher, psw_sketcher)
static const psw_sketcher *const sketchers[][2] = PSW_TARGETS_TABLE(psw_sketcher, psw_sketcher);
static inline const psw_sketcher *sketcher(void)
{
    return sketchers[psw_target()][sizeof(psw_real) == sizeof(float)];
}

static inline psw_point sketch_point(psw_method method, double beta, ptrdiff_t d, ptrdiff_t r)
{
    return (psw_point){.method = method, .beta = beta, .d = d, .v = d, .r = r, .n = 64, .seed = 11};
}

/* Sketches that are not their method's plain one. */
enum { SKETCH_VARIANTS = 6 };
static inline psw_point sketch_variant(int number, double beta, ptrdiff_t d, ptrdiff_t r)
{
    static const psw_method methods[] = {PSW_TREE,       PSW_TREE,      PSW_POLYSKETCH,
                                         PSW_POLYSKETCH, PSW_MACLAURIN, PSW_TENSORSKETCH};
    psw_point point = sketch_point(methods[number], beta, d, r);
    if (number < 4)
        point.leaves = number % 2 ? PSW_LEAVES_COUNT : PSW_LEAVES_SRHT;
    else
        point.is_complex = 1;
    return point;
}

static inline sketched sketch_open(const psw_point *point, ptrdiff_t rows, const psw_weights *weights)
{
    sketched s = {.shape = psw_sketch_shape_of(point)};
    psw_status status = psw_arena_create(sketcher()->bytes(point, rows), &s.arena);
    if (status == PSW_OK) status = sketcher()->create(point, rows, weights, &s.arena, &s.map);
    if (status != PSW_OK) {
        fprintf(stderr, "cannot open a sketch: %s\n", psw_message());
        exit(1);
    }
    return s;
}

static inline void sketch_close(sketched *s)
{
    sketcher()->destroy(s->map);
    psw_arena_destroy(&s->arena);
}

static inline void random_rows(uint64_t seed, ptrdiff_t rows, ptrdiff_t d, double *x)
{
    psw_key key = psw_random_key(PSW_STREAM_DATA, seed, NULL, 0);
    for (ptrdiff_t i = 0; i < rows; i++) psw_random_normals(key, (uint64_t)i, 0, d, x + i * d);
}

/* m(x) of all rows as one block, and their scales */
static inline psw_real *mapped_side(sketched *s, psw_side side, ptrdiff_t rows, ptrdiff_t d, const double *x,
                                    double *scale)
{
    psw_real *in = malloc((size_t)(rows * d) * sizeof *in);
    psw_real *out = malloc((size_t)(rows * s->shape.stored) * sizeof *out);
    for (ptrdiff_t i = 0; i < rows * d; i++) in[i] = (psw_real)x[i];
    (side == PSW_KEY ? sketcher()->map_keys : sketcher()->map)(s->map, psw_read(psw_rows_of(in, rows, d)),
                                                               psw_rows_of(out, rows, s->shape.stored), scale);
    free(in);
    return out;
}

static inline psw_real *mapped(sketched *s, ptrdiff_t rows, ptrdiff_t d, const double *x, double *scale)
{
    return mapped_side(s, PSW_QUERY, rows, d, x, scale);
}

static inline double weighed(const psw_point *point, psw_weigh weigh, double z)
{
    return weigh == PSW_WEIGH_SQUARE ? z * z : weigh == PSW_WEIGH_POWER ? pow(z, point->beta) : z;
}

/* out (nq x nk) = 2^(s + s) weigh <m, m> */
static inline void estimates(sketched *s, const psw_point *point, ptrdiff_t nq, const double *q, ptrdiff_t nk,
                             const double *k, double *out)
{
    double *sq = malloc((size_t)(nq + nk) * sizeof *sq), *sk = sq + nq;
    psw_real *mq = mapped(s, nq, point->d, q, sq), *mk = mapped(s, nk, point->d, k, sk);
    psw_real *z = malloc((size_t)(nq * nk) * sizeof *z);
    psw_product_nt(psw_read(psw_rows_of(mq, nq, s->shape.stored)), psw_read(psw_rows_of(mk, nk, s->shape.stored)),
                   psw_rows_of(z, nq, nk));
    for (ptrdiff_t i = 0; i < nq; i++)
        for (ptrdiff_t j = 0; j < nk; j++)
            out[i * nk + j] = exp2(sq[i] + sk[j]) * weighed(point, s->shape.weigh, (double)z[i * nk + j]);
    free(sq);
    free(mq);
    free(mk);
    free(z);
}

static inline double dot_of(const double *x, const double *y, ptrdiff_t d)
{
    double sum = 0;
    for (ptrdiff_t i = 0; i < d; i++) sum += x[i] * y[i];
    return sum;
}

#endif
