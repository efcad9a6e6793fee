/* Data that are scores: one query, one row of weights f = u / sum u, u = z^beta, e^z or z. Values are the identity, so
 * the output is f. There are no products, so everything is in double; f is rounded at the end. The first rank of a team
 * has all of it. */
#include <math.h>

#include "attend/scores.h"
#include "polysweep/transcend.h"
#include "attend/work.h"

/* Scores are positive, so powers are made of logarithms. Returns log2 of the largest weight at degree 1. */
static double logarithms(const attend_scores *s, const double *z)
{
    const psw_point *p = s->base.p;
    bool exponential = psw_method_facts_of(p->method)->kernel == PSW_KERNEL_EXPONENTIAL;
    double peak = z[0];
    for (ptrdiff_t j = 0; j < p->n; j++) peak = fmax(peak, z[j]);
    for (ptrdiff_t j = 0; j < p->n; j++)
        s->log2_u[j] = exponential ? (z[j] - peak) * 1.4426950408889634 : psw_log2_any(z[j] / peak);
    return exponential ? peak * 1.4426950408889634 : psw_log2_any(peak);
}

/* Sums of 1024, then their sum: the error stays that of a few thousand terms. */
static double sum_of_powers(const attend_scores *s, double beta)
{
    double total = 0;
    for (ptrdiff_t first = 0; first < s->base.p->n; first += 1024) {
        ptrdiff_t next = first + 1024 < s->base.p->n ? first + 1024 : s->base.p->n;
        double part = 0;
        for (ptrdiff_t j = first; j < next; j++) part += psw_exp2_any(beta * s->log2_u[j]);
        total += part;
    }
    return total;
}

static void weigh(attend_scores *s, ptrdiff_t point, int set, double log2_peak)
{
    const psw_point *p = &s->base.group->points[point];
    ptrdiff_t pair = point * s->base.sets + set;
    double beta = psw_method_facts_of(p->method)->has_degree ? p->beta : 1;
    double den = sum_of_powers(s, beta) + p->den_constant * psw_exp2_any(-beta * log2_peak);
    psw_real *row = s->base.out + pair * p->n;
    for (ptrdiff_t j = 0; j < p->n; j++) row[j] = (psw_real)(psw_exp2_any(beta * s->log2_u[j]) / den);
    s->base.mass[pair] = psw_exp2_any(beta * s->log2_u[p->j3]) / den;
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

static psw_status load(psw_attention *a, const psw_given *given)
{
    attend_scores *s = (attend_scores *)a;
    ptrdiff_t n = a->p->n;
    for (int set = 0; a->route.rank == 0 && set < a->sets; set++) affine_scores(a->p, given, set, s->z + set * n);
    return PSW_OK;
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
