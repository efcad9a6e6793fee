#include <math.h>

#include "theory/closed_form.h"

theory_limits theory_limits_of(const psw_point *p, int set)
{
    theory_limits l = {.a = set ? p->a_1 : p->a_0, .b = p->b};
    for (int s = 0; s < THEORY_STATES; s++) {
        double c = theory_sign(s, 2) > 0 ? 0 : -p->c;
        double terms[] = {theory_sign(s, 1) * p->b, c, c, -p->kappa, theory_sign(s, 0) * l.a};
        l.own[s >> 1 & 1][s >> 2] = theory_sum(terms, 4);
        l.special[s] = theory_sum(terms, 5);
    }
    return l;
}

theory_weights theory_weights_of(const psw_point *p, int set, theory_span span)
{
    theory_kernel k = theory_kernel_of(p, set ? p->a_1 : p->a_0);
    bool degrees = psw_method_facts_of(p->method)->kernel == PSW_KERNEL_POWER;
    theory_logs most = theory_logs_at(&k, degrees ? span.hi : 1), least = theory_logs_at(&k, degrees ? span.lo : 1);
    double others = k.others ? 1 : 0;
    return (theory_weights){{exp(-most.special), exp(-least.special)},
                            {others * exp(-most.both), others * exp(-least.both)},
                            {others * exp(-most.own), others * exp(-least.own)}};
}

/* ---- mask full ----
 * The distinct rows of a data set: j3, the rest of its class, rows of a class with sign +1, of one with sign -1. Their
 * pre-activations depend on (w_1, w_k, w_d) and on how many of the other classes have sign -1; the largest of them
 * falls with that number, so there is a first one at which nothing fires. */

typedef struct set_rows {
    theory_limits limits;
    theory_weights weights;
    double t, classes;
    int side;
} set_rows;

static bool special_fires(const set_rows *r, int s, double minus)
{
    double sign = theory_sign(s, 1), keys = r->t * (sign > 0 ? minus : r->classes - minus);
    theory_form form = theory_special_form(r->limits.special[s], r->limits.own[s >> 1 & 1][s >> 2], r->t - 1,
                                           r->t * r->classes, 2 * r->limits.b * sign * keys);
    return theory_positive(form, r->weights.e, r->weights.eh, r->side);
}

/* A row of class sign `sign` (0: -1, 1: +1) that has j3 among its own class, or among the others; `classes` have the
 * other sign. */
static bool ordinary_fires(const set_rows *r, int s, int sign, bool same, double classes)
{
    double leak = theory_sign(s, 0) * r->limits.a, against = 2 * r->limits.b * (sign ? 1 : -1) * r->t * classes;
    theory_form form = theory_ordinary_form(r->limits.own[sign][s >> 2], r->t, same ? leak : 0, r->t * r->classes,
                                            same ? 0 : leak, against);
    return theory_positive(form, r->weights.e, r->weights.h, r->side);
}

static bool fires(const set_rows *r, int s, double minus)
{
    double plus = r->classes - minus;
    int k = s >> 1 & 1;
    if (special_fires(r, s, minus)) return true;
    if (r->t > 1 && ordinary_fires(r, s, k, true, k ? minus : plus)) return true;
    if (plus > 0 && ordinary_fires(r, s, 1, false, minus + (k ? 0 : 1))) return true;
    return minus > 0 && ordinary_fires(r, s, 0, false, plus + (k ? 1 : 0));
}

/* The least number of -1 with which state s does not fire. */
static double first_silent(const set_rows *r, int s)
{
    double lo = 0, hi = r->classes + 1;
    while (lo < hi) {
        double mid = floor((lo + hi) / 2);
        if (fires(r, s, mid))
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

typedef struct tally {
    double silent[3][THEORY_STATES]; /* D_0, D_1, either */
    double weight, fired[3];
} tally;

static void add(tally *t, double minus, double weight)
{
    t->weight += weight;
    for (int set = 0; set < 3; set++) {
        int count = 0;
        for (int s = 0; s < THEORY_STATES; s++) count += minus < t->silent[set][s];
        t->fired[set] += weight * count;
    }
}

/* Binomial(classes, 1/2) from its mode outwards, as multiples of the weight there: nothing under- or overflows, and
 * far tails (below 1e-300 of the mode) end the sum after O(sqrt(d)) states. */
static psw_firing sum_states(tally *t, double classes)
{
    double mode = floor(classes / 2), weight = 1;
    for (double minus = mode; minus <= classes && weight > 1e-300; minus++) {
        add(t, minus, weight);
        weight *= (classes - minus) / (minus + 1);
    }
    weight = 1;
    for (double minus = mode; minus > 0 && weight > 1e-300; minus--) {
        weight *= minus / (classes - minus + 1);
        add(t, minus - 1, weight);
    }
    double all = THEORY_STATES * t->weight;
    return (psw_firing){t->fired[0] / all, t->fired[1] / all, t->fired[2] / all};
}

static psw_firing firing_full(const psw_point *p, theory_span span, int side)
{
    tally t = {.weight = 0};
    for (int set = 0; set < 2; set++) {
        set_rows rows = {theory_limits_of(p, set), theory_weights_of(p, set, span), (double)(p->n / (p->d - 2)),
                         (double)(p->d - 3), side};
        for (int s = 0; s < THEORY_STATES; s++) {
            t.silent[set][s] = first_silent(&rows, s);
            t.silent[2][s] = fmax(t.silent[2][s], t.silent[set][s]);
        }
    }
    return sum_states(&t, (double)(p->d - 3));
}

psw_firing theory_firing_within(const psw_point *p, theory_span span, int side, psw_watch watch)
{
    return p->mask == PSW_CAUSAL ? theory_firing_causal(p, span, side, watch) : firing_full(p, span, side);
}

double theory_firing_work(const psw_point *p)
{
    return p->mask == PSW_CAUSAL ? theory_causal_work(p) : 30 * (double)p->d + 10000;
}

psw_firing theory_firing(const psw_point *point, psw_watch watch)
{
    psw_point at = *point;
    if (!psw_theory_applies(point)) return (psw_firing){NAN, NAN, NAN};
    at.match = PSW_MATCH_NONE; /* at its own scale and offset, whatever set them */
    return theory_firing_within(&at, (theory_span){at.beta, at.beta}, 1, watch);
}

psw_firing psw_theory_firing(const psw_point *point)
{
    return theory_firing(point, (psw_watch){0});
}

double theory_any(double p, ptrdiff_t m)
{
    return -expm1((double)m * log1p(-p));
}

/* (1-p0)^m - (1-p01)^m = (1-p0)^m (1 - (1-x)^m),  x = (p01 - p0) / (1 - p0) */
double theory_success(double d0, double either, ptrdiff_t m)
{
    if (isnan(d0)) return NAN;
    if (d0 >= 1) return 0;
    return (1 - theory_any(d0, m)) * theory_any(fmin((either - d0) / (1 - d0), 1), m);
}
