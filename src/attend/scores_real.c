/* Data that are scores: one query, one row of weights f = u / sum u, u = z^beta, e^z or z; of negative scores what the
 * point says. Values are the identity, so the output is f. There are no products, so everything is in double; f is
 * rounded at the end. Of a narrower format (polysweep/narrow.h) is u over the largest, but not the sum. The first rank
 * of a team has all of it. */
#include <math.h>

#include "attend/scores.h"
#include "polysweep/transcend.h"
#include "attend/work.h"

static bool is_exponential(const psw_point *p)
{
    return psw_method_facts_of(p->method)->kernel == PSW_KERNEL_EXPONENTIAL;
}

static double degree_of(const psw_point *p)
{
    return psw_method_facts_of(p->method)->has_degree ? p->beta : 1;
}

/* What is raised to a power, or the exponent. */
static double base_of(const psw_point *p, double z)
{
    if (is_exponential(p)) return z;
    return p->negative == PSW_NEGATIVE_RELU ? fmax(z, 0) : fabs(z);
}

/* Powers are made of logarithms. Returns log2 of the largest weight at degree 1. */
static double logarithms(const attend_scores *s, const double *z)
{
    const psw_point *p = s->base.p;
    bool exponential = is_exponential(p);
    double peak = base_of(p, z[0]);
    for (ptrdiff_t j = 0; j < p->n; j++) peak = fmax(peak, base_of(p, z[j]));
    for (ptrdiff_t j = 0; j < p->n; j++)
        s->log2_u[j] = exponential ? (z[j] - peak) * 1.4426950408889634 : psw_log2_any(base_of(p, z[j]) / peak);
    if (exponential) return peak * 1.4426950408889634;
    for (ptrdiff_t j = 0; j < p->n && peak == 0; j++) s->log2_u[j] = -INFINITY;
    return peak > 0 ? psw_log2_any(peak) : 0;
}

/* The sign of a weight z^beta of a negative score, 0 where it has none. */
static double sign_below(const psw_point *p)
{
    if (is_exponential(p)) return 1;
    if (p->negative == PSW_NEGATIVE_RELU) return 0;
    return p->negative == PSW_NEGATIVE_ABS || fmod(degree_of(p), 2) == 0 ? 1 : -1;
}

static double weight_of(const attend_scores *s, const psw_point *p, const double *z, ptrdiff_t j)
{
    double u = psw_exp2_any(degree_of(p) * s->log2_u[j]);
    return z[j] < 0 ? sign_below(p) * u : u;
}

/* Sums of 1024, then their sum: the error stays that of a few thousand terms. */
static double sum_of_weights(const attend_scores *s, const psw_point *p, const double *z)
{
    double total = 0;
    for (ptrdiff_t first = 0; first < s->base.p->n; first += 1024) {
        ptrdiff_t next = first + 1024 < s->base.p->n ? first + 1024 : s->base.p->n;
        double part = 0;
        for (ptrdiff_t j = first; j < next; j++) part += weight_of(s, p, z, j);
        total += part;
    }
    return total;
}

/* Key j's weight over the largest, as the product with its value takes it. */
static double rounded_weight(const attend_scores *s, const psw_point *p, const double *z, ptrdiff_t j)
{
    double weight = weight_of(s, p, z, j);
    if (s->base.narrow) psw_narrow_doubles(s->base.narrow, &weight, 1);
    return weight;
}

static void weigh(attend_scores *s, ptrdiff_t point, int set, double log2_peak)
{
    const psw_point *p = &s->base.group->points[point];
    ptrdiff_t pair = point * s->base.sets + set;
    const double *z = s->z + set * p->n;
    double beta = degree_of(p);
    double den = sum_of_weights(s, p, z) + p->den_constant * psw_exp2_any(-beta * log2_peak);
    bool empty = den == 0;
    psw_real *row = s->base.out + pair * p->n;
    for (ptrdiff_t j = 0; j < p->n; j++) row[j] = (psw_real)(empty ? 0 : rounded_weight(s, p, z, j) / den);
    s->base.mass[pair] = empty ? 0 : rounded_weight(s, p, z, p->j3) / den;
    s->base.log2_den[pair] = psw_log2_any(den) + beta * log2_peak;
}

