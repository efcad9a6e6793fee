/* The error predicted by the moments of a map. */
#include <math.h>

#include "judge/errors.h"

/* Pairs whose moments are summed: their root is a single number, and some hundred rows of keys pin it down. */
enum { PAIRS = 65536 };

static ptrdiff_t rows_of(const psw_errors *e)
{
    ptrdiff_t rows = PAIRS / psw_data_keys(&e->point);
    return rows < 1 ? 1 : rows < e->rows ? rows : e->rows;
}

/* Row number `i` of `rows`, in the middle of its stratum of the sample. */
static ptrdiff_t spread(const psw_errors *e, ptrdiff_t i, ptrdiff_t rows)
{
    return (2 * i + 1) * e->rows / (2 * rows);
}

/* Where the special token stands in the sample, -1 if it does not: at a high degree it alone makes both norms, so it is
 * always included, and the others represent the rest. */
static ptrdiff_t special_row(const psw_errors *e)
{
    ptrdiff_t token = psw_data_special(&e->point);
    for (ptrdiff_t i = 0; token >= 0 && i < e->rows; i++)
        if (judge_errors_token(e, i) == token) return i;
    return -1;
}

typedef struct choice { /* rows of the sample in use, and how often each is to count as what it stands for */
    ptrdiff_t rows, special;
    double weight;
} choice;

static choice choose(const psw_errors *e)
{
    choice c = {.rows = rows_of(e), .special = special_row(e)};
    double others = 0;
    for (ptrdiff_t i = 0; i < c.rows; i++)
        if (spread(e, i, c.rows) != c.special) others += e->times[spread(e, i, c.rows)];
    c.weight = others > 0 ? (e->all - (c.special >= 0)) / others : 0;
    return c;
}

/* E (estimate - <x,y>^p)^2 for unit rows x, y: variance and bias. */
static double expected_square(const psw_point *p, const double *x, const double *k, double key_scale)
{
    double product = 0, squares = 0;
    for (ptrdiff_t i = 0; i < psw_point_width(p); i++) {
        double both = x[i] * (k[i] * key_scale);
        product += both;
        squares += both * both;
    }
    psw_moments m = psw_sketch_moments(p, 1, product, squares);
    double bias = m.mean - pow(product, p->beta);
    return fmax(m.variance, 0) + bias * bias; /* rounding may leave a variance of 0 below it */
}

/* Adds one row, `weight` times, with one block of keys; keys that `local` leaves exact have a norm and no error. */
static void add_row(psw_errors *e, ptrdiff_t i, double weight, judge_errors_part keys)
{
    const psw_point *p = &e->point;
    const double *q = e->q + i * psw_point_width(p);
    double *unit = e->values, query_log2 = judge_errors_log2_norm(psw_point_width(p), q);
    ptrdiff_t seen = judge_errors_seen(e, i, keys), sketched = judge_errors_sketched(e, i, keys);
    if (query_log2 == -INFINITY) return;
    for (ptrdiff_t c = 0; c < psw_point_width(p); c++) unit[c] = q[c] * exp2(-query_log2);
    for (ptrdiff_t j = 0; j < seen; j++) {
        double key_log2 = e->key_log2[j], both_log2 = 2 * p->beta * (query_log2 + key_log2);
        if (key_log2 == -INFINITY) continue;
        judge_errors_add(&e->theory_norm, weight, both_log2);
        if (j < sketched)
            judge_errors_add(&e->theory_square,
                             weight *
                                 expected_square(p, unit, e->k + (keys.held + j) * psw_point_width(p), exp2(-key_log2)),
                             both_log2);
    }
}

/* Of points that have a prediction. */
static bool predicted(const psw_point *p)
{
    return errors_of_power(p) && !isnan(psw_sketch_moments(p, 1, 1, 0).variance);
}

double judge_errors_theory_pairs(const psw_point *p)
{
    double n = (double)psw_data_keys(p), all = fmin(fmax(PAIRS, n), (double)psw_data_queries(p) * n);
    bool exact = psw_sketch_shape_of(p).r == 0;
    return !predicted(p) || exact ? 0 : p->mask == PSW_CAUSAL ? all / 2 : all;
}

psw_status judge_errors_theory_add(psw_errors *e)
{
    const psw_point *p = &e->point;
    if (!predicted(p) || e->shape.r == 0) return PSW_OK;
    choice c = choose(e);
    for (ptrdiff_t b = 0; b < e->blocks; b++) {
        judge_errors_part keys = judge_errors_keys(e, b);
        if (keys.count == 0) continue;
        PSW_TRY(psw_watch_ask(e->watch));
        for (ptrdiff_t j = 0; j < keys.count; j++)
            e->key_log2[j] = judge_errors_log2_norm(psw_point_width(p), e->k + (keys.held + j) * psw_point_width(p));
        for (ptrdiff_t i = 0; i < c.rows; i++) {
            ptrdiff_t row = spread(e, i, c.rows);
            if (row != c.special) add_row(e, row, c.weight * e->times[row], keys);
        }
        if (c.special >= 0) add_row(e, c.special, 1, keys);
    }
    return PSW_OK;
}

void judge_errors_theory_end(psw_errors *e)
{
    e->theory += judge_errors_ratio(e->theory_square, e->theory_norm);
}

double judge_errors_theory(const psw_errors *e)
{
    if (!predicted(&e->point)) return NAN;
    return e->shape.r == 0 ? 0 : sqrt(e->theory / e->loads);
}
