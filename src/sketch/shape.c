#include <math.h>

#include "sketch/map.h"

ptrdiff_t sketch_degree(const psw_point *point)
{
    const psw_method_facts *method = psw_method_facts_of(point->method);
    return method->has_degree ? (ptrdiff_t)point->beta / (method->squares ? 2 : 1) : 0;
}

double sketch_choose(double n, ptrdiff_t k)
{
    double c = 1;
    for (ptrdiff_t i = 1; i <= k && isfinite(c); i++) c = c * (n - (double)(k - i)) / (double)i;
    return c;
}

ptrdiff_t sketch_stored(const psw_point *point, ptrdiff_t r)
{
    return point->is_complex ? 2 * r : r;
}

/* r from r, or from the features it leads to: r (r + 1) / 2 for the packed square, 2 r of complex columns, else r. */
static ptrdiff_t columns(const psw_point *point)
{
    if (point->r > 0) return point->r;
    if (!psw_method_facts_of(point->method)->squares) return point->features / sketch_stored(point, 1);
    return (ptrdiff_t)((sqrt(8 * (double)point->features + 1) - 1) / 2 + 0.25);
}

static double features_of(const psw_point *point, const psw_sketch_shape *shape)
{
    double stored = (double)shape->stored;
    const sketch_map *map = sketch_map_of(point);
    if (map->features) return map->features(point);
    return shape->weigh == PSW_WEIGH_SQUARE ? stored * (stored + 1) / 2 : stored;
}

double sketch_features(const psw_point *point)
{
    psw_sketch_shape shape = sketch_map_of(point)->shape(point, columns(point));
    return features_of(point, &shape);
}

psw_sketch_shape psw_sketch_shape_of(const psw_point *point)
{
    if (!psw_sketch_has(point)) return (psw_sketch_shape){0};
    psw_sketch_shape shape = sketch_map_of(point)->shape(point, columns(point));
    double features = features_of(point, &shape), each[] = {0, 1, 2, 2}; /* by weigh: products of a feature */
    shape.features = features < 0x1p53 ? (ptrdiff_t)features : (ptrdiff_t)1 << 53;
    shape.flops += 3 * (double)psw_point_width(point); /* unit rows */
    shape.lift_flops = each[shape.weigh] * features;
    return shape;
}

static double real_bytes(const psw_point *point)
{
    return point->precision != PSW_FP64 ? sizeof(float) : sizeof(double);
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

bool psw_sketch_asks_keys(const psw_point *point)
{
    return point->epsilon > 0 && psw_sketch_has(point);
}

ptrdiff_t psw_sketch_draws(const psw_point *point)
{
    if (!psw_sketch_has(point) || point->weights > 0 || psw_sketch_shape_of(point).r == 0) return 0;
    return point->draws > 1 ? point->draws : 1;
}

psw_moments psw_sketch_moments(const psw_point *point, double norms, double product, double squares)
{
    return sketch_map_of(point)->moments(point, norms, product, squares);
}

psw_sketch_work psw_sketch_row_work(const psw_point *point)
{
    const sketch_map *map = sketch_map_of(point);
    psw_sketch_shape shape = psw_sketch_shape_of(point);
    return map->row_work ? map->row_work(point, &shape) : (psw_sketch_work){0};
}

psw_sketch_work psw_sketch_table_work(const psw_point *point)
{
    const sketch_map *map = sketch_map_of(point);
    psw_sketch_shape shape = psw_sketch_shape_of(point);
    return map->table_work ? map->table_work(point, &shape) : (psw_sketch_work){0};
}