/* ---- the table of the kind ---- */

static psw_status lay(psw_attention *a, const psw_given *given, psw_arena *arena)
{
    attend_scores *s = (attend_scores *)a;
    ptrdiff_t n = a->p->n, pairs = a->group->count * a->sets;
    (void)given;
    if (a->route.rank > 0) return PSW_OK;
    s->z = psw_arena_take(arena, a->sets * n, sizeof *s->z);
    s->log2_u = psw_arena_take(arena, n, sizeof *s->log2_u);
    a->out = attend_reals(arena, pairs * n);
    a->mass = psw_arena_take(arena, pairs, sizeof *a->mass);
    a->log2_den = psw_arena_take(arena, pairs, sizeof *a->log2_den);
    return psw_arena_check(arena);
}

/* offset + scale z */
static void affine_scores(const psw_point *p, const psw_given *given, int set, double *z)
{
    double scale = psw_point_scale(p);
    psw_data_rows(given->data, set, PSW_KEY, 0, p->n, z);
    for (ptrdiff_t j = 0; j < p->n; j++) z[j] = p->offset + scale * z[j];
}

/* PSW_USAGE where one has no weight under `negative: refuse`. */
static psw_status check_smallest(const attend_scores *s)
{
    const psw_point *p = s->base.p;
    bool looks = false;
    ptrdiff_t least = 0;
    for (ptrdiff_t j = 0; j < s->base.sets * p->n; j++) least = s->z[j] < s->z[least] ? j : least;
    for (ptrdiff_t i = 0; i < s->base.group->count; i++)
        looks = looks || attend_refusal_of(&s->base.group->points[i]) == ATTEND_LOOKED_AT;
    if (!looks || s->z[least] >= 0) return PSW_OK;
    return PSW_FAIL(PSW_USAGE,
                    "the smallest score is z = %g (key %td, data set %d): its weight would be negative or undefined; "
                    "take an offset larger by %g, or say negative: signed (keeps the sign), abs or relu",
                    s->z[least], least % p->n, (int)(least / p->n), -s->z[least]);
}

static psw_status load(psw_attention *a, const psw_given *given)
{
    attend_scores *s = (attend_scores *)a;
    ptrdiff_t n = a->p->n;
    for (int set = 0; a->route.rank == 0 && set < a->sets; set++) affine_scores(a->p, given, set, s->z + set * n);
    return a->route.rank == 0 ? check_smallest(s) : PSW_OK;
}

/* One leaf with one row, which stands at j3: the key whose mass is reported. */
static psw_status pass(psw_attention *a, psw_watch watch, psw_leaf_sink sink, void *context)
{
    attend_scores *s = (attend_scores *)a;
    const psw_point *p = a->p;
    if (a->route.rank > 0) return PSW_OK;
    for (int set = 0; set < a->sets; set++) {
        double log2_peak = logarithms(s, s->z + set * p->n);
        for (ptrdiff_t point = 0; point < a->group->count; point++) {
            PSW_TRY(psw_watch_ask(watch));
            weigh(s, point, set, log2_peak);
        }
    }
    psw_leaf leaf = {p->j3, 1, 0, a->group->count, a->sets, p->n, a->out, a->mass, a->log2_den};
    return sink(context, &leaf);
}

static psw_message_bytes message_bytes(const psw_group *group, int sets)
{
    (void)group, (void)sets;
    return (psw_message_bytes){0};
}

static double done_flops(const psw_group *group, int sets)
{
    return attend_scores_flops(group->points) * (double)group->count * sets;
}

const attend_kind attend_scores_kind = {.bytes = sizeof(attend_scores),
                                        .lay = lay,
                                        .load = load,
                                        .pass = pass,
                                        .message_bytes = message_bytes,
                                        .done_flops = done_flops};
