#include "sketch/shape.h"

#include <math.h>

bool psw_sketch_has(psw_method method)
{
    return method >= PSW_MONOMIAL && method <= PSW_FAVOR;
}

ptrdiff_t sketch_degree(const psw_point *point)
{
    if (point->method == PSW_FAVOR) return 0;
    return (ptrdiff_t)point->beta / (point->method == PSW_POLYSKETCH ? 2 : 1);
}

double sketch_choose(double n, ptrdiff_t k)
{
    double c = 1;
    for (ptrdiff_t i = 1; i <= k && isfinite(c); i++) c = c * (n - (double)(k - i)) / (double)i;
    return c;
}

/* The tree sketch of degree 1 is the row itself. */
static bool is_plain_row(const psw_point *point)
{
    bool tree = point->method == PSW_TREE || (point->method == PSW_POLYSKETCH && !sketch_learned(point));
    return point->method == PSW_MONOMIAL || (tree && sketch_degree(point) <= 1);
}

/* Products of signs of a single coordinate cancel, whatever is drawn: x^p y^p. */
static bool is_exact(const psw_point *point)
{
    bool signs = point->method == PSW_TENSORSKETCH || point->method == PSW_SRHT || point->method == PSW_MACLAURIN;
    return is_plain_row(point) || (signs && point->d == 1);
}

/* r from r, or from the features it leads to: r (r + 1) / 2 for the packed square, else r. */
static ptrdiff_t columns(const psw_point *point)
{
    if (is_plain_row(point)) return 0;
    if (point->r > 0 || point->method != PSW_POLYSKETCH) return point->r > 0 ? point->r : point->features;
    return (ptrdiff_t)((sqrt(8 * (double)point->features + 1) - 1) / 2 + 0.25);
}

double sketch_features(const psw_point *point)
{
    double d = (double)point->d, p = (double)sketch_degree(point), r = (double)columns(point);
    if (point->method == PSW_MONOMIAL) /* C(d + p - 1, p), by its shorter product */
        return p < d ? sketch_choose(d + p - 1, (ptrdiff_t)p) : sketch_choose(d + p - 1, point->d - 1);
    double stored = is_plain_row(point) ? d : r;
    return point->method == PSW_POLYSKETCH ? stored * (stored + 1) / 2 : stored;
}

/* p products with d x r matrices and p - 2 with r x r ones, p - 1 products by element. */
static double tree_flops(double d, double r, double p)
{
    return p < 2 ? 0 : 2 * d * r * p + 2 * r * r * (p - 2) + 2 * r * (p - 1);
}

/* A real FFT of length r counts 2.5 r log2 r. */
static double map_flops(const psw_point *point, double r)
{
    double d = (double)point->d, p = (double)sketch_degree(point);
    double width = exp2(ceil(log2(d))), transform = 2.5 * r * log2(r);
    switch (point->method) {
    case PSW_POLYSKETCH: return sketch_learned(point) ? 4 * 8 * r * (d + 3 * r) + 200 * r : tree_flops(d, r, p);
    case PSW_TREE: return tree_flops(d, r, p);
    case PSW_TENSORSKETCH: return p * (2 * d + transform + 3 * r) + transform + r;
    case PSW_SRHT: return p * (d + width * log2(width) + r);
    case PSW_MACLAURIN: return 2 * d * r * p + r * (p - 1);
    case PSW_FAVOR: return 2 * d * r + 20 * r;
    default: return 0;
    }
}

psw_sketch_shape psw_sketch_shape_of(const psw_point *point)
{
    ptrdiff_t r = columns(point);
    double features = sketch_features(point), unit = 3 * (double)point->d;
    psw_sketch_shape shape = {.r = r, .stored = is_plain_row(point) ? point->d : r, .exact = is_exact(point)};
    shape.features = features < 0x1p53 ? (ptrdiff_t)features : (ptrdiff_t)1 << 53;
    shape.flops = unit + map_flops(point, (double)r);
    if (point->method == PSW_POLYSKETCH) {
        shape.weigh = PSW_WEIGH_SQUARE;
        shape.lift_flops = features;
    } else if (point->method == PSW_MONOMIAL) {
        shape.weigh = PSW_WEIGH_POWER;
        shape.signs = sketch_degree(point) % 2 != 0;
        shape.lift_flops = 2 * features;
    } else {
        shape.signs = point->method != PSW_FAVOR;
    }
    return shape;
}

static double real_bytes(const psw_point *point)
{
    return point->precision == PSW_FP32 ? sizeof(float) : sizeof(double);
}

double psw_sketch_state_bytes(const psw_point *point)
{
    return sketch_features(point) * ((double)point->v + 1) * real_bytes(point);
}

double psw_sketch_running_bytes(const psw_point *point)
{
    double window = (double)(point->local < point->n ? point->local : point->n);
    return psw_sketch_state_bytes(point) + window * (double)(point->d + point->v) * real_bytes(point);
}

ptrdiff_t psw_sketch_draws(const psw_point *point)
{
    if (!psw_sketch_has(point->method) || point->weights > 0 || psw_sketch_shape_of(point).r == 0) return 0;
    return point->draws > 1 ? point->draws : 1;
}
