/* The degrees at which the exact probability of success crosses a level. It is a step function of the degree: each sign
 * vector fires from some degree on, or up to one. So intervals are halved: where what may fire and what surely does
 * bound the probability away from the level, nothing is crossed inside, however narrow a step is; the others come down
 * to two neighbouring numbers with the crossing between them. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "theory/closed_form.h"

static const double lowest = 0x1p-40, highest = 1024; /* degrees below the lowest are its own */

typedef struct search {
    const psw_point *p;
    bool known; /* false: the probability is not, or would take too long, or the watch ended it */
    psw_watch watch;
} search;

/* May success be at the level (up), or below it, at degrees of the span? */
static bool may_be(search *s, theory_span span, bool up)
{
    psw_firing may = theory_firing_within(s->p, span, 1, s->watch), sure = may;
    if (span.lo < span.hi) sure = theory_firing_within(s->p, span, 0, s->watch);
    double most = theory_success(sure.d0, fmax(may.either, sure.d0), s->p->m);
    double least = theory_success(may.d0, fmax(sure.either, may.d0), s->p->m);
    s->known = s->known && !isnan(most) && !isnan(least) && psw_watch_ask(s->watch) == PSW_OK;
    return up ? most >= s->p->level : least < s->p->level;
}

/* The first degree of the span at which success is at the level (up) or below it; +inf if there is none. */
static double first(search *s, theory_span span, bool up)
{
    if (!s->known || !may_be(s, span, up)) return INFINITY;
    double middle = span.lo + (span.hi - span.lo) / 2;
    if (middle <= span.lo || middle >= span.hi || span.hi <= lowest)
        return may_be(s, (theory_span){span.hi, span.hi}, up) ? span.hi : INFINITY;
    double at = first(s, (theory_span){span.lo, middle}, up);
    return at < INFINITY ? at : first(s, (theory_span){middle, span.hi}, up);
}

/* A search makes some hundreds of evaluations, but one is enough where the level is out of reach. */
static const double most_work = 0x1p25;

static psw_edges find(const psw_point *p, psw_watch watch)
{
    search s = {p, true, watch};
    theory_span all = {0, highest};
    psw_edges edges = {INFINITY, INFINITY};
    if (may_be(&s, all, true)) {
        s.known = s.known && theory_firing_work(p) <= most_work;
        edges.lo = first(&s, all, true);
        if (edges.lo < INFINITY) edges.hi = first(&s, (theory_span){edges.lo, highest}, false);
        if (edges.lo <= lowest) edges.lo = 0;
    }
    return s.known ? edges : (psw_edges){NAN, NAN};
}

/* ---- once for all degrees of a case ---- */

/* With match exp the offset follows the degree. */
theory_case theory_case_of(const psw_point *p)
{
    theory_case c;
    bool follows = p->match == PSW_MATCH_EXP;
    double shift = follows ? p->center : p->offset, scale = follows ? p->reference_scale : psw_point_scale(p);
    if (shift == 0 && !follows) scale = 1; /* cancels */
    memset(&c, 0, sizeof c);               /* compared byte by byte */
    const double values[] = {p->a_0, p->a_1, p->b, p->c, p->kappa, p->level, shift, scale};
    const ptrdiff_t counts[] = {p->n, p->d, p->m, p->mask == PSW_CAUSAL ? p->j3 : 0};
    memcpy(c.values, values, sizeof values);
    memcpy(c.counts, counts, sizeof counts);
    c.mask = (int)p->mask, c.match = (int)p->match;
    return c;
}

enum { REMEMBERED = 64 };

typedef struct edges_memory {
    theory_case known[REMEMBERED];
    psw_edges edges[REMEMBERED];
    int count, next;
} edges_memory;
static edges_memory memory;

psw_edges psw_theory_edges(const psw_point *point)
{
    return theory_edges(point, (psw_watch){0});
}

psw_edges theory_edges(const psw_point *point, psw_watch watch)
{
    psw_point p = *point;
    bool applies = theory_kernel_applies(&p) && theory_has_degrees(&p) && p.m > 0 && p.level > 0 && p.level < 1;
    if (!applies) return (psw_edges){NAN, NAN};
    p.method = psw_method_of_kernel(PSW_KERNEL_POWER); /* whose degrees a sketch has */
    theory_case c = theory_case_of(&p);
    for (int i = 0; i < memory.count; i++)
        if (memcmp(&memory.known[i], &c, sizeof c) == 0) return memory.edges[i];
    int place = memory.next;
    psw_edges found = find(&p, watch);
    if (psw_watch_ask(watch) != PSW_OK) return found;
    memory.known[place] = c;
    memory.edges[place] = found;
    memory.next = (place + 1) % REMEMBERED;
    if (memory.count < REMEMBERED) memory.count++;
    return memory.edges[place];
}
