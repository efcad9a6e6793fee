/* Attention of a sketch row by row and key by key, in long double, from the features that the maps give: what blocks,
 * states and exponents may not change. In the precision of the file that includes it. */
#ifndef POLYSWEEP_TESTS_SKETCHED_REFERENCE_H
#define POLYSWEEP_TESTS_SKETCHED_REFERENCE_H

#include "unit/attend_source.h"
#include "unit/sketch_run.h"

#ifdef PSW_SINGLE
#define OWN_PRECISION PSW_FP32
#else
#define OWN_PRECISION PSW_FP64
#endif

typedef struct dense {
    double *rows, *special, *log2_den; /* n x v, n, n */
    double *condition;                 /* n: sum of |phi(q)| |phi(k)| over the denominator */
    double largest;                    /* of |rows| */
} dense;

static inline void dense_free(dense *d)
{
    free(d->rows);
    free(d->special);
    free(d->log2_den);
    free(d->condition);
}

/* All rows of one side mapped in blocks, as the fold maps them. */
static inline psw_real *map_side(sketched *s, const psw_point *p, int set, int side, double *scale)
{
    psw_real *m = malloc((size_t)(p->n * s->shape.stored) * sizeof *m);
    for (ptrdiff_t first = 0; first < p->n; first += p->block) {
        ptrdiff_t count = p->n - first < p->block ? p->n - first : p->block;
        psw_real *block =
            mapped_side(s, (psw_side)side, count, p->d, source.rows[set][side] + first * p->d, scale + first);
        memcpy(m + first * s->shape.stored, block, (size_t)(count * s->shape.stored) * sizeof *m);
        free(block);
    }
    return m;
}

static inline long double exact_weight(const psw_point *p, const double *q, const double *k)
{
    long double z = 0;
    for (ptrdiff_t c = 0; c < p->d; c++) z += (long double)q[c] * (long double)k[c];
    return p->method == PSW_FAVOR ? expl(z) : powl(z, (long double)p->beta);
}

/* sum over i <= p of z^i t^(p - i) / i!, term by term */
static inline long double partial_sum(ptrdiff_t order, long double t, long double z)
{
    long double sum = 0, term = 1;
    for (ptrdiff_t i = 0; i <= order; term *= z / (long double)++i) sum += term * powl(t, (long double)(order - i));
    return sum;
}

/* weigh <q, k>, and weigh |q| |k| */
typedef struct estimate {
    long double weight, bound;
} estimate;

/* t: the product of the first of what is stored of each row */
static inline long double weigh_long(const sketched *s, const psw_point *p, long double t, long double z, double scale)
{
    long double w = s->shape.weigh == PSW_WEIGH_SQUARE        ? z * z
                    : s->shape.weigh == PSW_WEIGH_POWER       ? powl(z, (long double)p->beta)
                    : s->shape.weigh == PSW_WEIGH_PARTIAL_SUM ? partial_sum(p->order, t, z - t)
                                                              : z;
    return w * exp2l((long double)scale);
}

static inline estimate sketched_weight(const sketched *s, const psw_point *p, const psw_real *q, const psw_real *k,
                                       double scale)
{
    long double z = 0, qq = 0, kk = 0;
    for (ptrdiff_t c = 0; c < s->shape.stored; c++) {
        z += (long double)q[c] * (long double)k[c];
        qq += (long double)q[c] * (long double)q[c];
        kk += (long double)k[c] * (long double)k[c];
    }
    long double t = (long double)q[0] * (long double)k[0];
    return (estimate){weigh_long(s, p, t, z, scale), weigh_long(s, p, t, sqrtl(qq * kk), scale)};
}

static inline dense dense_attention(const psw_point *p, ptrdiff_t draw, int set)
{
    sketched s = sketch_open(p, p->block < p->n ? p->block : p->n, source.tables.weights);
    double *scale[2];
    psw_real *m[2];
    dense out = {calloc((size_t)(p->n * p->v), sizeof(double)), calloc((size_t)p->n, sizeof(double)),
                 calloc((size_t)p->n, sizeof(double)), calloc((size_t)p->n, sizeof(double)), 0};
    sketcher()->keys(s.map, &source_data);
    sketcher()->draw(s.map, draw, (psw_watch){0});
    for (int side = 0; side < 2; side++) {
        scale[side] = malloc((size_t)p->n * sizeof(double));
        m[side] = map_side(&s, p, set, side, scale[side]);
    }
    for (ptrdiff_t i = 0; i < p->n; i++) {
        long double den = (long double)p->den_constant, special = 0, bound = 0, num[64] = {0};
        for (ptrdiff_t j = 0; j < (p->mask == PSW_CAUSAL ? i + 1 : p->n); j++) {
            bool exact = p->local > 0 && i / p->local == j / p->local;
            estimate e;
            if (exact)
                e.weight = e.bound = exact_weight(p, source.rows[set][0] + i * p->d, source.rows[set][1] + j * p->d);
            else
                e = sketched_weight(&s, p, m[0] + i * s.shape.stored, m[1] + j * s.shape.stored,
                                    scale[0][i] + scale[1][j]);
            long double w = e.weight;
            bound += fabsl(e.bound);
            den += w;
            if (j == source.special) special = w;
            for (ptrdiff_t c = 0; c < p->v; c++) num[c] += w * (long double)source.rows[set][2][j * p->v + c];
        }
        for (ptrdiff_t c = 0; c < p->v; c++) {
            out.rows[i * p->v + c] = den == 0 ? 0 : (double)(num[c] / den);
            out.largest = fmax(out.largest, fabs(out.rows[i * p->v + c]));
        }
        out.condition[i] = (double)(bound / fabsl(den));
        out.special[i] = den == 0 ? 0 : (double)(special / den);
        out.log2_den[i] = den > 0 ? (double)log2l(den) : den == 0 ? -INFINITY : NAN;
    }
    for (int side = 0; side < 2; side++) {
        free(m[side]);
        free(scale[side]);
    }
    sketch_close(&s);
    return out;
}

static inline psw_point sketched_point(psw_method method, double beta, ptrdiff_t r, psw_mask mask, ptrdiff_t block)
{
    psw_point p = point_of(method, beta, mask, OWN_PRECISION, block);
    p.r = method == PSW_MONOMIAL ? 0 : r;
    p.seed = 11;
    return p;
}

#endif
