/* Data that is scores already: one query, one row of weights f = u / sum u, u = z^beta, e^z or z. Values are the
 * identity, so the output is f. There are no products, so everything is in double; f is rounded at the end. */
#include <math.h>

#include "attend/scores.h"
#include "attend/transcend.h"

attend_scores attend_scores_lay(const psw_group *group, int sets, psw_arena *arena)
{
    ptrdiff_t n = group->points->n, pairs = group->count * sets;
    attend_scores s = {.group = group, .sets = sets};
    s.z = psw_arena_take(arena, sets * n, sizeof *s.z);
    s.log2_u = psw_arena_take(arena, n, sizeof *s.log2_u);
    s.rows = psw_arena_take(arena, pairs * n, sizeof *s.rows);
    s.mass = psw_arena_take(arena, pairs, sizeof *s.mass);
    s.log2_den = psw_arena_take(arena, pairs, sizeof *s.log2_den);
    return s;
}

void attend_scores_load(attend_scores *s, const psw_data *data)
{
    ptrdiff_t n = s->group->points->n;
    for (int set = 0; set < s->sets; set++) psw_data_rows(data, set, PSW_KEY, 0, n, s->z + set * n);
}

/* Scores are positive: what a power takes of them are their logarithms. Returns the largest. */
static double logarithms(const attend_scores *s, const double *z)
{
    const psw_point *p = s->group->points;
    bool exponential = psw_method_facts_of(p->method)->kernel == PSW_KERNEL_EXPONENTIAL;
    double peak = z[0];
    for (ptrdiff_t j = 0; j < p->n; j++) peak = fmax(peak, z[j]);
    for (ptrdiff_t j = 0; j < p->n; j++)
        s->log2_u[j] = exponential ? (z[j] - peak) * 1.4426950408889634 : attend_log2_any(z[j] / peak);
    return exponential ? peak * 1.4426950408889634 : attend_log2_any(peak);
}

/* Sums of 1024, then their sum: the error stays that of a few thousand terms. */
static double sum_of_powers(const attend_scores *s, double beta)
{
    double total = 0;
    for (ptrdiff_t first = 0; first < s->group->points->n; first += 1024) {
        ptrdiff_t next = first + 1024 < s->group->points->n ? first + 1024 : s->group->points->n;
        double part = 0;
        for (ptrdiff_t j = first; j < next; j++) part += attend_exp2_any(beta * s->log2_u[j]);
        total += part;
    }
    return total;
}

static void weigh(attend_scores *s, ptrdiff_t point, int set, double log2_peak)
{
    const psw_point *p = &s->group->points[point];
    ptrdiff_t pair = point * s->sets + set;
    double beta = psw_method_facts_of(p->method)->has_degree ? p->beta : 1;
    double den = sum_of_powers(s, beta) + p->den_constant * attend_exp2_any(-beta * log2_peak);
    psw_real *row = s->rows + pair * p->n;
    for (ptrdiff_t j = 0; j < p->n; j++) row[j] = (psw_real)(attend_exp2_any(beta * s->log2_u[j]) / den);
    s->mass[pair] = attend_exp2_any(beta * s->log2_u[p->j3]) / den;
    s->log2_den[pair] = attend_log2_any(den) + beta * log2_peak;
}

psw_status attend_scores_pass(attend_scores *s, psw_leaf_sink sink, void *context)
{
    const psw_point *p = s->group->points;
    for (int set = 0; set < s->sets; set++) {
        double log2_peak = logarithms(s, s->z + set * p->n);
        for (ptrdiff_t point = 0; point < s->group->count; point++) weigh(s, point, set, log2_peak);
    }
    psw_leaf leaf = {p->j3, 1, 0, s->group->count, s->sets, p->n, s->rows, s->mass, s->log2_den};
    return sink(context, &leaf);
}
